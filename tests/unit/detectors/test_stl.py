"""STL beside statsmodels' own, and what it makes of series whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import STL
from tidewatch.detectors.seasonal.stl import Decomposition, Loess, decompose, default_windows


def random_series(seed: int, period: int, size: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    season = 3 * np.sin(2 * np.pi * np.arange(size) / period)
    return season + 0.3 * np.cumsum(random.normal(size=size)) + random.standard_t(3, size)


def ours(values, period, seasonal: Loess | None, *, robust: bool, degrees=(1, 1), jumps=(1, 1)) -> Decomposition:
    trend, low_pass = default_windows(period, seasonal.window if seasonal else None)
    return decompose(
        values,
        period,
        seasonal=seasonal,
        trend=Loess(trend, degrees[0], jumps[0]),
        low_pass=Loess(low_pass, degrees[1], jumps[1]),
        inner=2 if robust else 5,
        outer=15 if robust else 0,
    )


def same(one: Decomposition, reference) -> None:
    for name, other in (("season", "seasonal"), ("trend", "trend"), ("weights", "weights")):
        np.testing.assert_allclose(getattr(one, name), getattr(reference, other), rtol=0, atol=1e-9)


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize(("period", "size"), [(4, 40), (7, 100), (12, 131), (24, 240), (50, 433)])
@pytest.mark.parametrize("seasonal", [7, 13, 35])
def test_equals_statsmodels(robust, period, size, seasonal):
    values = random_series(period + seasonal, period, size)
    same(ours(values, period, Loess(seasonal), robust=robust), STL(values, period, seasonal, robust=robust).fit())


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("degrees", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0)])
@pytest.mark.parametrize("jumps", [(1, 1, 1), (2, 5, 3)])
def test_equals_statsmodels_with_other_degrees_and_jumps(robust, degrees, jumps):
    values = random_series(5, 12, 200)
    options = dict(zip(("seasonal_deg", "trend_deg", "low_pass_deg"), degrees, strict=True))
    options |= dict(zip(("seasonal_jump", "trend_jump", "low_pass_jump"), jumps, strict=True))
    reference = STL(values, 12, 11, robust=robust, **options).fit()
    seasonal = Loess(11, degrees[0], jumps[0])
    same(ours(values, 12, seasonal, robust=robust, degrees=degrees[1:], jumps=jumps[1:]), reference)


@pytest.mark.parametrize("robust", [False, True])
def test_a_season_that_is_always_the_same_is_one_smoothed_over_all_cycles(robust):
    values = random_series(1, 12, 300)
    reference = STL(values, 12, 10_000_001, trend=19, seasonal_deg=0, robust=robust).fit()
    same(ours(values, 12, None, robust=robust), reference)


def test_the_parts_of_a_known_series():
    places = np.arange(480)
    season, trend = np.tile([3.0, -1.0, 0.0, -2.0], 120), 0.02 * places
    values = season + trend + np.random.default_rng(0).normal(0, 0.05, 480)
    values[[100, 301]] += 1e3
    # The paper's windows for so short a period are as narrow as what two wild values spoil.
    windows = {"trend": Loess(25), "low_pass": Loess(5)}
    parts = decompose(values, 4, seasonal=None, inner=1, outer=15, **windows)
    assert parts.season == pytest.approx(season, abs=0.05)
    assert parts.trend == pytest.approx(trend, abs=0.1)
    assert parts.weights[[100, 301]].tolist() == [0.0, 0.0]


def test_points_without_weight_do_not_count():
    values = random_series(2, 6, 120)
    weights = np.ones(120)
    weights[40:46] = 0.0
    spoiled = np.where(weights > 0, values, 1e3)
    windows = {"trend": Loess(9), "low_pass": Loess(7)}
    one, other = (
        decompose(some, 6, seasonal=None, inner=2, outer=3, weights=weights, **windows) for some in (values, spoiled)
    )
    np.testing.assert_allclose(one.season, other.season, atol=1e-9)
    np.testing.assert_allclose(one.trend, other.trend, atol=1e-9)


def test_loess_keeps_lines_and_its_degree_0_constants():
    line = 2.0 * np.arange(40.0)[:, None] - 7
    assert Loess(9).smooth(line) == pytest.approx(line)
    assert Loess(9, degree=0).smooth(np.full((40, 2), 3.0)) == pytest.approx(np.full((40, 2), 3.0))


def test_loess_keeps_a_value_with_no_weight_around():
    values = np.arange(12.0)[:, None] ** 2
    weights = np.ones((12, 1))
    weights[2:9] = 0.0
    assert Loess(3).smooth(values, weights)[4:7] == pytest.approx(values[4:7])
