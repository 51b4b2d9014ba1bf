"""Time series as every other room sees them: two arrays, checked once, at the door."""

from tidewatch.series.forms import (
    MOST_PROBLEMS,
    POINT_FIELDS,
    SentSeries,
    read_points,
    read_series,
)
from tidewatch.series.preflight import (
    TIMESTAMPS,
    UNTIMED_STEP,
    VALUES,
    Column,
    InvalidSeries,
    Preflight,
    Problem,
    check_numbers,
    preflight,
)
from tidewatch.series.profile import SeriesProfile
from tidewatch.series.sampling import Sampling
from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import EARLIEST, LATEST, AmbiguousTimestamp, describe_out_of_range, parse_timestamp

__all__ = [
    "EARLIEST",
    "LATEST",
    "MOST_PROBLEMS",
    "POINT_FIELDS",
    "TIMESTAMPS",
    "UNTIMED_STEP",
    "VALUES",
    "AmbiguousTimestamp",
    "Column",
    "InvalidSeries",
    "Preflight",
    "Problem",
    "Sampling",
    "SentSeries",
    "SeriesProfile",
    "TimeSeries",
    "check_numbers",
    "describe_out_of_range",
    "parse_timestamp",
    "preflight",
    "read_points",
    "read_series",
]
