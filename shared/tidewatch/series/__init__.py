"""Time series as every other room sees them: two arrays, checked once, at the door."""

from tidewatch.series.forms import (
    MOST_PROBLEMS,
    POINT_FIELDS,
    SentSeries,
    read_arrivals,
    read_points,
    read_series,
)
from tidewatch.series.frame import Frame
from tidewatch.series.frame_profile import FrameProfile
from tidewatch.series.identity import ID_PATTERN, LONGEST_ID, is_series_id, series_id_of
from tidewatch.series.local_time import UTC_NAME, LocalClock, UnknownTimezone, check_timezone, local_clock
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
from tidewatch.series.rows import FEWEST_VARIABLES, MOST_VARIABLES, RowLimits, read_columns, read_rows
from tidewatch.series.sampling import Sampling
from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import EARLIEST, LATEST, AmbiguousTimestamp, describe_out_of_range, parse_timestamp

__all__ = [
    "EARLIEST",
    "FEWEST_VARIABLES",
    "ID_PATTERN",
    "LATEST",
    "LONGEST_ID",
    "MOST_PROBLEMS",
    "MOST_VARIABLES",
    "POINT_FIELDS",
    "TIMESTAMPS",
    "UNTIMED_STEP",
    "UTC_NAME",
    "VALUES",
    "AmbiguousTimestamp",
    "Column",
    "Frame",
    "FrameProfile",
    "InvalidSeries",
    "LocalClock",
    "Preflight",
    "Problem",
    "RowLimits",
    "Sampling",
    "SentSeries",
    "SeriesProfile",
    "TimeSeries",
    "UnknownTimezone",
    "check_numbers",
    "check_timezone",
    "describe_out_of_range",
    "is_series_id",
    "local_clock",
    "parse_timestamp",
    "preflight",
    "read_arrivals",
    "read_columns",
    "read_points",
    "read_rows",
    "read_series",
    "series_id_of",
]
