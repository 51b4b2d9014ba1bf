"""Which season a series has, and that noise, trends and walks have none."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors.seasonal.season import Cycles, close_gaps, find_season
from tidewatch.series import Sampling

HOUR = 3_600
SHAPES = {
    "sine": lambda phase: np.sqrt(2) * np.sin(2 * np.pi * phase),
    "square": lambda phase: np.sign(phase - 0.5),
    "spike": lambda phase: np.where(phase < 0.04, 5.0, 0.0),
}


def found(values, step=HOUR, places=None) -> int | None:
    places = np.arange(values.size) if places is None else places
    sampling = Sampling.of(places * step)
    return find_season(sampling, sampling.places(places * step), values)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("period", "size"), [(24, 240), (24, 3_000), (7, 100), (50, 1_000), (168, 1_000)])
def test_a_season_in_as_much_noise_is_found(shape, period, size):
    random = np.random.default_rng(3)
    phase = np.arange(size) % period / period
    assert found(SHAPES[shape](phase) + random.normal(0, 0.7, size)) == period


@pytest.mark.parametrize(("step", "period"), [(60, 1_440), (300, 288), (86_400, 7), (2_629_800, 12)])
def test_of_a_calendar_s_period_three_cycles_are_enough(step, period):
    random = np.random.default_rng(1)
    season = random.normal(0, 3, period)
    assert found(np.tile(season, 3) + random.normal(0, 0.5, 3 * period), step) == period


def test_a_week_that_differs_from_its_days_is_found_as_such():
    random = np.random.default_rng(1)
    hours = np.arange(24 * 7 * 6)
    values = np.sin(2 * np.pi * hours / 24) * np.where(hours // 24 % 7 < 5, 3, 1) + random.normal(0, 0.3, hours.size)
    assert found(values) == 168


def test_a_trend_or_a_wandering_level_hides_no_season():
    random = np.random.default_rng(2)
    season = np.tile(random.normal(0, 2, 24), 60)
    assert found(season + 0.5 * np.arange(season.size)) == 24
    assert found(season + np.cumsum(random.normal(0, 0.5, season.size))) == 24


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "exponential", "smooth", "walk", "smooth walk", "line", "constant", "step"])
@pytest.mark.parametrize("size", [20, 150, 800, 5_000])
def test_where_there_is_no_season_none_is_found(kind, size):
    count = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        noise = random.normal(size=size)
        values = {
            "normal": noise,
            "exponential": random.exponential(size=size),
            "smooth": np.convolve(random.normal(size=size + 9), np.ones(10), "valid"),
            "walk": np.cumsum(noise),
            "smooth walk": np.cumsum(np.cumsum(noise)),
            "line": np.arange(size, dtype=np.float64),
            "constant": np.zeros(size),
            "step": np.repeat([0.0, 1.0], size // 2),
        }[kind]
        count += found(values, 300) is not None
    # A walk can look like anything for a while.
    assert count <= (1 if "walk" in kind or kind == "smooth" else 0)


def test_gaps_do_not_move_the_season():
    """Monday to Friday, nine to five: in points, a week would be 40."""
    random = np.random.default_rng(4)
    hours = np.arange(24 * 7 * 8)
    kept = (hours // 24 % 7 < 5) & (hours % 24 >= 9) & (hours % 24 < 17)
    week = random.normal(0, 2, 168)
    places = hours[kept]
    assert found(week[places % 168] + random.normal(0, 0.5, places.size), HOUR, places) == 168


def test_a_gap_of_years_hides_nothing():
    random = np.random.default_rng(4)
    places = np.append(np.arange(500), 80_000 + np.arange(60))
    assert found(np.sin(2 * np.pi * places / 24) + random.normal(0, 0.3, places.size), HOUR, places) == 24


def test_long_gaps_are_closed_by_whole_periods():
    places = np.array([0, 1, 25, 49, 100, 1_000_003, 1_000_004])
    closed = close_gaps(places, 24)
    assert (closed % 24).tolist() == (places % 24).tolist()
    assert closed[:4].tolist() == places[:4].tolist()
    assert (np.diff(closed) > 0).all()
    assert np.diff(closed).max() <= 48


def test_agreement_of_exact_cycles_is_1_and_their_shape_is_the_season():
    season = np.array([1.0, 5.0, -2.0, 0.0, 1.0, 1.0])
    cycles = Cycles.of(np.arange(60), np.tile(season, 10), 6)
    assert cycles.agreement() == pytest.approx(1.0)
    assert cycles.shape() == pytest.approx(season - season.mean())


def test_wild_values_do_not_bend_the_shape():
    season = np.array([1.0, 5.0, -2.0, 0.0])
    values = np.tile(season, 20) + np.random.default_rng(0).normal(0, 0.1, 80)
    values[[9, 30]] += 1e3
    shape = Cycles.of(np.arange(80), np.clip(values, -20, 20), 4).shape()
    assert shape - shape.mean() == pytest.approx(season - season.mean(), abs=0.5)


def test_a_phase_without_points_lies_between_its_neighbours():
    places = np.array([place for place in range(60) if place % 6 != 3])
    shape = Cycles.of(places, np.array([0.0, 2.0, 4.0, 9.0, 8.0, 0.0])[places % 6], 6).shape()
    assert shape[3] == pytest.approx((shape[2] + shape[4]) / 2)
