"""The grid that a series was sampled on, the phases of its places in a season, and its cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import CannotTrain, Json
from tidewatch.detectors.seasonal.season import close_gaps
from tidewatch.series import Sampling, TimeSeries

_FOLDS: Final = 5
_MANY: Final = 20  # cycles, from which on none is held out


@dataclass(frozen=True, slots=True)
class SeasonalGrid:
    """Places on the grid that training data was sampled on, and their phases in a season.

    Attributes:
        sampling: step and origin.
        period: places in a season; None if there is none.
    """

    sampling: Sampling
    period: int | None

    def seasonal(self, season: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """The season at some places, shape (n,), 0 where there is none.

        Args:
            season: by phase, shape (period,).
            places: shape (n,).
        """
        if self.period is None:
            return np.zeros(places.size)
        return season[places % self.period]

    def to_json(self) -> list[Json]:
        """As :meth:`from_json` takes it."""
        return [self.sampling.step, self.sampling.origin, self.sampling.regularity, self.period]

    @classmethod
    def from_json(cls, parts: Sequence[Json]) -> SeasonalGrid:
        """The grid that gave this."""
        step, origin, regularity, period = parts
        return cls(Sampling(float(step), int(origin), float(regularity)), None if period is None else int(period))


def regular_sampling(name: str, series: TimeSeries) -> Sampling:
    """The sampling of a series.

    Raises:
        CannotTrain: if its points are not evenly spaced, gaps apart.
    """
    sampling = Sampling.of(series.timestamps)
    if not sampling.is_regular:
        raise CannotTrain(
            f"{name} needs points at even distances in time; gaps are fine, but only {sampling.regularity:.0%} of the "
            f"distances between timestamps are a multiple of their median, {sampling.step:g} seconds"
        )
    return sampling


def check_period(name: str, period: int, places: NDArray[np.int64]) -> None:
    """Makes sure that a season is there twice.

    Raises:
        CannotTrain: if the series is shorter than two seasons, or has fewer points than two would have by half.
    """
    closed = close_gaps(places, period)
    span = int(closed[-1] - closed[0]) + 1
    if span < 2 * period or places.size < period:
        raise CannotTrain(
            f"{name} with a period of {period} needs at least two seasons, that is {2 * period} steps of time with "
            f"points in half of them, got {places.size} points in {span} without long gaps",
            option="period",
        )


def folds_of_cycles(places: NDArray[np.int64], period: int) -> tuple[NDArray[np.int64], int]:
    """The fold of each point, shape (n,), and how many there are: 1 for many cycles, of which none is held out.

    A season that is the mean of some cycles errs on each of them by less than on one to come: where they are few, by
    much less, and in another shape. So each of a few folds of whole cycles is judged by the season of the others. Where
    cycles are many, all are judged by the season of all: only the size of the errors differs then, by a known factor,
    :func:`fresh_error`.

    Source: M. Stone, Cross-Validatory Choice and Assessment of Statistical Predictions (1974), Journal of the Royal
    Statistical Society B 36(2).

    Args:
        places: on the grid, shape (n,), ascending, gaps closed.
        period: in places.
    """
    cycles = (places - places[0]) // period
    total = int(cycles[-1]) + 1
    count = min(total, _FOLDS) if total < _MANY else 1
    return cycles * count // total, count


def fresh_error(cycles: float, folds: int) -> float:
    """How much larger the error on a new point is than on one of a fold.

    Args:
        cycles: that the season is the mean of, more than 1.
        folds: of which one at a time is held out; 1 if none is.
    """
    known = 1.0 - 1.0 / cycles if folds == 1 else 1.0 + 1.0 / (cycles * (1.0 - 1.0 / folds))
    return float(np.sqrt((1.0 + 1.0 / cycles) / known))
