"""How rows become what a detector learns from: filled, scaled, smoothed, with the calendar and with earlier rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from tidewatch.detectors.base import Arrays, DetectorOptions, Floats
from tidewatch.detectors.learned.row_detector import Seed
from tidewatch.detectors.multivariate.filling import correlations, held, judged_without
from tidewatch.detectors.multivariate.scaling import CalendarFeature, Scaling, calendar_columns
from tidewatch.series import Frame


def _odd(window: int) -> int:
    if window % 2 == 0:
        raise ValueError("must be odd, so that a median is one of the values")
    return window


def _distinct(features: list[CalendarFeature]) -> list[CalendarFeature]:
    if len(set(features)) < len(features):
        raise ValueError("names a feature twice")
    return features


class RowsOptions(DetectorOptions):
    """What the options of all detectors of rows have in common."""

    false_alarm_rate: Annotated[
        float,
        Field(gt=0, le=0.5, description="Share of usual rows that may be called anomalies."),
    ] = 0.001
    missing: Annotated[
        Literal["refuse", "hold", "skip"],
        Field(
            description="What to do with a value that is null: refuse the request, hold the last known value of the "
            "variable, or skip the variable and judge the row by the others.",
        ),
    ] = "refuse"
    calendar: Annotated[
        list[CalendarFeature],
        AfterValidator(_distinct),
        Field(
            default_factory=list,
            max_length=2,
            description="What of the time of the series' zone is judged like a variable.",
        ),
    ]
    median_window: Annotated[
        int,
        AfterValidator(_odd),
        Field(
            ge=1,
            le=15,
            description="Against flicker: each value becomes the median of so many last ones of its variable, itself "
            "included. Odd; 1 takes values as they are.",
        ),
    ] = 1
    seed: Seed = 0


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Rows as a learner takes them.

    Attributes:
        rows: float64, shape (n - lookback, columns): scaled variables, calendar, then the variables of earlier rows.
        missing: bool, shape (n - lookback, k), which of the k variables were missing and are not judged.
    """

    rows: Floats
    missing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """What was learned of k variables to prepare their rows.

    Attributes:
        names: of the variables.
        options: of the detector.
        cyclic: whether the calendar comes as places on a circle.
        lags: how many earlier rows each row brings along.
        scaling: of the variables.
        together: their correlations, shape (k, k), where missing values are skipped; empty otherwise.
    """

    names: tuple[str, ...]
    options: RowsOptions
    cyclic: bool
    lags: int
    scaling: Scaling
    together: Floats

    @classmethod
    def of(cls, frame: Frame, options: RowsOptions, *, cyclic: bool, lags: int) -> Preparation:
        """Learns from a frame without constant variables."""
        scaling = Scaling.of(frame.values)
        together = np.empty((0, 0))
        if options.missing == "skip":
            together = correlations(scaling.scale_values(frame.values))
        return cls(frame.names, options, cyclic, lags, scaling, together)

    @property
    def lookback(self) -> int:
        """How many rows before a row its judgement looks at."""
        return self.lags + self.options.median_window - 1

    @property
    def remembered(self) -> int:
        """How many of the last training rows a model keeps: also one to hold missing values by."""
        return max(self.lookback, 1 if self.options.missing == "hold" else 0)

    @property
    def columns(self) -> tuple[str, ...]:
        """The variable, or the feature of the calendar, that each column of a row without earlier rows belongs to."""
        per_feature = 2 if self.cyclic else 1
        return self.names + tuple(name for name in self.options.calendar for _ in range(per_feature))

    def filled(self, frame: Frame) -> Frame:
        """The frame with missing values held, where the options say so."""
        if self.options.missing != "hold":
            return frame
        return Frame(frame.timestamps, held(frame.values), frame.names)

    def prepare(self, frame: Frame) -> Prepared:
        """The rows of all but the first ``lookback`` of a frame of the same variables, which has more."""
        scaled = self.scaling.scale_values(self.filled(frame).values)
        window = self.options.median_window
        if window > 1:
            scaled = _medians(scaled, window)
        missing = np.isnan(scaled)
        if missing.any():
            # Before the first known value there is nothing to hold: what is usual stands in.
            scaled = judged_without(scaled, missing, self.together) if self.together.size else np.nan_to_num(scaled)
        now = scaled[self.lags :]
        parts = [now]
        if self.options.calendar:
            times = frame.timestamps[self.lookback :]
            parts.append(calendar_columns(times, tuple(self.options.calendar), cyclic=self.cyclic))
        parts += [scaled[self.lags - lag : len(scaled) - lag] for lag in range(1, self.lags + 1)]
        return Prepared(np.concatenate(parts, axis=1) if len(parts) > 1 else now, missing[self.lags :])

    def arrays(self) -> Arrays:
        """The learned numbers."""
        arrays = dict(self.scaling.arrays())
        return arrays | ({"together": self.together} if self.together.size else {})

    @classmethod
    def from_arrays(
        cls, names: tuple[str, ...], options: RowsOptions, arrays: Mapping[str, Any], *, cyclic: bool, lags: int
    ) -> Preparation:
        """The preparation that gave these arrays."""
        return cls(names, options, cyclic, lags, Scaling.from_arrays(arrays), arrays.get("together", np.empty((0, 0))))


def _medians(scaled: Floats, window: int) -> Floats:
    """The median of each value and those just before it, shape (n - window + 1, k), of those that are known."""
    windows = sliding_window_view(scaled, window, axis=0)
    if not np.isnan(scaled).any():
        medians: Floats = np.median(windows, axis=-1)
        return medians
    ordered = np.sort(windows, axis=-1)
    known = np.count_nonzero(~np.isnan(ordered), axis=-1)
    # NaN sorts last: the middle of those that are known, the lower one of two; NaN where none is.
    middle = np.maximum(known - 1, 0) // 2
    found: Floats = np.take_along_axis(ordered, middle[..., None], axis=-1)[..., 0]
    return found
