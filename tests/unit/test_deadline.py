"""Deadlines, and how detectors hold to them while they learn and while they judge."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.detectors.ensemble.auto.detector import AutoOptions
from tidewatch.detectors.learned.isolation_forest import IsolationForestOptions, grow
from tidewatch.detectors.learned.kmeans import KMeansOptions, cluster
from tidewatch.series import TimeSeries


def series(size):
    values = np.random.default_rng(1).normal(size=size)
    return TimeSeries(1_700_000_000 + 60 * np.arange(size, dtype=np.int64), values)


def looks(most):
    """A deadline that passes when it was looked at so often."""
    ticks = count(1)
    return Deadline(float(most), clock=lambda: float(next(ticks)))


class TestWithin:
    def test_is_the_sooner_of_two(self):
        deadline = Deadline(10.0, clock=lambda: 4.0)
        assert deadline.within(3.0).at == 7.0
        assert deadline.within(60.0).at == 10.0

    def test_bounds_what_has_no_deadline(self):
        never = Deadline(float("inf"), clock=lambda: 4.0)
        assert never.within(3.0).remaining() == 3.0


def test_k_means_looks_at_it_between_iterations():
    rows = np.random.default_rng(2).normal(size=(500, 8))
    with pytest.raises(DeadlineExceeded):
        cluster(KMeansOptions(), rows, 0, looks(3))


def test_a_forest_looks_at_it_between_trees():
    rows = np.random.default_rng(2).normal(size=(100, 3))
    with pytest.raises(DeadlineExceeded):
        grow(IsolationForestOptions(trees=300, samples=16), rows, 0, looks(2))


def test_a_stream_looks_at_it_between_blocks():
    model = fit_model(series(2_000), AutoOptions())
    for judge in (
        model.score,
        model.review,
        lambda points, deadline: fit_model(points, AutoOptions(), deadline=deadline),
    ):
        with pytest.raises(DeadlineExceeded):
            judge(series(2_000), deadline=looks(5))


@pytest.mark.parametrize("name", ["dbscan", "isolation_forest", "kmeans", "sub_pca"])
def test_a_learner_judges_some_thousand_points_at_a_time(name):
    model = fit_model(series(300), CATALOGUE[name].options_type())
    with pytest.raises(DeadlineExceeded):
        model.review(series(20_000), deadline=looks(2))
