"""Time series as every other room sees them: two arrays, checked once, at the door."""

from tidewatch.series.preflight import InvalidSeries, Preflight, Problem, preflight
from tidewatch.series.time_series import TimeSeries
from tidewatch.series.timestamps import EARLIEST, LATEST, describe_out_of_range

__all__ = [
    "EARLIEST",
    "LATEST",
    "InvalidSeries",
    "Preflight",
    "Problem",
    "TimeSeries",
    "describe_out_of_range",
    "preflight",
]
