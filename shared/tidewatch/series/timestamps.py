"""Which instants the service takes: the years 1970 to 2200, in Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

EARLIEST: Final = 0
"""1970-01-01T00:00:00Z, the first instant taken."""

LATEST: Final = int(datetime(2201, 1, 1, tzinfo=UTC).timestamp()) - 1
"""2200-12-31T23:59:59Z, the last instant taken."""

_FINER_UNITS: Final = (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))


def describe_out_of_range(timestamp: int) -> str:
    """Says why a timestamp is not taken, and names the likely mistake of unit if there is one."""
    for unit, factor in _FINER_UNITS:
        # A number that is too large as seconds but falls after 1990 in a finer unit was almost surely sent in it.
        if timestamp > LATEST and 631_152_000 <= timestamp // factor <= LATEST:
            return f"{timestamp} looks like {unit}; send Unix seconds, that is {timestamp // factor}"
    return f"{written(timestamp)} is outside the years 1970 to 2200 (Unix seconds {EARLIEST} to {LATEST})"


def written(timestamp: int) -> str:
    """A timestamp as a message shows it: JSON can hold integers of thousands of digits."""
    return str(timestamp) if timestamp.bit_length() <= 64 else "a number beyond 64 bits"
