"""How strange a learner finds points that it did not learn from, and what a training may cost."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from tidewatch.detectors import CannotTrain
from tidewatch.detectors.learned.cross_fitting import Course, cross_fit


class Nearest:
    """Judges a row by its distance from the nearest that it was learned from; remembers all it saw."""

    def __init__(self, rows, size=8):
        self.rows, self.size, self.judged = rows[:, 0], size, []

    def strangeness(self, rows):
        self.judged.extend(rows[:, 0].tolist())
        return np.abs(rows[:, 0][:, None] - self.rows).min(axis=1)

    def arrays(self):
        return {"rows": np.zeros(self.size, dtype=np.uint8)}


def course(**changed):
    usual = {"name": "nearest", "most": 10_000, "fewest": 5, "memory": 9, "seed": 3}
    return Course(**usual | {"memory_option": "window", "cost_option": "sample"} | changed)


def ticking(step):
    """A clock that is asked at the start and after every fold, and has moved on so far each time."""
    ticks = count(0, step)
    return lambda: float(next(ticks))


def numbered(size):
    return np.arange(size, dtype=np.float64)[:, None]


def test_no_row_is_judged_by_one_that_shares_a_point_with_it():
    learners = []
    fitted = cross_fit(numbered(200), lambda rows, seed: learners.append(Nearest(rows)) or learners[-1], course())
    assert fitted.learner is learners[-1]
    assert [row for learner in learners[:-1] for row in learner.judged] == list(range(200))
    # Rows 10 apart share no point; of the two inner folds none further apart is left out.
    nearest = [np.abs(np.subtract.outer(learner.judged, learner.rows)).min() for learner in learners[:-1]]
    assert min(nearest) >= 10.0
    assert nearest[1:3] == [10.0, 10.0]


@pytest.mark.parametrize("repeats", [False, True])
def test_where_rows_repeat_the_last_fit_has_a_say_too(repeats):
    """What each fit finds strange of a few exact states is chance."""
    rows = np.random.default_rng(1).normal(size=(200, 1))
    rows = np.resize(rows[:6], rows.shape) if repeats else rows
    learners = []
    fitted = cross_fit(rows, lambda rows, _: learners.append(Nearest(rows)) or learners[-1], course(most=9))
    at_last = learners[-1].strangeness(rows)
    without = np.concatenate(
        [learner.strangeness(rows[50 * n : 50 * n + 50]) for n, learner in enumerate(learners[:4])]
    )
    assert fitted.strangeness == pytest.approx(np.maximum(at_last, without) if repeats else without, abs=1e-9)


def test_every_fit_gets_as_many_rows_and_another_seed():
    seen = []
    cross_fit(numbered(200), lambda rows, seed: seen.append((len(rows), seed)) or Nearest(rows), course())
    assert seen == [(132, 4), (132, 5), (132, 6), (132, 7), (132, 3)]
    seen.clear()
    cross_fit(numbered(200), lambda rows, seed: seen.append((len(rows), seed)) or Nearest(rows), course(most=50))
    assert {size for size, _ in seen} == {50}


def test_one_seed_gives_one_sample_and_another_another():
    def learned(seed):
        return cross_fit(numbered(500), lambda rows, _: Nearest(rows), course(most=50, seed=seed)).learner.rows.tolist()

    assert learned(1) == learned(1) != learned(2)


def test_many_rows_are_judged_by_a_sample():
    assert cross_fit(numbered(50_000), lambda rows, _: Nearest(rows), course(most=10)).strangeness.size == 4 * 4_096


def test_of_every_so_many_rows_one_is_judged():
    learners = []
    fitted = cross_fit(numbered(200), lambda rows, _: learners.append(Nearest(rows)) or learners[-1], course(apart=7))
    judged = [row for learner in learners[:-1] for row in learner.judged]
    assert len(judged) == fitted.strangeness.size == 4 * 8
    assert (np.array(judged[:8]) // (50 / 8)).tolist() == list(range(8))
    assert len({row % 7 for row in judged}) > 3


@pytest.mark.parametrize("memory", [0, 9, 19, 200])
def test_the_number_of_points_that_are_needed_is_the_least_that_does(memory):
    short = course(memory=memory)
    with pytest.raises(CannotTrain, match=r"^nearest needs at least [\d,]+ points with this window, got 6$") as problem:
        short.require(6)
    assert problem.value.option == "window"
    needed = int(str(problem.value).split()[4].replace(",", ""))
    short.require(needed)
    with pytest.raises(CannotTrain):
        short.require(needed - 1)
    cross_fit(numbered(needed - memory), lambda rows, _: Nearest(rows), short)


def test_a_training_that_would_take_too_long_is_given_up_after_the_first_fold():
    fits = []
    with pytest.raises(
        CannotTrain, match="would take about 25 seconds to train, and 20 is the most: lower sample"
    ) as e:
        cross_fit(
            numbered(200),
            lambda rows, _: fits.append(1) or Nearest(rows),
            course(clock=ticking(5)),
        )
    assert e.value.option == "sample"
    assert len(fits) == 1


def test_one_that_ends_in_time_is_not():
    cross_fit(
        numbered(200),
        lambda rows, _: Nearest(rows),
        course(clock=ticking(4)),
    )


def test_a_model_that_would_be_too_large():
    with pytest.raises(CannotTrain, match=r"a model of 10\.1 MB, and 10 is the most: lower sample") as problem:
        cross_fit(numbered(200), lambda rows, _: Nearest(rows, 10_100_000), course())
    assert problem.value.option == "sample"
