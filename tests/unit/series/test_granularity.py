"""Places on the sender's grid, and values for places without a point."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.series.granularity import OffGrid, fill, places_of

STEPS = {"weekly": 604_800, "daily": 86_400, "hourly": 3_600, "minutely": 60, "secondly": 1}


def microseconds(*texts: str) -> list[int]:
    return [int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000 for text in texts]


@pytest.mark.parametrize("granularity", STEPS)
@pytest.mark.parametrize("interval", [1, 5])
def test_places_count_steps(granularity, interval):
    step = STEPS[granularity] * interval * 1_000_000
    times = [10**15 + step * place for place in (0, 1, 4)]
    assert places_of(times, granularity, interval).tolist() == [0, 1, 4]


def test_months_and_years_are_those_of_the_calendar():
    assert places_of(microseconds("2023-12-01", "2024-01-01", "2024-03-01"), "monthly", 1).tolist() == [0, 1, 3]
    assert places_of(microseconds("2019-06-01", "2020-06-01", "2023-06-01"), "yearly", 1).tolist() == [0, 1, 4]
    assert places_of(microseconds("2023-01-31", "2023-04-30", "2023-07-31"), "monthly", 3).tolist() == [0, 1, 2]


def test_a_point_between_two_places_is_named():
    with pytest.raises(OffGrid, match=r"series\[2\]") as caught:
        places_of(microseconds("2023-01-01", "2023-01-02", "2023-01-02T12:00"), "daily", 1)
    assert caught.value.index == 2


@pytest.mark.parametrize("last", ["2023-01-02", "2023-01-01"])
def test_a_point_that_is_not_later_is_named(last):
    with pytest.raises(OffGrid, match="not later") as caught:
        places_of(microseconds("2023-01-01", "2023-01-02", last), "daily", 1)
    assert caught.value.index == 2


@pytest.mark.parametrize(
    ("mode", "period", "expected"),
    [
        ("linear", None, [1, 2, 3, 4, 5, 6, 7]),
        ("auto", None, [1, 2, 3, 4, 5, 6, 7]),
        ("auto", 2, [1, 2, 1, 4, 1, 6, 7]),
        ("previous", None, [1, 2, 2, 4, 4, 6, 7]),
        ("fixed", None, [1, 2, -1, 4, -1, 6, 7]),
        ("zero", None, [1, 2, 0, 4, 0, 6, 7]),
        ("notFill", None, [1, 2, 4, 6, 7]),
    ],
)
def test_gaps_are_filled_as_asked(mode, period, expected):
    filled = fill(np.array([0, 1, 3, 5, 6]), np.array([1.0, 2, 4, 6, 7]), mode, -1.0, period)
    assert filled.values.tolist() == expected
    assert filled.values[filled.given].tolist() == [1, 2, 4, 6, 7]


@given(
    steps=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    mode=st.sampled_from(["auto", "previous", "linear", "fixed", "zero", "notFill"]),
    period=st.none() | st.integers(2, 9),
)
def test_what_was_sent_stays_as_it_was(steps, mode, period):
    places = np.concatenate([[0], np.cumsum(steps)])
    values = np.arange(places.size) * 1.5
    filled = fill(places, values, mode, 7.0, period)
    assert filled.values[filled.given].tolist() == values.tolist()
    assert filled.values.size == (places.size if mode == "notFill" else places[-1] + 1)
