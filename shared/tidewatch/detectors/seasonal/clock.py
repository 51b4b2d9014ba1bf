"""The phase of a point by its time, and what a seasonal method asks of a series before it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import CannotTrain, Json
from tidewatch.detectors.seasonal.season import close_gaps
from tidewatch.series import Sampling, TimeSeries


@dataclass(frozen=True, slots=True)
class Clock:
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
    def from_json(cls, parts: Sequence[Json]) -> Clock:
        """The clock that gave this."""
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
