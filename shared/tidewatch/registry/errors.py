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


class VersionTaken(Exception):
    """Another publisher was first with this version number; nothing was written."""


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
    """So many fits of one series ran at once that this one got no version in its time; nothing was published."""

    def __init__(self, series_id: str, retry_after: int = 2) -> None:
        super().__init__(f"series {series_id!r} is being trained by too many callers at once")
        self.series_id = series_id
        self.retry_after = retry_after


class DataCorrupted(Exception):
    """Stored training data, or arrays of a model, do not match the sha256 of their version."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} does not match its sha256")
        self.key = key
