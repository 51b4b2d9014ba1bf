"""TimeSeries guards what every detector relies on."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.series import EARLIEST, LATEST, TimeSeries, describe_out_of_range


def test_knows_its_length_and_span():
    series = TimeSeries(np.array([10, 20, 40]), np.array([1.0, 2.0, 3.0]))
    assert (len(series), series.start, series.end) == (3, 10, 40)
    assert (type(series.start), type(series.end)) == (int, int)


@pytest.mark.parametrize(
    ("timestamps", "values"),
    [
        (np.array([1, 2]), np.array([1.0])),
        (np.array([]), np.array([1.0])),
        (np.array([[1, 2]]), np.array([[1.0, 2.0]])),
    ],
)
def test_refuses_arrays_that_do_not_belong_together(timestamps, values):
    with pytest.raises(ValueError, match="one-dimensional and of one length"):
        TimeSeries(timestamps, values)


def test_cannot_be_changed():
    series = TimeSeries(np.array([1, 2]), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 9.0
    with pytest.raises(ValueError, match="read-only"):
        series.timestamps[0] = 9
    with pytest.raises(AttributeError):
        series.values = np.array([3.0, 4.0])


def test_of_point_is_a_series_of_one():
    point = TimeSeries.of_point(1_735_689_600, 2.5)
    assert (point.timestamps.tolist(), point.values.tolist()) == ([1_735_689_600], [2.5])
    assert (point.timestamps.dtype, point.values.dtype) == (np.int64, np.float64)


def test_the_range_is_the_years_1970_to_2200():
    assert np.datetime64(EARLIEST, "s") == np.datetime64("1970-01-01T00:00:00")
    assert np.datetime64(LATEST, "s") == np.datetime64("2200-12-31T23:59:59")


@pytest.mark.parametrize(
    ("timestamp", "hint"),
    [
        (1_735_689_600_123, "looks like milliseconds; send Unix seconds, that is 1735689600"),
        (1_735_689_600_123_456, "looks like microseconds; send Unix seconds, that is 1735689600"),
        (1_735_689_600_123_456_789, "looks like nanoseconds; send Unix seconds, that is 1735689600"),
        (LATEST + 1, "is outside the years 1970 to 2200"),
        (-1, "is outside the years 1970 to 2200"),
        (-1_735_689_600_123, "is outside the years 1970 to 2200"),
        (10**40, "is outside the years 1970 to 2200"),
    ],
)
def test_says_why_a_timestamp_is_not_taken(timestamp, hint):
    assert hint in describe_out_of_range(timestamp)
