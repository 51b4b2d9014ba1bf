"""The wall clock of a place: against zoneinfo, and over both kinds of change."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.series import EARLIEST, LATEST, UnknownTimezone, check_timezone, local_clock
from tidewatch.series.local_time import RepeatedHour, timezone_names

INSTANTS = st.integers(EARLIEST, int(datetime(2060, 1, 1, tzinfo=UTC).timestamp()))
ZONES = st.sampled_from(sorted(timezone_names()))


def hours(start: str, count: int) -> np.ndarray:
    return int(datetime.fromisoformat(start).timestamp()) + 3_600 * np.arange(count)


@given(ZONES, st.lists(INSTANTS, min_size=1, max_size=20, unique=True).map(sorted))
def test_the_wall_clock_is_that_of_the_database_for_one_time_and_for_many(name, instants):
    clock = local_clock(name)
    expected = [at + int(datetime.fromtimestamp(at, clock.zone).utcoffset().total_seconds()) for at in instants]
    assert clock.wall(np.array(instants)).tolist() == expected
    assert [int(clock.wall(np.array([at]))[0]) for at in instants] == expected


def test_an_hour_is_repeated_where_clocks_are_set_back():
    berlin = local_clock("Europe/Berlin")
    autumn = hours("2025-10-26T00:00:00+02:00", 6)
    # 02:00 is there twice.
    assert (berlin.wall(autumn) // 3_600 % 24).tolist() == [0, 1, 2, 2, 3, 4]
    (hour,) = berlin.repeated_hours(autumn)
    assert hour == RepeatedHour(int(autumn[2]), int(autumn[3]), int(autumn[4]))
    assert hour.places_in(autumn) == (2, 3, 4)
    assert hour.places_in(autumn[[0, 1, 2, 4]]) == (2, 3, 3)
    spring = hours("2025-03-30T00:00:00+01:00", 4)
    assert (berlin.wall(spring) // 3_600 % 24).tolist() == [0, 1, 3, 4]
    assert berlin.repeated_hours(spring) == []


def test_half_an_hour_may_be_repeated_too():
    clock = local_clock("Australia/Lord_Howe")
    times = int(datetime.fromisoformat("2025-04-05T14:00:00+00:00").timestamp()) + 900 * np.arange(8)
    (hour,) = clock.repeated_hours(times)
    assert hour.places_in(times) == (2, 4, 6)


def test_times_before_the_first_year_have_a_clock_as_well():
    assert local_clock("Asia/Tokyo").wall(np.array([-(10**15), -1, LATEST])).tolist() == [
        -(10**15) + 32_400,
        32_399,
        LATEST + 32_400,
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"), ("New York", "America/New_York")],
)
def test_an_unknown_zone_names_the_nearest(written, meant):
    with pytest.raises(UnknownTimezone, match=f"did you mean {meant}"):
        check_timezone(written)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "Factory", "zones", "Qqq" * 40])
def test_what_is_no_zone_at_all_is_refused(name):
    with pytest.raises(UnknownTimezone):
        check_timezone(name)
