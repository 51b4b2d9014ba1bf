"""The three-sigma rule: a value is unusual when it is more than three standard deviations from the mean.

Source: W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931), part VI, three-sigma limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.moments import Moments
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

    def __init__(self, options: ThreeSigmaOptions, moments: Moments) -> None:
        self._options = options
        self._moments = moments
        # Infinity stands for a limit beyond the range of a double: no double is past it, so the decision holds.
        self._upper = moments.at(options.sigmas) if options.side != "lower" else np.inf
        self._lower = moments.at(-options.sigmas) if options.side != "upper" else -np.inf

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
            lower=np.full(values.shape, _or_nan(self._lower)),
            upper=np.full(values.shape, _or_nan(self._upper)),
        )

    def parameters(self) -> Mapping[str, Json]:
        """The scaled moments, from which the limits follow."""
        return self._moments.to_json()

    def learned(self) -> Mapping[str, float | None]:
        """Mean, standard deviation and limits, in the unit of the series."""
        return {
            "mean": self._moments.mean,
            "std": self._moments.std,
            "lower": self._lower if np.isfinite(self._lower) else None,
            "upper": self._upper if np.isfinite(self._upper) else None,
        }


class _ThreeSigma:
    options_type = ThreeSigmaOptions

    def fit(self, series: TimeSeries, options: DetectorOptions) -> ThreeSigmaModel:
        return ThreeSigmaModel(ThreeSigmaOptions.model_validate(options.model_dump()), Moments.of(series.values))

    def restore(self, options: Mapping[str, Json], parameters: Mapping[str, Json]) -> ThreeSigmaModel:
        return ThreeSigmaModel(ThreeSigmaOptions.model_validate(options), Moments.from_json(parameters))


DETECTOR: Final = _ThreeSigma()


def _or_nan(limit: float) -> float:
    return limit if np.isfinite(limit) else float("nan")
