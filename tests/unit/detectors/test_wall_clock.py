"""Seasons of a place whose clocks are set forward and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, CannotTrain, Model, fit_model, fit_rows, restore_model
from tidewatch.detectors.base import chosen, joined
from tidewatch.detectors.multivariate.pca import PcaOptions
from tidewatch.detectors.wall_clock import WallClockModel
from tidewatch.series import Frame, TimeSeries

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600, 86_400
SPRING, AUTUMN = "2025-03-02T00:00:00+01:00", "2025-09-28T00:00:00+02:00"
TRAINING = 21 * 24  # hours, and as many days follow before and after the change


def office(start: str, days: int = 49) -> TimeSeries:
    """Load of an office, hourly: people are in from 8 to 18 by their own clock."""
    times = int(datetime.fromisoformat(start).timestamp()) + HOUR * np.arange(24 * days)
    hour = np.array([datetime.fromtimestamp(at, BERLIN).hour for at in times.tolist()])
    busy = (hour >= 8) & (hour < 18)
    return TimeSeries(times, np.where(busy, 100.0, 20.0) + np.random.default_rng(0).normal(0.0, 2.0, times.size))


def model_of(name: str, series: TimeSeries, timezone: str = "Europe/Berlin") -> Model:
    return fit_model(series, CATALOGUE[name].options_type(name=name), timezone=timezone)


def same(one, other) -> bool:
    names = ("anomaly", "score", "p_value", "expected", "lower", "upper", "warming_up")
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names)


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("name", ["seasonal_decomposition", "holt_winters"])
def test_a_local_day_gives_no_alarm_over_a_change_of_clocks_and_many_without_a_time_zone(name, start):
    series = office(start)
    alarms = {
        timezone: model_of(name, series.part(0, TRAINING), timezone).score(series.part(TRAINING)).anomaly.sum()
        for timezone in ("Europe/Berlin", "UTC")
    }
    assert alarms["Europe/Berlin"] == 0
    assert alarms["UTC"] >= 10


def test_a_model_that_was_trained_over_both_changes_knows_the_local_day():
    series = office("2025-02-01T00:00:00+01:00", 320)
    model = model_of("seasonal_decomposition", series.part(0, 300 * 24))
    # 1 of 1,000 usual points may be an alarm.
    assert model.score(series.part(300 * 24)).anomaly.sum() <= 2
    night = series.part(300 * 24, 300 * 24 + 1)
    assert model.score(TimeSeries(night.timestamps, np.array([100.0]))).anomaly.all()


@pytest.mark.parametrize("name", ["auto", "seasonal_decomposition", "local_outlier_factor"])
def test_both_passes_of_the_repeated_hour_are_judged_by_what_came_before_it(name):
    series = office(AUTUMN)
    again = next(
        at for at in range(len(series)) if datetime.fromtimestamp(int(series.timestamps[at]), BERLIN).fold == 1
    )
    model = model_of(name, series.part(0, TRAINING))
    before, later = series.part(TRAINING, again - 1), series.part(again - 1)
    whole = model.score(series.part(TRAINING))
    first = model.score(later.part(0, 1), before)
    second = model.score(later.part(1, 2), before)
    size = len(before)
    assert same(chosen(whole, slice(size, size + 1)), first)
    assert same(chosen(whole, slice(size + 1, size + 2)), second)
    # In two requests as in one: the context may hold the first pass, and what follows the second.
    rest = model.score(later.part(1), before.followed_by(later.part(0, 1)))
    assert same(chosen(whole, slice(size + 1, None)), rest)


@pytest.mark.parametrize("name", ["auto", "holt_winters", "isolation_forest"])
def test_a_stored_model_judges_alike_and_no_point_is_lost(name):
    series = office(AUTUMN)
    model = model_of(name, series.part(0, TRAINING))
    stored = restore_model(name, model.options.model_dump(), model.parameters(), model.arrays())
    assert isinstance(stored, WallClockModel)
    assert same(model.score(series.part(TRAINING)), stored.score(series.part(TRAINING)))
    assert len(model.review(series).anomaly) == len(series)


@pytest.mark.parametrize("name", ["auto", "seasonal_decomposition"])
@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_points_that_come_in_are_judged_as_all_at_once_however_they_are_cut(name, start):
    series = office(start, 32)
    model = model_of(name, series.part(0, TRAINING))
    whole = model.score(series.part(TRAINING))
    for step in (1, 7, 24):
        follower, parts = model.follow(), []
        for at in range(TRAINING, len(series), step):
            scores, follower = follower.judge(series.part(at, at + step))
            parts.append(scores)
            if at % 5 == 0:
                # A consumer that begins anew, maybe within the hour.
                follower = model.follow(follower.state())
        together = joined(parts)
        assert np.array_equal(together.anomaly, whole.anomaly)
        assert np.allclose(together.p_value, whole.p_value, rtol=1e-6, equal_nan=True)
        assert not any(array.startswith("before_") for array in follower.state())


def test_a_season_that_no_calendar_knows_goes_on_through_the_change():
    """A job every five hours of a machine does not wait for the hour that clocks are set back."""
    series = office(SPRING)
    noise = np.random.default_rng(0).normal(0.0, 2.0, len(series))
    values = np.where(np.arange(len(series)) % 5 == 0, 100.0, 20.0) + noise
    jobs = TimeSeries(series.timestamps, values)
    model = model_of("seasonal_decomposition", jobs.part(0, TRAINING))
    assert model.period == 5
    assert not isinstance(model, WallClockModel)
    assert model.score(jobs.part(TRAINING)).anomaly.sum() <= 2


@pytest.mark.parametrize(("name", "timezone"), [("auto", "UTC"), ("mad", "Europe/Berlin"), ("sub_pca", "Asia/Tokyo")])
def test_who_has_no_use_for_a_clock_pays_nothing_for_it(name, timezone):
    assert not isinstance(model_of(name, office(SPRING).part(0, TRAINING), timezone), WallClockModel)


def test_the_calendar_of_rows_is_that_of_the_place():
    series = office(SPRING)
    frame = Frame(series.timestamps, np.stack([series.values, 200.0 - series.values], axis=1), ("load", "idle"))
    options = PcaOptions(calendar=["hour"])
    model = fit_rows(frame.part(0, TRAINING), options, timezone="Europe/Berlin")
    stored = restore_model("pca", options.model_dump(), model.parameters(), model.arrays())
    scores = stored.score(frame.part(TRAINING))
    assert np.array_equal(scores.score, model.score(frame.part(TRAINING)).score)
    summer = slice(14 * 24, None)
    without = fit_rows(frame.part(0, TRAINING), options).score(frame.part(TRAINING))
    assert scores.score[summer].max() < without.score[summer].max()
    assert model.preprocessing()["timezone"] == "Europe/Berlin"


def test_a_series_that_is_little_more_than_the_first_pass_of_an_hour_goes_by_elapsed_time():
    again = int(datetime.fromisoformat("2025-10-26T01:00:00+00:00").timestamp())
    few = TimeSeries(again + 900 * np.arange(-4, 1), np.array([1.0, 2.0, 3.0, 1.0, 2.0]))
    assert same(model_of("auto", few).review(few), model_of("auto", few, "UTC").review(few))
    with pytest.raises(CannotTrain, match="got 5"):
        model_of("holt_winters", few)
    with pytest.raises(CannotTrain):
        model_of("seasonal_decomposition", few)
