"""What a tenant may use, as the service counts it by itself."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a tenant; None is no limit.

    Attributes:
        points_per_day: points that are sent to be learned or judged, per day (UTC).
        series: series with a model.
    """

    points_per_day: int | None = None
    series: int | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The limits that there are."""
        return tuple(field.name for field in fields(cls))


NO_LIMITS = Limits()
"""Of a tenant that nobody limited."""


class LimitExceeded(Exception):
    """A tenant has used what it may use.

    Attributes:
        limit: which of its limits, such as ``points_per_day``.
        retry_after: seconds after which it may try again.
    """

    def __init__(self, limit: str, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.limit = limit
        self.retry_after = retry_after
