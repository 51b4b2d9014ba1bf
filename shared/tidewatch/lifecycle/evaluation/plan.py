"""What of the data is learned from, and what is judged: folds that follow one another in time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tidewatch.series import Frame, TimeSeries

Points = TimeSeries | Frame
"""Points of one variable, or rows of several: both have parts, and an order of time."""

MOST_POINTS: Final = 20_000
"""Of longer data the last so many points are evaluated."""
MOST_FOLDS: Final = 20
MOST_CONTENDERS: Final = 8
MOST_TRIALS: Final = 200
LARGEST_SIZE: Final = 1_000.0
LARGEST_SEED: Final = 2**32 - 1
FEWEST_IN_FOLD: Final = 10
_TRAINING_SHARE: Final = 0.5
"""Of the data: what detectors learn from before they judge the first fold."""


class CannotEvaluate(ValueError):
    """The data does not suit the evaluation that was asked for."""


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """How to evaluate.

    Attributes:
        folds: into how many consecutive parts the judged points are split.
        seed: of the places, signs and variables of injected anomalies.
        size: of an injected anomaly, in robust standard deviations of what the level and the season leave.
        trials: how many anomalies of each kind are injected, in all folds together; fewer where that would be too much
            work, and at least one in each fold.
        most_points: of longer data, the last so many points are evaluated.

    Raises:
        ValueError: if a number is outside its range.
    """

    folds: int = 5
    seed: int = 0
    size: float = 8.0
    trials: int = 20
    most_points: int = MOST_POINTS

    def __post_init__(self) -> None:
        if not 1 <= self.folds <= MOST_FOLDS:
            raise ValueError(f"folds must be 1 to {MOST_FOLDS}, got {self.folds}")
        if not 0 < self.size <= LARGEST_SIZE:
            raise ValueError(f"size must be above 0 and at most {LARGEST_SIZE:g}, got {self.size}")
        if not 1 <= self.trials <= MOST_TRIALS:
            raise ValueError(f"trials must be 1 to {MOST_TRIALS}, got {self.trials}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed must be 0 to {LARGEST_SEED}, got {self.seed}")


@dataclass(frozen=True, slots=True)
class Fold:
    """The points from ``start`` to before ``end``, as a slice counts them; those before are what came before."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many points it has."""
        return self.end - self.start


def split(points: int, folds: int, *, training: bool) -> list[Fold]:
    """Folds of equal length, but for a point, which follow one another up to the end of the data.

    Args:
        points: of the data.
        folds: how many.
        training: whether the first half of the data is kept for training.

    Raises:
        CannotEvaluate: if a fold would have fewer than 10 points.
    """
    first = round(points * _TRAINING_SHARE) if training else 0
    if points - first < folds * FEWEST_IN_FOLD:
        needed = folds * FEWEST_IN_FOLD * (2 if training else 1)
        raise CannotEvaluate(f"{folds} folds need at least {needed:,} points, got {points:,}: send more, or ask fewer")
    edges = [first + (points - first) * index // folds for index in range(folds + 1)]
    return [Fold(start, end) for start, end in pairwise(edges)]
