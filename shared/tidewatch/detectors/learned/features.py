"""What the learners over rolling features see of a point: its value, its recent past, and its time.

The value, mean and standard deviation over a short and a long trailing window, which include the point, and the first
difference; also the hour of the day and the day of the week, by the clock of the series, each as a place on a circle.

The calendar counts only where the training data cover enough of it: hours from three days on, weekdays from three weeks
on. With less, every new hour would be a novelty by itself, and make an anomaly of a usual point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.detectors.base import CannotTrain, DetectorOptions, Floats
from tidewatch.detectors.learned.cross_fitting import CrossFit, L
from tidewatch.detectors.learned.row_detector import RowDetector, Seed
from tidewatch.detectors.windows import trailing_moments
from tidewatch.series import TimeSeries

_HOUR: Final = 3_600
_DAY: Final = 86_400
_DAYS_FOR_HOURS: Final = 3
_DAYS_FOR_WEEKDAYS: Final = 21
_EDGE: Final = 5.0
"""Percent of the training points beyond either end of what a spread is taken from."""
_NORMAL_WIDTH: Final = 3.2897
"""Standard deviations between those ends where values are normal."""
_LEAST: Final = 1e-9
"""The least spread of a feature, in spreads of the values."""
_FARTHEST: Final = 1e6
"""Spreads from the centre beyond which a feature counts as equally far."""


def _circle(places: int) -> Floats:
    """Sine and cosine of each place, shape (places, 2): a table, so that each has one value whoever asks."""
    angles = [2.0 * math.pi * place / places for place in range(places)]
    return np.array([(math.sin(angle), math.cos(angle)) for angle in angles])


_NAMES: Final = ("value", "short_mean", "short_std", "long_mean", "long_std", "difference")
_HOURS: Final = _circle(24)
_WEEKDAYS: Final = _circle(7)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """How points become rows of features, in spreads of the training data.

    Attributes:
        short, long: lengths of the windows, in points.
        hours, weekdays: whether the calendar counts.
        centre, spread: float64, shape (6,): of the features that are not the calendar's, in training.
    """

    short: int
    long: int
    hours: bool
    weekdays: bool
    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, series: TimeSeries, short: int, long: int) -> Features:
        """Learns centres and spreads from a series of at least ``long`` points, values in units."""
        step = (series.end - series.start) / (len(series) - 1)
        span = step * len(series)
        hours = span >= _DAYS_FOR_HOURS * _DAY and step < _DAY / 2
        weekdays = span >= _DAYS_FOR_WEEKDAYS * _DAY and step < 7 * _DAY / 2
        raw = _raw(series.values, short, long)
        low, centre, high = np.percentile(raw, (_EDGE, 50.0, 100.0 - _EDGE), axis=0)
        spread = (high - low) / _NORMAL_WIDTH
        # A feature that hardly ever changes has no such width: then by how much it does, on average.
        spread = np.where(spread > 0.0, spread, np.abs(raw - centre).mean(axis=0))
        spread = np.where(spread > 0.0, spread, 1.0)
        # What is constant but for rounding, such as the mean over whole periods, is not measured by its rounding.
        spread = np.maximum(spread, _LEAST * spread[0])
        return cls(short, long, bool(hours), bool(weekdays), centre, spread)

    @property
    def lookback(self) -> int:
        """Points before a point that its features are made of."""
        return self.long - 1

    @property
    def season(self) -> None:
        """Not looked for."""
        return

    @property
    def names(self) -> list[str]:
        """The features, in the order of a row."""
        hours = ["hour_sin", "hour_cos"] if self.hours else []
        return [*_NAMES, *hours, *(["weekday_sin", "weekday_cos"] if self.weekdays else [])]

    @property
    def size(self) -> int:
        """How many features there are."""
        return int(self.centre.size) + 2 * (self.hours + self.weekdays)

    def rows(self, points: TimeSeries) -> tuple[Floats, NDArray[np.int8]]:
        """The features of each point but the first ``lookback``, and on which side of its long window's mean it is.

        Returns:
            Float64, shape (n - lookback, size), each within a million spreads of its centre; int8, shape
            (n - lookback,), 1 where the point is above its mean, -1 where it is below.
        """
        raw = _raw(points.values, self.short, self.long)
        rows = np.empty((len(raw), self.size))
        with np.errstate(over="ignore"):
            rows[:, : self.centre.size] = np.clip((raw - self.centre) / self.spread, -_FARTHEST, _FARTHEST)
        column = self.centre.size
        times = points.timestamps[self.lookback :]
        if self.hours:
            rows[:, column : column + 2] = _HOURS[times % _DAY // _HOUR]
            column += 2
        if self.weekdays:
            # The first day of Unix time was a Thursday.
            rows[:, column:] = _WEEKDAYS[(times // _DAY + 3) % 7]
        return rows, np.sign(raw[:, 0] - raw[:, 3]).astype(np.int8)

    def facts(self) -> dict[str, float]:
        """None: what was learned are scales."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` takes it."""
        return {
            "short": self.short,
            "long": self.long,
            "hours": self.hours,
            "weekdays": self.weekdays,
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Features:
        """The features that gave this."""
        centre, spread = (np.array(parts[name], dtype=np.float64) for name in ("centre", "spread"))
        return cls(int(parts["short"]), int(parts["long"]), parts["hours"], parts["weekdays"], centre, spread)


def _raw(values: Floats, short: int, long: int) -> Floats:
    """Value, mean and std over both windows, first difference: shape (n - long + 1, 6)."""
    (short_mean, short_std), (long_mean, long_std) = trailing_moments(values, (short, long))
    later = long - short
    raw = np.empty((long_mean.size, 6))
    raw[:, 0] = values[long - 1 :]
    raw[:, 1], raw[:, 2] = short_mean[later:], short_std[later:]
    raw[:, 3], raw[:, 4] = long_mean, long_std
    raw[:, 5] = values[long - 1 :] - values[long - 2 : -1]
    return raw


Contamination = Annotated[
    float | None,
    Field(
        gt=0,
        le=0.5,
        description="Share of the training points to take for anomalies: the threshold is then the score that so many "
        "exceed, instead of score_threshold.",
    ),
]


class FeatureOptions(DetectorOptions):
    """Options of the learners over rolling features.

    Windows count points, not time: a gap shortens nothing, and what follows it is compared with what came before it.
    """

    short_window: Annotated[
        int, Field(ge=2, le=500, description="Points of the short rolling window, the point itself included.")
    ] = 5
    long_window: Annotated[
        int,
        Field(ge=3, le=1_000, description="Points of the long rolling window, likewise; longer than the short one."),
    ] = 20
    seed: Seed = 0


FeatureOptionsT = TypeVar("FeatureOptionsT", bound=FeatureOptions)


class FeatureDetector(RowDetector[FeatureOptionsT, L], Generic[FeatureOptionsT, L]):
    """A detector that judges each point by its rolling features."""

    uses_wall_clock = True
    rows_type: ClassVar[type[Features]] = Features

    def plan(self, series: TimeSeries) -> tuple[Features, CrossFit]:
        """Scales of the features, and a training with gaps as long as the long window."""
        options = self.options
        plan = CrossFit(
            name=options.name,
            most=self.most_rows,
            fewest=self.fewest_rows,
            seed=options.seed,
            length_option="long_window",
            cost_option=self.cost_option,
            lookback=options.long_window - 1,
        )
        plan.require(len(series))
        if options.short_window >= options.long_window:
            raise CannotTrain("short_window must be less than long_window", option="short_window")
        return Features.of(series, options.short_window, options.long_window), plan


def quantile_threshold(scores: Floats, contamination: float | None, otherwise: float) -> float:
    """The score that a share ``contamination`` of the training rows exceed, each judged by the others.

    Args:
        scores: of rows that were not learned from, shape (n,).
        contamination: above 0 and at most 0.5; None for none.
        otherwise: the threshold where there is none.
    """
    return otherwise if contamination is None else float(np.quantile(scores, 1.0 - contamination))
