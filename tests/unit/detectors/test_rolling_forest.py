"""Bare lists of numbers, judged by a forest of their own."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from tidewatch.detectors.retrospective.rolling_forest import FEWEST_POINTS, WARMUP, grow, judge_values

random = np.random.default_rng(9)


def test_a_spike_is_found_and_the_rest_is_usual():
    values = random.normal(10, 1, 500)
    values[300] = 25.0
    judged = judge_values(values)
    assert judged.warmup_points_dropped == 19
    assert judged.anomaly[:19] == judged.anomaly_score[:19] == [None] * 19
    assert judged.anomaly[300] == 1
    assert judged.anomaly_score[300] == max(judged.anomaly_score[19:])
    assert sum(judged.anomaly[19:300]) < 10
    assert all((score > 0.6) == bool(anomaly) for score, anomaly in zip(*judged[2:0:-1], strict=True) if score)
    assert judged.message is None


def test_the_answer_is_json():
    judged = judge_values(random.normal(size=100))
    assert json.loads(json.dumps(judged)) == list(judged)


@pytest.mark.parametrize("size", [0, 1, 18, 19, 20, FEWEST_POINTS - 1])
def test_too_few_values_are_not_judged(size):
    judged = judge_values(random.normal(size=size))
    assert judged.anomaly == judged.anomaly_score == [None] * size
    assert judged.warmup_points_dropped == min(size, WARMUP)
    assert str(FEWEST_POINTS) in judged.message


def test_as_few_as_may_be_are():
    judged = judge_values(np.append(random.normal(size=FEWEST_POINTS - 1), 30.0))
    assert judged.anomaly[-1] == 1
    assert judged.message is None


def test_equal_values_are_all_usual():
    for value in (0.0, 7.5, 1e308):
        judged = judge_values(np.full(60, value))
        assert judged.anomaly[19:] == [0] * 41
        assert judged.anomaly_score[19:] == pytest.approx([0.5] * 41)


def test_extreme_doubles():
    values = random.normal(size=100)
    values[[50, 70]] = 1.7e308, -1.7e308
    judged = judge_values(values)
    assert [judged.anomaly[50], judged.anomaly[70]] == [1, 1]
    assert all(math.isfinite(score) for score in judged.anomaly_score[19:])


def test_the_same_values_get_the_same_answer_and_are_not_changed():
    values = random.normal(size=200)
    before = values.tobytes()
    assert judge_values(values) == judge_values(values)
    assert judge_values(values * 4.0 + 16.0) == judge_values(values * 8.0 + 32.0)
    assert values.tobytes() == before


@pytest.mark.slow
def test_the_trees_are_such_as_scikit_learn_grows():
    """Not the same ones, but of the same law: means over a few forests agree."""
    rows = random.normal(size=(2_000, 5)).astype(np.float32)
    rows[:, 4] = np.round(rows[:, 4])
    probes = random.normal(0, 1.5, (500, 5))
    ours = np.mean([grow(rows, np.random.default_rng(seed)).nonconformity(probes) for seed in range(8)], axis=0)
    forests = [IsolationForest(max_samples=256, random_state=seed).fit(rows) for seed in range(8)]
    theirs = np.mean([-forest.score_samples(probes) for forest in forests], axis=0)
    assert (ours - theirs).mean() == pytest.approx(0.0, abs=2e-3)
    assert ours == pytest.approx(theirs, abs=0.03)
