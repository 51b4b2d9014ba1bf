"""Scores of rows that a learner did not learn from, what these are worth, and what a training may cost."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from tidewatch.deadline import Deadline
from tidewatch.detectors import CannotTrain
from tidewatch.detectors.base import NEVER
from tidewatch.detectors.learned import cross_fitting
from tidewatch.detectors.learned.cross_fitting import CrossFit, cross_fit, independent_scores
from tidewatch.detectors.learned.row_detector import usual_rows


class Nearest:
    """Scores a row by its distance from the nearest that it was learned from; remembers all it saw."""

    def __init__(self, rows, size=8):
        self.rows, self.size, self.judged = rows[:, 0], size, []

    def nonconformity(self, rows):
        self.judged.extend(rows[:, 0].tolist())
        return np.abs(rows[:, 0][:, None] - self.rows).min(axis=1)

    def arrays(self):
        return {"rows": np.zeros(self.size, dtype=np.uint8)}


def plan(**changed):
    usual = {"name": "nearest", "most": 10_000, "fewest": 5, "lookback": 9, "seed": 3}
    return CrossFit(**usual | {"length_option": "window", "cost_option": "sample"} | changed)


def fit(rows, learners=None, deadline=NEVER, usual=None, **changed):
    """Cross-fits, and keeps every learner in a list."""
    learners = [] if learners is None else learners
    return cross_fit(
        rows, lambda rows, seed, _: learners.append(Nearest(rows)) or learners[-1], plan(**changed), deadline, usual
    )


def ticking(seconds, step):
    """A deadline whose clock moves on so far whenever it is asked."""
    ticks = count(0, step)
    return Deadline.after(seconds, clock=lambda: float(next(ticks)))


def numbered(size):
    return np.arange(size, dtype=np.float64)[:, None]


def test_no_row_is_judged_by_one_that_shares_a_point_with_it():
    learners = []
    fitted = fit(numbered(200), learners)
    assert fitted.learner is learners[-1]
    assert [row for learner in learners[:-1] for row in learner.judged] == list(range(200))
    # Rows 10 apart share no point; of the two inner folds none further apart is left out.
    nearest = [np.abs(np.subtract.outer(learner.judged, learner.rows)).min() for learner in learners[:-1]]
    assert min(nearest) >= 10.0
    assert nearest[1:3] == [10.0, 10.0]


@pytest.mark.parametrize("repeats", [False, True])
def test_where_rows_repeat_the_last_fit_has_a_say_too(repeats):
    """What each fit finds unusual of a few exact states is chance."""
    rows = np.random.default_rng(1).normal(size=(200, 1))
    rows = np.resize(rows[:6], rows.shape) if repeats else rows
    learners = []
    fitted = fit(rows, learners, most=9)
    at_last = learners[-1].nonconformity(rows)
    without = np.concatenate(
        [learner.nonconformity(rows[50 * n : 50 * n + 50]) for n, learner in enumerate(learners[:4])]
    )
    assert fitted.scores == pytest.approx(np.maximum(at_last, without) if repeats else without, abs=1e-9)


def test_every_fit_gets_as_many_rows_and_another_seed():
    seen = []
    cross_fit(numbered(200), lambda rows, seed, _: seen.append((len(rows), seed)) or Nearest(rows), plan(), NEVER)
    assert seen == [(132, 4), (132, 5), (132, 6), (132, 7), (132, 3)]
    learners = []
    fit(numbered(200), learners, most=50)
    assert {len(learner.rows) for learner in learners} == {50}


def test_one_seed_gives_one_sample_and_another_another():
    one, same, other = (fit(numbered(500), most=50, seed=seed).learner.rows.tolist() for seed in (1, 1, 2))
    assert one == same != other


def test_many_rows_are_judged_by_a_sample():
    assert fit(numbered(50_000), most=10).scores.size == 4 * 4_096


def test_of_every_so_many_rows_one_is_judged():
    learners = []
    fitted = fit(numbered(200), learners, stride=7)
    judged = [row for learner in learners[:-1] for row in learner.judged]
    assert len(judged) == fitted.scores.size == 4 * 8
    assert (np.array(judged[:8]) // (50 / 8)).tolist() == list(range(8))
    assert len({row % 7 for row in judged}) > 3


class TestUnusualRows:
    def test_are_neither_learned_from_nor_judged(self):
        usual = np.ones(200, dtype=np.bool_)
        usual[[20, 21, 130]] = False
        learners = []
        fit(numbered(200), learners, usual=usual)
        seen = {row for learner in learners for row in [*learner.rows, *learner.judged]}
        assert seen == set(range(200)) - {20, 21, 130}

    def test_are_taken_after_all_where_few_others_are_left(self):
        learners = []
        fit(numbered(200), learners, usual=np.arange(200) < 60)
        assert {row for learner in learners for row in learner.judged} == set(range(200))

    def test_are_those_that_hold_a_wild_value(self):
        values = np.random.default_rng(0).normal(size=300)
        values[100] = 1e3
        assert np.flatnonzero(~usual_rows(values, 9)).tolist() == list(range(91, 101))


class TestIndependentScores:
    @pytest.mark.parametrize("window", [1, 5, 30])
    def test_overlapping_windows_are_worth_one_for_each_run_of_high_ones(self, window):
        points = np.random.default_rng(2).standard_t(2, 20_000)
        # The highest of a window is high for as long as it is in it.
        scores = np.lib.stride_tricks.sliding_window_view(points, window).max(axis=1)
        worth = independent_scores(scores, np.arange(scores.size), window - 1) / scores.size
        assert worth == pytest.approx(1 / window, rel=0.35)

    def test_scores_without_lookback_are_independent(self):
        assert independent_scores(np.arange(100.0), np.arange(100), 0) == 100.0


@pytest.mark.parametrize("lookback", [0, 9, 19, 200])
def test_the_number_of_points_that_are_needed_is_the_least_that_does(lookback):
    short = plan(lookback=lookback)
    with pytest.raises(CannotTrain, match=r"^nearest needs at least [\d,]+ points with this window, got 6$") as problem:
        short.require(6)
    assert problem.value.option == "window"
    needed = int(str(problem.value).split()[4].replace(",", ""))
    short.require(needed)
    with pytest.raises(CannotTrain):
        short.require(needed - 1)
    fit(numbered(needed - lookback), lookback=lookback)


class TestTime:
    @pytest.fixture
    def work(self, monkeypatch):
        """Makes the processor's clock move on so far whenever it is asked."""

        def move(step):
            ticks = count(0.0, step)
            monkeypatch.setattr("tidewatch.deadline.time.thread_time", lambda: next(ticks))

        return move

    def test_a_training_that_would_take_too_long_is_given_up_after_the_first_fold(self, work):
        learners = []
        work(5)
        with pytest.raises(CannotTrain, match=r"more than the \d+ seconds that there are to train: lower sample") as e:
            fit(numbered(200), learners)
        assert e.value.option == "sample"
        assert len(learners) == 1

    def test_one_that_ends_in_time_is_not(self, work):
        work(0.5)
        fit(numbered(200))

    def test_on_a_busy_machine_the_same_work_is_not_too_much(self, work):
        """It takes longer by the clock on the wall, of which a request has its own share."""
        work(0.1)
        fit(numbered(200), deadline=ticking(1_000, 15))

    def test_what_is_left_of_the_request_is_the_most(self):
        with pytest.raises(CannotTrain, match="more than the 3 seconds"):
            fit(numbered(200), deadline=ticking(4, 1))

    def test_a_learner_may_look_at_its_share_within_a_fold(self, work):
        def learn(rows, seed, deadline):
            for _ in range(1_000):
                deadline.check()
            return Nearest(rows)

        work(0.1)
        with pytest.raises(CannotTrain, match="lower sample"):
            cross_fit(numbered(200), learn, plan(), NEVER)

    def test_importing_scikit_learn_is_no_part_of_it(self, monkeypatch):
        worked = [0.0]
        monkeypatch.setattr("tidewatch.deadline.time.thread_time", lambda: worked[0])
        monkeypatch.setattr(cross_fitting, "load_learners", lambda: worked.__setitem__(0, worked[0] + 60.0))
        fit(numbered(200))

    def test_a_model_that_would_judge_its_series_too_slowly(self, monkeypatch):
        class Slow(Nearest):
            def nonconformity(self, rows):
                worked[0] += 2e-4 * len(rows)
                return super().nonconformity(rows)

        worked = [0.0]
        monkeypatch.setattr("tidewatch.deadline.time.thread_time", lambda: worked[0])
        with pytest.raises(CannotTrain, match=r"about 30 seconds to judge this series, .*: lower sample") as problem:
            cross_fit(numbered(150_000), lambda rows, *_: Slow(rows), plan(most=10), NEVER)
        assert problem.value.option == "sample"


def test_a_model_that_would_be_too_large():
    with pytest.raises(CannotTrain, match=r"a model of 10\.1 MB, and 10 is the most: lower sample") as problem:
        cross_fit(numbered(200), lambda rows, *_: Nearest(rows, 10_100_000), plan(), NEVER)
    assert problem.value.option == "sample"
