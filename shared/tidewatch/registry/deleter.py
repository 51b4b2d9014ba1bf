"""How versions and series are deleted."""

from __future__ import annotations

from tidewatch.deadline import Deadline
from tidewatch.registry.audit import NOBODY, Cause
from tidewatch.registry.changer import Changer
from tidewatch.registry.errors import VersionInUse, VersionNotFound
from tidewatch.registry.head import Head, series_deleted, version_deleted
from tidewatch.registry.version import SeriesKey


class Deleter(Changer):
    """Deletes versions and whole series. Their data and arrays are left to the collection of garbage.

    A deletion cannot tell whether another version refers to the same data: equal series of a tenant share one object,
    and a fit may be about to publish a version that does. Only ``services.collect_garbage`` deletes objects, and says
    why that is safe.
    """

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

        def delete(head: Head) -> None:
            self._versions.delete_series(series_deleted(head, cause, self._now()), limit)

        self._change(series, delete, limit)

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

        def delete(head: Head) -> None:
            if number in head.in_use:
                raise VersionInUse(series.series_id, number)
            if self._versions.version(series, number) is None:
                raise VersionNotFound(series.series_id, number, head.latest)
            self._versions.delete_version(number, version_deleted(head, number, cause, self._now()))

        self._change(series, delete, deadline or Deadline.never())
