"""How strange a learner finds points that it did not learn from.

A learner knows its own training points, so it finds them less strange than those to come. Here the training rows are
cut into stretches; each stretch is judged by what was learned from the others, and those judgements calibrate it.

Source: V. Vovk, Cross-Conformal Predictors (2015), Annals of Mathematics and Artificial Intelligence 74, section 2; the
gaps around a stretch are those of P. Burman, E. Chow, D. Nolan, A Cross-Validatory Method for Dependent Data (1994),
Biometrika 81(2).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Arrays, CannotTrain, Floats

MOST_SECONDS: Final = 20.0
"""How long a training may take."""
MOST_BYTES: Final = 10_000_000
"""How large a model may be."""

_FOLDS: Final = 4
_JUDGED: Final = 4_096
"""Rows of a fold that are judged at the most."""

_OWN: Final = 0.5
"""Of the judged rows: where fewer have a strangeness of their own, the series repeats itself."""
_DIGITS: Final = 9
"""After the point: what is beyond is rounding, which must not decide in a series that repeats itself exactly."""

Clock = Callable[[], float]
"""Seconds, from whenever."""


class Learner(Protocol):
    """What was learned from rows."""

    def strangeness(self, rows: Floats) -> Floats:
        """How strange each of n rows is, shape (n,), larger for stranger."""
        ...

    def arrays(self) -> Arrays:
        """All that is large of it."""
        ...


L = TypeVar("L", bound=Learner)


@dataclass(frozen=True, slots=True)
class Course:
    """What one training needs and may use.

    Attributes:
        name: the detector's.
        most: rows that are learned from at the most; more are sampled.
        fewest: rows that are learned from at the least.
        seed: of the samples.
        memory_option: the option to change where a series is too short.
        cost_option: the option to change where a training takes too long, or a model is too large.
        memory: how many earlier points a row is made of beside its own; rows no further apart share points.
        apart: of every so many rows of a fold one is judged. Where neighbouring rows are nearly the same, one strange
            point makes many strange rows, and those of few points must not pass for the tail of many.
        clock: tells how long it takes.
    """

    name: str
    most: int
    fewest: int
    seed: int
    memory_option: str
    cost_option: str
    memory: int = 0
    apart: int = 1
    clock: Clock = time.perf_counter

    def suits(self, points: int) -> bool:
        """Whether a series is long enough to be cut into folds."""
        return self._left(points - self.memory) >= self.fewest

    def require(self, points: int) -> None:
        """Sees to it that a series is long enough to be cut into folds.

        Raises:
            CannotTrain: if it is not.
        """
        if self.suits(points):
            return
        needed = self.memory + self.fewest
        while not self.suits(needed):
            needed += 1
        raise CannotTrain(
            f"{self.name} needs at least {needed:,} points with this {self.memory_option}, got {points:,}",
            option=self.memory_option,
        )

    def spend(self, started: float, done: int) -> None:
        """Sees to it that a training that has done so many of its fits will end in time.

        Raises:
            CannotTrain: if it will not.
        """
        seconds = (self.clock() - started) * (_FOLDS + 1) / done
        if seconds > MOST_SECONDS:
            raise CannotTrain(
                f"{self.name} would take about {seconds:,.0f} seconds to train, and {MOST_SECONDS:.0f} is the most: "
                f"lower {self.cost_option}",
                option=self.cost_option,
            )

    def weigh(self, arrays: Arrays) -> None:
        """Sees to it that a model is not too large.

        Raises:
            CannotTrain: if it is.
        """
        size = sum(array.nbytes for array in arrays.values())
        if size > MOST_BYTES:
            raise CannotTrain(
                f"{self.name} would make a model of {size / 1e6:,.1f} MB, and {MOST_BYTES / 1e6:.0f} is the most: "
                f"lower {self.cost_option}",
                option=self.cost_option,
            )

    def _left(self, rows: int) -> int:
        """Rows that the fold which leaves the fewest leaves to learn from."""
        return min((before.size + after.size for _, before, after in _folds(rows, self.memory)), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitted(Generic[L]):
    """What was learned from all rows, and how strange usual rows are to it, shape (n,)."""

    learner: L
    strangeness: Floats


def cross_fit(rows: Floats, fit: Callable[[Floats, int], L], course: Course) -> CrossFitted[L]:
    """Learns from rows, and from all but each of a few contiguous folds, to judge that fold.

    Rows that share points with a fold are left out with it. Every fit gets as many rows, the last one too: what is
    learned from more rows would find the same point less strange. Where a series repeats itself exactly, fits differ
    more than rows do: a row there is as strange as to the fit without it or to the last, whichever finds it stranger.

    Args:
        rows: shape (n, features), in the order of time, n at least what ``course`` requires.
        fit: learns from some rows by a seed.
        course: what it needs and may use.

    Raises:
        CannotTrain: if it would take too long, or the model would be too large.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    import sklearn  # noqa: F401 - loads the libraries that are to be limited
    from threadpoolctl import threadpool_limits

    # On one thread sums are added up in one order, so a series gives one model on any machine; and trainings are so
    # small that threads mostly wait for each other.
    with threadpool_limits(1):
        return _cross_fit(rows, fit, course)


def _cross_fit(rows: Floats, fit: Callable[[Floats, int], L], course: Course) -> CrossFitted[L]:
    started = course.clock()
    folds = list(_folds(len(rows), course.memory))
    size = min(course.most, *(before.size + after.size for _, before, after in folds))
    places, strangeness = [], []
    for number, (fold, before, after) in enumerate(folds, start=1):
        random = np.random.default_rng((course.seed, number))
        learner = fit(rows[_some(random, np.concatenate([before, after]), size)], course.seed + number)
        course.weigh(learner.arrays())
        judged = _some(random, fold, min(-(-fold.size // course.apart), _JUDGED))
        places.append(judged)
        strangeness.append(settled(learner, rows[judged]))
        course.spend(started, number)
    random = np.random.default_rng((course.seed, 0))
    learner = fit(rows[_some(random, np.arange(len(rows)), size)], course.seed)
    by_others = np.concatenate(strangeness)
    by_all = settled(learner, rows[np.concatenate(places)])
    if np.unique(by_all).size < _OWN * by_all.size:
        by_others = np.maximum(by_others, by_all)
    return CrossFitted(learner, by_others)


def settled(learner: Learner, rows: Floats) -> Floats:
    """How strange each row is, shape (n,), to so many digits as mean something."""
    return np.round(learner.strangeness(rows), _DIGITS)


def _folds(rows: int, gap: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """Each fold's rows, and those before and after it that share no point with it."""
    places = np.arange(max(rows, 0))
    for number in range(_FOLDS):
        start, stop = number * places.size // _FOLDS, (number + 1) * places.size // _FOLDS
        yield places[start:stop], places[: max(start - gap, 0)], places[stop + gap :]


def _some(random: np.random.Generator, places: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """One place of each of so many stretches of equal length, in order; all places where they are no more.

    Any of a stretch: the first of each could always meet the same phase of a season.
    """
    if places.size <= size:
        return places
    starts = np.arange(size + 1) * places.size // size
    return places[random.integers(starts[:-1], starts[1:])]
