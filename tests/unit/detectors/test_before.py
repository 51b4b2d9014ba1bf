"""What came before each point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tidewatch.detectors.windows import decayed_mean_before, moments_before

values = arrays(np.float64, st.integers(1, 70), elements=st.floats(-1e6, 1e6))
windows = st.integers(1, 80)
decays = st.floats(0.0, 0.99)


@given(values, windows, decays, st.data())
def test_each_answer_is_of_the_points_before_it_only(values, window, decay, data):
    skip = data.draw(st.integers(0, values.size))
    mean, std = moments_before(values, window, skip)
    decayed = decayed_mean_before(values, window, decay, skip)
    weights = decay ** np.arange(window)[::-1]
    for index in range(skip, values.size):
        answers = mean[index - skip], std[index - skip], decayed[index - skip]
        if index < window:
            assert np.isnan(answers).all()
            continue
        past = values[index - window : index]
        wanted = past.mean(), past.std(), past @ weights / weights.sum()
        assert answers == pytest.approx(wanted, rel=1e-9, abs=1e-9 * max(1.0, float(np.abs(past).max())))


@given(st.floats(-1e150, 1e150), windows, decays)
def test_equal_values_have_themselves_as_their_mean(value, window, decay):
    assert (decayed_mean_before(np.full(100, value), window, decay, window) == value).all()


def test_the_same_past_gives_the_same_answer_in_any_block():
    values = np.random.default_rng(4).standard_t(2, 20_000)
    values[9_000] = 1e100
    mean, std = moments_before(values, 20, 0)
    decayed = decayed_mean_before(values, 31, 0.8, 0)
    for index in (31, 8_191, 8_192, 8_212, 8_223, 9_001, 9_021, 9_032, 16_404, 19_999):
        past = values[index - 31 : index + 1]
        alone = [answer[0] for answer in moments_before(past[-21:], 20, 20)]
        assert [mean[index], std[index]] == alone
        assert decayed[index] == decayed_mean_before(past, 31, 0.8, 31)[0]
    assert abs(mean[9_021]) < 10, "the huge value has left the window"
