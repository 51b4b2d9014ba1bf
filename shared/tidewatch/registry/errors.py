"""What can go wrong with versions; the HTTP door decides what each means to a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_MOST_NAMED: Final = 5


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
    """The version is the champion, the challenger or the latest of its series, which no request deletes alone."""

    def __init__(self, series_id: str, number: int) -> None:
        super().__init__(
            f"version v{number} of series {series_id!r} is in use: train another first, or delete the whole series"
        )
        self.series_id = series_id
        self.number = number


class WrongKind(ValueError):
    """A model of rows was asked about single values, or the other way round."""

    def __init__(self, series_id: str, version: str, variables: Sequence[str] | None) -> None:
        """Names the version, and what it judges.

        Args:
            series_id: the series.
            version: such as v3.
            variables: of its rows; None if it judges single values.
        """
        judges = "single values" if variables is None else f"rows of {_listed(variables)}"
        asked = "timestamp and value, or points" if variables is None else "rows"
        super().__init__(f"version {version} of series {series_id!r} judges {judges}: send {asked}")
        self.of_rows = variables is not None


class NotAsExpected(Exception):
    """The series no longer stands where the request says that it does: somebody changed it since."""

    def __init__(self, series_id: str, tag: str) -> None:
        super().__init__(f"series {series_id!r} was changed since: it stands at {tag}")
        self.series_id = series_id
        self.tag = tag


class VersionIsChampion(Exception):
    """The champion cannot challenge itself."""

    def __init__(self, series_id: str, number: int) -> None:
        super().__init__(f"version v{number} of series {series_id!r} is the champion: it cannot challenge itself")
        self.series_id = series_id
        self.number = number


class CannotChallenge(Exception):
    """A challenger judges what the champion judges, so that the two can be compared."""

    def __init__(self, series_id: str, number: int) -> None:
        super().__init__(
            f"version v{number} of series {series_id!r} does not judge what the champion judges: "
            "both take single values, or rows of the same variables"
        )
        self.series_id = series_id
        self.number = number


class NoChallenger(LookupError):
    """The series has no challenger."""

    def __init__(self, series_id: str) -> None:
        super().__init__(f"series {series_id!r} has no challenger: set one with PUT /series/{series_id}/challenger")
        self.series_id = series_id


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


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more variables" if more > 0 else "")
