"""How another version comes to judge a series, or to judge beside the champion."""

from __future__ import annotations

from collections.abc import Callable

from tidewatch.deadline import Deadline
from tidewatch.registry.audit import Cause
from tidewatch.registry.changer import Changer
from tidewatch.registry.errors import (
    CannotChallenge,
    NoChallenger,
    NotAsExpected,
    VersionIsChampion,
    VersionNotFound,
)
from tidewatch.registry.head import Challenger, Change, Head, challenged, monitored, promoted
from tidewatch.registry.version import ModelVersion, SeriesKey


class Promoter(Changer):
    """Moves the champion and the challenger of a series, beside fits and deletions, so that no change is lost.

    Each change reads where the series stands and writes where it is to stand, in one transaction that fails if the
    series was changed in between; then it is tried again. Who names the state that the change is meant for (``tag``)
    is told instead that it is no longer there.
    """

    def promote(
        self, series: SeriesKey, number: int, cause: Cause, *, tag: str | None = None, deadline: Deadline
    ) -> Head:
        """Makes a version the champion: a later one, or an earlier one again. Nothing is written if it is already.

        Args:
            series: the series.
            number: of the version.
            cause: who asked for it, and why.
            tag: of the state that the change is meant for; None for whatever it is.
            deadline: of the request.

        Returns:
            Where the series stands then.

        Raises:
            SeriesNotFound: if the series has no model.
            VersionNotFound: if it has no version of that number.
            NotAsExpected: if the series stands elsewhere than the tag says.
            SeriesBusy: if others changed the series until the deadline; nothing was done.
            StorageUnavailable: if storage failed. The change was done whole, or not at all.
        """

        def change(head: Head) -> Change | None:
            if head.champion.number == number:
                return None
            return promoted(head, self._version(series, number, head), cause, self._now())

        return self._move(series, change, tag, deadline)

    def challenge(
        self,
        series: SeriesKey,
        number: int,
        cause: Cause,
        *,
        auto_promote: bool = False,
        error_rate: float = 0.05,
        tag: str | None = None,
        deadline: Deadline,
    ) -> Head:
        """Lets a version judge beside the champion. It takes the place of the challenger that there may be.

        Args:
            series: the series.
            number: of the version, another than the champion's.
            cause: who asked for it, and why.
            auto_promote: whether it becomes the champion once the comparison says so.
            error_rate: the rate at which the comparison may be wrong.
            tag: of the state that the change is meant for; None for whatever it is.
            deadline: of the request.

        Raises:
            VersionIsChampion: if the version is the champion.
            CannotChallenge: if it does not judge what the champion judges.
            SeriesNotFound, VersionNotFound, NotAsExpected, SeriesBusy, StorageUnavailable: as :meth:`promote`.
        """

        def change(head: Head) -> Change | None:
            if head.champion.number == number:
                raise VersionIsChampion(series.series_id, number)
            version, now = self._version(series, number, head), self._now()
            identity = version.identity
            if not version.judges_as(head.champion):
                raise CannotChallenge(series.series_id, number)
            old = head.challenger
            if old and (old.identity, old.auto_promote, old.error_rate) == (identity, auto_promote, error_rate):
                return None
            return challenged(head, Challenger(number, identity, auto_promote, error_rate, now), cause, now)

        return self._move(series, change, tag, deadline)

    def drop_challenger(self, series: SeriesKey, cause: Cause, *, tag: str | None = None, deadline: Deadline) -> Head:
        """Lets the champion judge alone again.

        Raises:
            NoChallenger: if there is no challenger.
            SeriesNotFound, NotAsExpected, SeriesBusy, StorageUnavailable: as :meth:`promote`.
        """

        def change(head: Head) -> Change | None:
            if head.challenger is None:
                raise NoChallenger(series.series_id)
            return challenged(head, None, cause, self._now())

        return self._move(series, change, tag, deadline)

    def monitor(
        self, series: SeriesKey, monitor: bool, cause: Cause, *, tag: str | None = None, deadline: Deadline
    ) -> Head:
        """Keeps what is judged from now on, or no longer.

        Raises:
            SeriesNotFound, NotAsExpected, SeriesBusy, StorageUnavailable: as :meth:`promote`.
        """

        def change(head: Head) -> Change | None:
            return None if head.monitor == monitor else monitored(head, monitor, cause, self._now())

        return self._move(series, change, tag, deadline)

    def _move(
        self, series: SeriesKey, change_of: Callable[[Head], Change | None], tag: str | None, deadline: Deadline
    ) -> Head:
        def move(head: Head) -> Head:
            if tag is not None and tag != head.tag:
                raise NotAsExpected(series.series_id, head.tag)
            change = change_of(head)
            if change is None:
                return head
            self._versions.move_head(change)
            return change.after or head

        return self._change(series, move, deadline)

    def _version(self, series: SeriesKey, number: int, head: Head) -> ModelVersion:
        version = self._versions.version(series, number)
        if version is None:
            raise VersionNotFound(series.series_id, number, head.latest)
        return version
