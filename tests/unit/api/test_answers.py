from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.api.answers import json_answer, rounded
from tidewatch.api.detect import detection_document
from tidewatch.api.predict import judgements
from tidewatch.detectors import CATALOGUE, Scores, find_events, fit_model
from tidewatch.detectors.events import GAP
from tidewatch.series import LATEST, TimeSeries
from tidewatch.services.detect import Detection
from tidewatch.settings import Settings

from tests.support.strategies import doubles

LAMBDAS_LARGEST_ANSWER = 6 * 2**20


@given(st.lists(doubles | st.just(float("nan")), min_size=1))
def test_six_digits_are_kept(numbers):
    given_numbers = np.array(numbers)
    np.testing.assert_allclose(rounded(given_numbers), given_numbers, rtol=5.001e-6)


@given(st.floats(1e-15, 1e20) | st.floats(-1e20, -1e-15))
def test_numbers_are_written_short(number):
    (short,) = rounded(np.array([number])).tolist()
    # Seven, where the sixth digit was carried over a power of ten.
    assert float(f"{short:.6e}") == short


def test_what_rounding_gives_for_numbers_that_everybody_knows():
    numbers = np.array([0.0, 1.0, -0.1, 1 / 3, 2e6 / 3, 123456.789, 1e-300, 5e-324, np.nan])
    expected = [0.0, 1.0, -0.1, 0.333333, 666667.0, 123457.0, 1e-300, 5e-324]
    assert rounded(numbers).tolist()[:-1] == expected
    assert np.isnan(rounded(numbers)[-1])


def longest(points: int, exponent: int = 250) -> np.ndarray:
    """Doubles that take 24 characters to write."""
    return -(1 + np.random.default_rng(0).random(points)) * 10.0**-exponent


@pytest.mark.parametrize("points", [Settings.model_fields["max_detect_points"].metadata[1].le])
def test_the_largest_answer_fits_into_what_lambda_takes(points):
    """Every number as long as can be, as many events as can be, the body quoted as Lambda's answer quotes it."""
    evidence = 100 + 199 * np.random.default_rng(1).random(points)
    anomaly = np.zeros(points, dtype=np.bool_)
    anomaly[:: GAP + 2] = True
    scores = Scores(
        anomaly=anomaly,
        score=longest(points),
        p_value=10.0**-evidence,
        severity=evidence / (evidence + 3),
        expected=longest(points),
        lower=longest(points),
        upper=longest(points),
        direction=np.ones(points, dtype=np.int8),
        warming_up=np.zeros(points, dtype=np.bool_),
        incident=np.full(points, 12.3456),
    )
    model = fit_model(TimeSeries(np.arange(9), np.arange(9.0)), CATALOGUE["mad"].options_type(name="mad"))
    series = TimeSeries(LATEST - points + np.arange(points), longest(points))
    found = Detection(series, has_times=True, model=model, scores=scores, events=find_events(scores))
    answer = json_answer(detection_document(found), {})
    quoted = len(json.dumps({"statusCode": 200, "headers": answer.headers, "body": answer.body}))
    # With a little room for what later versions may add.
    assert 0.8 * LAMBDAS_LARGEST_ANSWER < quoted < 0.985 * LAMBDAS_LARGEST_ANSWER


@pytest.mark.parametrize(("points", "headers"), [(10_000, {}), (30_000, {"accept-encoding": "gzip"})])
def test_the_largest_batch_fits_into_what_lambda_takes(points, headers):
    """Every number as long as can be, and as hard to pack."""
    random = np.random.default_rng(0)
    numbers = [-(1 + random.random(points)) * 10.0 ** random.integers(-280, 280, points) for _ in range(6)]
    scores = Scores(
        anomaly=random.random(points) < 0.5,
        score=numbers[0],
        p_value=np.abs(numbers[1]),
        severity=random.random(points),
        expected=numbers[2],
        lower=numbers[3],
        upper=numbers[4],
        direction=random.integers(-1, 2, points).astype(np.int8),
        warming_up=random.random(points) < 0.5,
        incident=12.5 * random.random(points),
    )
    series = TimeSeries(np.sort(random.choice(LATEST, points, replace=False)), numbers[5])
    answer = json_answer({"predictions": judgements(series, scores)}, headers)
    quoted = len(json.dumps({"statusCode": 200, "headers": answer.headers, "body": answer.body}))
    assert 0.5 * LAMBDAS_LARGEST_ANSWER < quoted < 0.97 * LAMBDAS_LARGEST_ANSWER
