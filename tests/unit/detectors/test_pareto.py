"""The generalised Pareto tail, beside scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto
from tidewatch.calibration.pareto import excess_at, fit_pareto, log_survival

shapes = st.sampled_from([0.0, 1e-9]) | st.floats(1e-3, 0.5)
scales = st.floats(1e-6, 1e6)


def fit(excess) -> tuple[float, float]:
    (scale,), (shape,) = fit_pareto(np.sort(np.array(excess, dtype=np.float64))[None, :])
    return float(scale), float(shape)


@given(scales, shapes)
def test_survival_is_scipy_s(scale, shape):
    excess = scale * np.array([0.0, 1e-3, 1.0, 7.0, 1e3])
    theirs = genpareto.logsf(excess, shape, scale=scale)
    assert log_survival(excess, scale, shape) == pytest.approx(theirs, rel=1e-4 if shape < 1e-6 else 1e-9)


@given(scales, shapes, st.floats(-600, -1e-9))
def test_the_excess_of_a_share_is_the_inverse_of_the_survival(scale, shape, log_share):
    excess = excess_at(log_share, scale, shape)
    assert log_survival(np.array([excess]), scale, shape)[0] == pytest.approx(log_share, rel=1e-9)


def test_all_of_the_tail_is_beyond_its_start():
    assert log_survival(np.zeros(1), 2.0, 0.3).tolist() == [0.0]
    assert excess_at(0.0, 2.0, 0.3) == 0.0


def test_moments_of_a_known_sample():
    """Of 1, 2, 6 the mean is 3 and the weighted moment (1 * 2 + 2 * 1 + 6 * 0) / (3 * 2) is 2/3: the shape is
    2 - 3 / (3 - 4/3) and the scale 3 * (1 - shape).
    """
    assert fit([1.0, 2.0, 6.0]) == pytest.approx((2.4, 0.2))


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.25, 0.45])
def test_a_large_sample_gives_back_what_it_is_of(shape):
    sample = genpareto.rvs(shape, scale=3.0, size=200_000, random_state=np.random.default_rng(1))
    found = fit(sample)
    assert found == (pytest.approx(3.0, rel=0.03), pytest.approx(shape, abs=0.03))


@pytest.mark.parametrize(("shape", "held"), [(-0.5, 0.0), (-2.0, 0.0), (0.9, 0.5)])
def test_the_shape_is_held_and_the_mean_is_kept(shape, held):
    sample = genpareto.rvs(shape, scale=3.0, size=20_000, random_state=np.random.default_rng(2))
    scale, found = fit(sample)
    assert found == held
    assert scale / (1 - found) == pytest.approx(sample.mean())


def test_each_row_is_fitted_by_itself():
    rows = np.sort(np.random.default_rng(3).exponential(1, (4, 50)) * [[1], [2], [4], [8]], axis=1)
    scales, shapes = fit_pareto(rows)
    assert [fit(row) for row in rows] == list(zip(scales.tolist(), shapes.tolist(), strict=True))


@pytest.mark.parametrize("excess", [[0.0, 0.0, 0.0], [0.0, 1e-308], [0.0, 0.0, 1e300], [5.0] * 10])
def test_samples_without_a_tail_are_no_error(excess):
    scale, shape = fit(excess)
    assert np.isfinite([scale, shape]).all()
    assert scale >= 0.0
    assert 0.0 <= shape <= 0.5
