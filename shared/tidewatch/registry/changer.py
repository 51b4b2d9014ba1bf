"""What all who change a series that is there have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from tidewatch.deadline import Deadline
from tidewatch.registry.contention import until_it_succeeds
from tidewatch.registry.errors import SeriesNotFound
from tidewatch.registry.head import Head
from tidewatch.registry.ports import VersionStore
from tidewatch.registry.version import SeriesKey

Result = TypeVar("Result")


class Changer:
    """Reads where a series stands, and changes it from there; again, if somebody else was first."""

    def __init__(
        self,
        versions: VersionStore,
        *,
        deadline_seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Joins it to its storage.

        Args:
            versions: where the versions are.
            deadline_seconds: how long a change competes with others of the same series at the most.
            now: the time, for the audit trail.
            sleep: waits for so many seconds.
        """
        self._versions = versions
        self._deadline_seconds = deadline_seconds
        self._now = now
        self._sleep = sleep

    def _change(self, series: SeriesKey, change: Callable[[Head], Result], deadline: Deadline) -> Result:
        """What ``change`` returns of where the series stands; it raises ``WriteConflict`` if that is no longer so.

        Raises:
            SeriesNotFound: if the series has no model.
            SeriesBusy: if others changed the series until the deadline.
        """

        def attempt() -> Result:
            head = self._versions.head(series)
            if head is None:
                raise SeriesNotFound(series.series_id)
            return change(head)

        return until_it_succeeds(attempt, series, deadline, most_seconds=self._deadline_seconds, sleep=self._sleep)
