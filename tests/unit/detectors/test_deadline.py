"""Learning and judging give up once their time is over."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.detectors.statistical.moving_average import MovingAverage, MovingAverageOptions
from tidewatch.series import TimeSeries

from tests.checks.invariants import bits

OVER = Deadline(0.0, lambda: 1.0)
SERIES = TimeSeries(
    3600 * np.arange(1_000), np.sin(np.arange(1_000) * np.pi / 12) + np.random.default_rng(0).normal(0, 0.1, 1_000)
)


class Chunked(MovingAverage):
    """The same in chunks."""

    chunk = 64


def test_chunks_give_the_same_judgement_to_the_bit():
    options = MovingAverageOptions(window=10)
    whole, chunked = MovingAverage.train(SERIES, options), Chunked.train(SERIES, options)
    assert bits(chunked.review(SERIES)) == bits(whole.review(SERIES))
    assert bits(chunked.score(SERIES, SERIES.part(0, 30))) == bits(whole.score(SERIES, SERIES.part(0, 30)))


def test_a_judgement_in_chunks_gives_up():
    model = Chunked.train(SERIES, MovingAverageOptions())
    with pytest.raises(DeadlineExceeded):
        model.review(SERIES, OVER)
    with pytest.raises(DeadlineExceeded):
        model.score(SERIES, None, OVER)


@pytest.mark.parametrize("name", ["holt_winters", "seasonal_decomposition"])
def test_a_fit_with_folds_gives_up(name):
    with pytest.raises(DeadlineExceeded):
        fit_model(SERIES, CATALOGUE[name].options_type(), deadline=OVER)
