"""How versions and series are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from tidewatch.deadline import Deadline
from tidewatch.registry.audit import NOBODY, Cause
from tidewatch.registry.contention import until_it_succeeds
from tidewatch.registry.errors import SeriesNotFound, VersionInUse, VersionNotFound
from tidewatch.registry.head import series_deleted, version_deleted
from tidewatch.registry.ports import VersionStore
from tidewatch.registry.version import SeriesKey


class Deleter:
    """Deletes versions and whole series. Their data and arrays are left to the collection of garbage.

    A deletion cannot tell whether another version refers to the same data: equal series of a tenant share one object,
    and a fit may be about to publish a version that does. Only ``services.collect_garbage`` deletes objects, and says
    why that is safe.
    """

    def __init__(
        self,
        versions: VersionStore,
        *,
        deadline_seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Joins a deleter to its storage.

        Args:
            versions: where the versions are.
            deadline_seconds: how long a deletion competes with fits of the same series at the most.
            now: the time, for the audit trail.
            sleep: waits for so many seconds.
        """
        self._versions = versions
        self._deadline_seconds = deadline_seconds
        self._now = now
        self._sleep = sleep

    def delete_series(self, series: SeriesKey, deadline: Deadline | None = None, cause: Cause = NOBODY) -> None:
        """Deletes a series with all its versions. A later fit begins anew at v1. The audit trail stays.

        Args:
            series: the series.
            deadline: of the request; none by default.
            cause: who asked for it, and why.

        Raises:
            SeriesNotFound: if the series has no model.
            SeriesBusy: if fits of the series got in the way until the deadline. It is still there.
            DeadlineExceeded: if it has too many versions for the time. It is still there; the next call goes on.
            StorageUnavailable: if storage failed. The series is gone, or still there and can be deleted again.
        """
        limit = deadline or Deadline.never()

        def delete() -> None:
            head = self._versions.head(series)
            if head is None:
                raise SeriesNotFound(series.series_id)
            self._versions.delete_series(series_deleted(head, cause, self._now()), limit)

        until_it_succeeds(delete, series, limit, most_seconds=self._deadline_seconds, sleep=self._sleep)

    def delete_version(
        self, series: SeriesKey, number: int, deadline: Deadline | None = None, cause: Cause = NOBODY
    ) -> None:
        """Deletes one version. Its number is not given out again while the series lives.

        Args:
            series: the series.
            number: of the version.
            deadline: of the request; none by default.
            cause: who asked for it, and why.

        Raises:
            SeriesNotFound: if the series has no model.
            VersionNotFound: if it has no version of that number.
            VersionInUse: if the version is the champion, the challenger or the latest.
            SeriesBusy: if fits of the series got in the way until the deadline. The version is still there.
            StorageUnavailable: if storage failed. The version is gone, or still there and can be deleted again.
        """

        def delete() -> None:
            head = self._versions.head(series)
            if head is None:
                raise SeriesNotFound(series.series_id)
            if number in head.in_use:
                raise VersionInUse(series.series_id, number)
            if self._versions.version(series, number) is None:
                raise VersionNotFound(series.series_id, number, head.latest)
            self._versions.delete_version(number, version_deleted(head, number, cause, self._now()))

        limit = deadline or Deadline.never()
        until_it_succeeds(delete, series, limit, most_seconds=self._deadline_seconds, sleep=self._sleep)
