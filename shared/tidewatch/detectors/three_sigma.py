"""The three-sigma rule: a value is unusual when it is more than three standard deviations from the mean.

Source: W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931), part VI, three-sigma limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.moments import ExactMoments, Moments
from tidewatch.detectors.protocol import DetectorOptions, Json, Scores
from tidewatch.series import TimeSeries

Side = Literal["upper", "lower", "both"]

_LARGEST: Final = float(np.finfo(np.float64).max)


class ThreeSigmaOptions(DetectorOptions):
    """Mean plus or minus a number of standard deviations, over the whole training series."""

    name: Literal["three_sigma"] = "three_sigma"
    sigmas: Annotated[
        float, Field(gt=0, le=1000, description="How many standard deviations from the mean the limit lies.")
    ] = 3.0
    side: Annotated[Side, Field(description="Which side of the band counts as unusual.")] = "upper"


class ThreeSigmaModel:
    """Limits at ``mean ± sigmas * std``; a point is an anomaly strictly outside, on the chosen side.

    The score is the signed z-score, ``(value - mean) / std``, held to the largest double.
    """

    def __init__(self, options: ThreeSigmaOptions, moments: Moments, lower: float, upper: float) -> None:
        # Infinity stands for a limit beyond the range of a double, or on a side that is not watched: no double is past
        # it, so the decision holds.
        self._options = options
        self._moments = moments
        self._lower = lower
        self._upper = upper

    @property
    def options(self) -> ThreeSigmaOptions:
        """The options that it was fitted with."""
        return self._options

    def score(self, series: TimeSeries) -> Scores:
        """Judges every point by the limits."""
        values = series.values
        return Scores(
            anomaly=(values > self._upper) | (values < self._lower),
            score=np.clip(self._moments.standardise(values), -_LARGEST, _LARGEST),
            expected=np.full(values.shape, self._moments.mean),
            lower=np.full(values.shape, self._lower if np.isfinite(self._lower) else np.nan),
            upper=np.full(values.shape, self._upper if np.isfinite(self._upper) else np.nan),
        )

    def parameters(self) -> Mapping[str, Json]:
        """Moments and limits; a limit that is infinite is null."""
        return self._moments.to_json() | self._limits()

    def learned(self) -> Mapping[str, float | None]:
        """Mean, standard deviation and limits, in the unit of the series."""
        return {"mean": self._moments.mean, "std": self._moments.std} | self._limits()

    def _limits(self) -> dict[str, float | None]:
        return {
            "lower": self._lower if np.isfinite(self._lower) else None,
            "upper": self._upper if np.isfinite(self._upper) else None,
        }


class _ThreeSigma:
    options_type = ThreeSigmaOptions

    def fit(self, series: TimeSeries, options: DetectorOptions) -> ThreeSigmaModel:
        chosen = ThreeSigmaOptions.model_validate(options.model_dump())
        exact = ExactMoments.of(series.values)
        upper = exact.highest_within(chosen.sigmas) if chosen.side != "lower" else np.inf
        lower = -exact.mirrored().highest_within(chosen.sigmas) if chosen.side != "upper" else -np.inf
        return ThreeSigmaModel(chosen, Moments.of(exact), lower, upper)

    def restore(self, options: Mapping[str, Json], parameters: Mapping[str, Json]) -> ThreeSigmaModel:
        lower, upper = parameters["lower"], parameters["upper"]
        return ThreeSigmaModel(
            ThreeSigmaOptions.model_validate(options),
            Moments.from_json(parameters),
            -np.inf if lower is None else float(lower),
            np.inf if upper is None else float(upper),
        )


DETECTOR: Final = _ThreeSigma()
