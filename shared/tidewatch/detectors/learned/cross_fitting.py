"""Calibration scores for a learner, from rows that it did not learn from.

A learner has seen its own training rows, so it gives them lower nonconformity scores than the rows to come. Here the
training rows are cut into contiguous folds. Each fold is scored by what was learned from the others, and these scores
calibrate the learner of all rows.

Sources: V. Vovk, Cross-Conformal Predictors (2015), Annals of Mathematics and Artificial Intelligence 74, section 2.
Gaps around a fold: P. Burman, E. Chow, D. Nolan, A Cross-Validatory Method for Dependent Data (1994), Biometrika 81(2).
The number of independent scores: R. Smith, I. Weissman, Estimating the Extremal Index (1994), Journal of the Royal
Statistical Society B 56(3), the runs estimator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors.base import Arrays, CannotTrain, Floats
from tidewatch.detectors.learned import load_learners

MOST_SECONDS: Final = 20.0
"""How long a training may take of the processor, and how long the model may take to judge its training series."""
MOST_BYTES: Final = 10_000_000
"""How large a model may be."""

Places = NDArray[np.intp]

_FOLDS: Final = 4
_JUDGED: Final = 4_096
"""Rows of a fold that are scored at the most."""
_SLACK: Final = 1.5
"""One fit may take so many times its share of the time that is left: folds differ."""
_DISTINCT: Final = 0.5
"""If a smaller share of the scores is distinct, the series repeats itself exactly."""
DIGITS: Final = 9
"""Decimal places of a score. The rest is rounding, which must not decide in a series that repeats itself exactly."""
_TOP_SHARE: Final = 0.02
_TOP_FEWEST: Final = 5


class Learner(Protocol):
    """What was learned from rows."""

    def nonconformity(self, rows: Floats) -> Floats:
        """The score of each of n rows, shape (n,), larger for less usual ones."""
        ...

    def arrays(self) -> Arrays:
        """What is stored of it as arrays."""
        ...

    def facts(self) -> dict[str, float]:
        """What is stored of it as numbers, and shown to people."""
        ...


L = TypeVar("L", bound=Learner)

Learn = Callable[[Floats, int, Deadline], L]
"""Learns from rows, shape (n, features), by a seed, and raises DeadlineExceeded once the deadline has passed."""


@dataclass(frozen=True, slots=True)
class CrossFit:
    """The plan of one training.

    Attributes:
        name: the detector's.
        most: rows that are learned from at the most; more are sampled.
        fewest: rows that are learned from at the least.
        seed: of the samples.
        length_option: the option to change where a series is too short.
        cost_option: the option to change where a training takes too long, or a model is too large.
        lookback: how many earlier points a row is made of. Rows no further apart share points.
        stride: of every so many rows of a fold one is scored.
    """

    name: str
    most: int
    fewest: int
    seed: int
    length_option: str
    cost_option: str
    lookback: int = 0
    stride: int = 1

    def suits(self, points: int) -> bool:
        """Whether a series of so many points is long enough to be cut into folds."""
        rows = np.ones(max(points - self.lookback, 0), dtype=np.bool_)
        return fewest_left(rows, self.lookback) >= self.fewest

    def require(self, points: int) -> None:
        """Checks that a series is long enough to be cut into folds.

        Raises:
            CannotTrain: if it is not.
        """
        if self.suits(points):
            return
        needed = self.lookback + self.fewest
        while not self.suits(needed):
            needed += 1
        raise CannotTrain(
            f"{self.name} needs at least {needed:,} points with this {self.length_option}, got {points:,}",
            option=self.length_option,
        )

    def check_size(self, arrays: Arrays) -> None:
        """Checks that a model is not too large.

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

    def check_judging(self, seconds: float) -> None:
        """Checks that the model can judge its training series within one request, from the time that it would take.

        Raises:
            CannotTrain: if it cannot.
        """
        if seconds > MOST_SECONDS:
            raise CannotTrain(
                f"{self.name} would take about {seconds:,.0f} seconds to judge this series, and {MOST_SECONDS:.0f} is "
                f"the most: lower {self.cost_option}",
                option=self.cost_option,
            )

    def too_slow(self, seconds: float) -> CannotTrain:
        """The refusal of a training that would take longer than so many seconds."""
        return CannotTrain(
            f"{self.name} would take more than the {seconds:,.0f} seconds that there are to train: "
            f"lower {self.cost_option}",
            option=self.cost_option,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitted(Generic[L]):
    """What a training gives.

    Attributes:
        learner: learned from all folds.
        scores: float64, shape (n,), nonconformity scores of rows that were not learned from, in the order of time.
        independent: how many independent scores these are worth.
    """

    learner: L
    scores: Floats
    independent: float


def cross_fit(
    rows: Floats, learn: Learn[L], plan: CrossFit, deadline: Deadline, usual: NDArray[np.bool_] | None = None
) -> CrossFitted[L]:
    """Learns from rows, and from all but each of a few contiguous folds, to score that fold.

    Rows that share points with a fold are left out with it. Every fit gets as many rows, the last one too: what is
    learned from more rows would give the same point a lower score. Where a series repeats itself exactly, fits differ
    more than rows do: a row gets the higher of the scores by the fit without it and by the last fit.

    Args:
        rows: shape (n, features), in the order of time, n at least what ``plan`` requires.
        learn: learns from some rows.
        plan: what to learn from, and what to tell who asks too much.
        deadline: when to give up.
        usual: bool, shape (n,), which rows are usual: the others are neither learned from nor scored. All are taken
            where that would leave too few, or if it is None.

    Raises:
        CannotTrain: if it would take too long, or the model would be too large or too slow.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    from threadpoolctl import threadpool_limits

    load_learners()

    if usual is None or fewest_left(usual, plan.lookback) < max(plan.fewest, usual.size // 3):
        usual = np.ones(len(rows), dtype=np.bool_)
    # After the imports: they take seconds on a busy machine, and are no part of the training.
    budget = deadline.within_work(MOST_SECONDS)
    seconds = budget.remaining()
    # On one thread sums are added up in one order, so a series gives one model on any machine; and trainings are so
    # small that threads mostly wait for each other.
    with threadpool_limits(1):
        try:
            return _cross_fit(rows, usual, learn, plan, budget)
        except DeadlineExceeded as error:
            raise plan.too_slow(seconds) from error


def _cross_fit(
    rows: Floats, usual: NDArray[np.bool_], learn: Learn[L], plan: CrossFit, budget: Deadline
) -> CrossFitted[L]:
    size = min(plan.most, fewest_left(usual, plan.lookback))
    judged, scores = [], []
    for number, (fold, others) in enumerate(_folds(usual, plan.lookback), start=1):
        share = budget.within(_SLACK * budget.remaining() / (_FOLDS + 2 - number))
        random = np.random.default_rng((plan.seed, number))
        learner = learn(rows[_sample(random, others, size)], plan.seed + number, share)
        plan.check_size(learner.arrays())
        some = _sample(random, fold, min(-(-fold.size // plan.stride), _JUDGED))
        judged.append(some)
        scores.append(rounded_scores(learner, rows[some]))
        share.check()
    random = np.random.default_rng((plan.seed, 0))
    learner = learn(rows[_sample(random, np.flatnonzero(usual), size)], plan.seed, budget)
    places, by_others = np.concatenate(judged), np.concatenate(scores)
    begin = budget.clock()
    by_all = rounded_scores(learner, rows[places])
    plan.check_judging((budget.clock() - begin) * len(rows) / places.size)
    budget.check()
    if np.unique(by_all).size < _DISTINCT * by_all.size:
        by_others = np.maximum(by_others, by_all)
    return CrossFitted(learner, by_others, independent_scores(by_others, places, plan.lookback))


def rounded_scores(learner: Learner, rows: Floats) -> Floats:
    """The nonconformity of each row, shape (n,), without the digits that are rounding."""
    return np.round(learner.nonconformity(rows), DIGITS)


def independent_scores(scores: Floats, places: Places, lookback: int) -> float:
    """How many independent scores are worth as much as these, in what they tell of the tail.

    The scores of rows that share points rise and fall together, so the highest come in clusters. A cluster is a run of
    them in which each shares points with the next; its mean size is the inverse of the extremal index.

    Args:
        scores: shape (n,), n at least 1.
        places: the rows that they belong to, shape (n,), ascending.
        lookback: rows no further apart share points.

    >>> independent_scores(np.repeat([0.0, 1.0, 2.0, 3.0], 50), np.arange(200), 9)
    40.0
    """
    top = max(int(_TOP_SHARE * scores.size), min(_TOP_FEWEST, scores.size))
    highest = np.sort(places[np.argsort(scores, kind="stable")[-top:]])
    clusters = 1 + int(np.count_nonzero(np.diff(highest) > lookback))
    return scores.size * clusters / top


def fewest_left(usual: NDArray[np.bool_], gap: int) -> int:
    """How many usual rows the fold leaves to learn from that leaves the fewest; 0 where there are no folds."""
    return min(others.size for _, others in _folds(usual, gap))


def _folds(usual: NDArray[np.bool_], gap: int) -> Iterator[tuple[Places, Places]]:
    """The usual rows of each fold, and those of the others that share no point with it."""
    for number in range(_FOLDS):
        start, stop = number * usual.size // _FOLDS, (number + 1) * usual.size // _FOLDS
        before, after = np.flatnonzero(usual[: max(start - gap, 0)]), np.flatnonzero(usual[stop + gap :])
        yield start + np.flatnonzero(usual[start:stop]), np.concatenate([before, after + stop + gap])


def _sample(random: np.random.Generator, places: Places, size: int) -> Places:
    """One place of each of so many stretches of equal length, in order; all places where they are no more.

    Any of a stretch: the first of each could always meet the same phase of a season.
    """
    if places.size <= size:
        return places
    starts = np.arange(size + 1) * places.size // size
    return places[random.integers(starts[:-1], starts[1:])]
