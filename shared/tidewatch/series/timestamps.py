"""Which instants the service takes, the years 1970 to 2200 in Unix seconds, and how text tells one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

EARLIEST: Final = 0
"""1970-01-01T00:00:00Z, the first instant taken."""

LATEST: Final = int(datetime(2201, 1, 1, tzinfo=UTC).timestamp()) - 1
"""2200-12-31T23:59:59Z, the last instant taken."""

_FINER_UNITS: Final = (("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))

# As many as nanoseconds of the year 2200 have, so that a mistaken unit can be named.
_MOST_DIGITS: Final = 20
_FORMS: Final = "a timestamp is Unix seconds such as 1735689600, or ISO 8601 such as 2025-01-01T00:00:00Z"


class AmbiguousTimestamp(ValueError):
    """Text that may be Unix seconds and may be a date."""


def parse_timestamp(text: str) -> int:
    """Reads Unix seconds, of any year, from digits or ISO 8601.

    The fraction of a second is dropped. A time without a zone is in UTC.

    Raises:
        AmbiguousTimestamp: for eight digits that are also a date: as Unix seconds ``20260101`` is a day in 1970.
        ValueError: for anything else.

    >>> parse_timestamp("1970-01-02T00:00:00.9")
    86400
    """
    text = text.strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        if date := _date_of(text):
            raise AmbiguousTimestamp(
                f"{text} is ambiguous: write the date as {date}, or send Unix seconds as an integer, not a string"
            )
        return int(text)
    if digits.isdigit():
        # fromisoformat would read some of them as a date and a time.
        raise ValueError(_FORMS)
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        raise ValueError(_FORMS) from None


def _date_of(digits: str) -> str | None:
    """The date that eight digits write, such as 2026-01-01; None if they write none of 1900 to 2200."""
    if len(digits) != 8 or not "1900" <= digits[:4] <= "2200":
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return None


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
