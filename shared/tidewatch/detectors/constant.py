"""The model of a history that never changed, for whoever asks to have it learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import numpy as np

from tidewatch.calibration.conformal import severity_of
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Json, Scores
from tidewatch.series import TimeSeries

_LARGEST: Final = float(np.finfo(np.float64).max)


class ConstantModel:
    """Calls every other value an anomaly, whichever detector was asked for.

    Of n equal values and a new one that differs, the new one is the most unusual of n + 1: its p-value is 1 / (n + 1),
    the smallest conformal p-value that so long a history supports. The score is the difference from the known value.
    Options such as a side, a threshold or a false alarm rate do not matter: there is no noise to measure them by.
    """

    period: int | None = None

    def __init__(self, options: DetectorOptions, value: float, points: int) -> None:
        """Takes the options, the value, and how many times it was there."""
        self._options, self._value, self._points = options, value, points

    @property
    def options(self) -> DetectorOptions:
        """The options of the fit."""
        return self._options

    def score(self, series: TimeSeries, context: TimeSeries | None = None, deadline: Deadline = NEVER) -> Scores:
        """Judges each point by its value alone."""
        values = series.values
        changed = values != self._value
        with np.errstate(over="ignore"):
            difference = np.clip(values - self._value, -_LARGEST, _LARGEST)
        evidence = np.where(changed, np.log10(self._points + 1.0), 0.0)
        known = np.full(values.shape, self._value)
        return Scores(
            anomaly=changed,
            score=difference,
            p_value=np.power(10.0, -evidence),
            severity=severity_of(evidence),
            expected=known,
            lower=known,
            upper=known,
            direction=np.sign(difference).astype(np.int8),
            warming_up=np.zeros(values.shape, dtype=np.bool_),
        )

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges each point by its value alone."""
        return self.score(series)

    def follow(self, state: Arrays | None = None) -> Self:
        """It follows by itself: nothing changes what it knows."""
        return self

    def judge(self, points: TimeSeries, deadline: Deadline = NEVER) -> tuple[Scores, Self]:
        """Judges each point by its value alone."""
        return self.score(points), self

    def state(self) -> Arrays:
        """None."""
        return {}

    def parameters(self) -> Mapping[str, Json]:
        """The value and the length of the history."""
        return {"constant": {"value": self._value, "points": self._points}}

    def arrays(self) -> Arrays:
        """None."""
        return {}

    def preprocessing(self) -> Mapping[str, Json]:
        """Nothing is done."""
        return {"features": ["value"], "scaling": "none", "fill": "none"}

    def learned(self) -> Mapping[str, float | None]:
        """The value."""
        return {"value": self._value}

    @classmethod
    def restore(cls, options: DetectorOptions, parameters: Mapping[str, Json]) -> Self:
        """Builds the model that gave these parameters."""
        constant = parameters["constant"]
        return cls(options, float(constant["value"]), int(constant["points"]))
