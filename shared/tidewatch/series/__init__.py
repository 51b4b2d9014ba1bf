"""Time series as every other room sees them: two arrays, checked once, at the door."""

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
from tidewatch.series.sampling import Sampling
from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import EARLIEST, LATEST, describe_out_of_range

__all__ = [
    "EARLIEST",
    "LATEST",
    "TIMESTAMPS",
    "UNTIMED_STEP",
    "VALUES",
    "Column",
    "InvalidSeries",
    "Preflight",
    "Problem",
    "Sampling",
    "TimeSeries",
    "check_numbers",
    "describe_out_of_range",
    "preflight",
]
