"""What can go wrong with versions; the HTTP door decides what each means to a client."""

from __future__ import annotations


class SeriesNotFound(LookupError):
    """No version of this series was ever published."""

    def __init__(self, series_id: str) -> None:
        super().__init__(f"series {series_id!r} has no model: train it with POST /fit/{series_id}")
        self.series_id = series_id


class VersionNotFound(LookupError):
    """The series exists, but not in this version."""

    def __init__(self, series_id: str, number: int, latest: int) -> None:
        super().__init__(f"series {series_id!r} has no version v{number}: its latest is v{latest}")
        self.series_id = series_id
        self.number = number
        self.latest = latest


class VersionInUse(Exception):
    """The version is the champion or the latest of its series, which no request deletes alone."""

    def __init__(self, series_id: str, number: int) -> None:
        super().__init__(
            f"version v{number} of series {series_id!r} is in use: train another first, or delete the whole series"
        )
        self.series_id = series_id
        self.number = number


class WriteConflict(Exception):
    """Another request changed the series at the same time; nothing was written, and the same may be tried again."""


class StorageUnavailable(Exception):
    """Storage throttled, failed or did not answer in time, after the retries that fit the request.

    Attributes:
        operation: what was asked of storage, for the log.
        retry_after: seconds after which a client may try again.
    """

    def __init__(self, operation: str, retry_after: int = 1) -> None:
        super().__init__(f"storage did not serve {operation}")
        self.operation = operation
        self.retry_after = retry_after


class SeriesBusy(Exception):
    """So many requests changed one series at once that this one did not get its turn in time; it changed nothing."""

    def __init__(self, series_id: str, retry_after: int = 2) -> None:
        super().__init__(f"series {series_id!r} is being trained by too many callers at once")
        self.series_id = series_id
        self.retry_after = retry_after


class DataCorrupted(Exception):
    """Stored training data, or arrays of a model, do not match the sha256 of their version."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} does not match its sha256")
        self.key = key
