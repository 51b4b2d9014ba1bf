"""Where a series stands, and how each change moves it. Every change is an entry of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tidewatch.registry.audit import AuditEntry, Cause, Trail, following
from tidewatch.registry.version import ModelVersion, SeriesKey


@dataclass(frozen=True, slots=True)
class Challenger:
    """The version that judges beside the champion and decides nothing.

    Attributes:
        number: of the version.
        identity: tells it from another version that may come to have its number; see ``ModelVersion.identity``.
        auto_promote: whether it becomes the champion by itself once the comparison says so.
        error_rate: the rate at which a comparison may be wrong, such as 0.05.
        since: from when on it judges, in UTC.
    """

    number: int
    identity: str
    auto_promote: bool
    error_rate: float
    since: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """Where a series stands.

    Attributes:
        latest: the number that was published last.
        champion: the version that judges, whole.
        challenger: the one that judges beside it; None if there is none.
        monitor: whether what was judged is kept, so that drift is seen.
        trail: where the audit trail ends; no change of the series leaves it where it is.
    """

    latest: int
    champion: ModelVersion
    challenger: Challenger | None = None
    monitor: bool = False
    trail: Trail = field(default=Trail(), compare=False)

    @property
    def tag(self) -> str:
        """What tells this state of the series from all others, for ETag and If-Match."""
        if not self.trail.sequence:
            return f"v{self.latest}"
        return f"{self.trail.sequence}-{self.trail.hash[:16]}"

    @property
    def records(self) -> bool:
        """Whether judgements are kept."""
        return self.monitor or self.challenger is not None

    @property
    def in_use(self) -> set[int]:
        """The numbers of versions that are not deleted alone."""
        return {self.latest, self.champion.number} | ({self.challenger.number} if self.challenger else set())


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to a series: whole, or not at all if the series no longer stands at ``before``.

    Attributes:
        series: which.
        before: where it stood when it was read; None if there was none.
        after: where it is to stand; None if it is to be deleted.
        entry: of the audit trail.
    """

    series: SeriesKey
    before: Head | None
    after: Head | None
    entry: AuditEntry


def published(
    version: ModelVersion, before: Head | None, trail: Trail, cause: Cause, now: datetime, *, promote: bool = True
) -> Change:
    """A version is published; it becomes the champion if it is the first, or if that is wanted.

    The trail tells by another word that a retraining made it.

    Args:
        version: the version, whose number follows the latest.
        before: where the series stands.
        trail: where the trail ends of a series that was deleted, if ``before`` is None.
        cause: who published it, and why.
        now: the time.
        promote: whether it becomes the champion.
    """
    if before is None:
        after = Head(version.number, version)
    else:
        after = replace(before, latest=version.number, champion=version if promote else before.champion)
    trail = before.trail if before else trail
    action = "retrained" if version.lineage and version.lineage.source == "retrain" else "published"
    return _change(action, version.series, before, after, trail, cause, now, version=version.number)


def promoted(before: Head, version: ModelVersion, cause: Cause, now: datetime) -> Change:
    """A version becomes the champion: the challenger, a later one, or an earlier one again."""
    challenger = None if before.challenger and before.challenger.number == version.number else before.challenger
    after = replace(before, champion=version, challenger=challenger)
    action = "promoted" if version.number > before.champion.number else "rolled_back"
    return _change(action, version.series, before, after, before.trail, cause, now, version=version.number)


def challenged(before: Head, challenger: Challenger | None, cause: Cause, now: datetime) -> Change:
    """A version becomes the challenger, or there is none any more."""
    after = replace(before, challenger=challenger)
    old = before.challenger.number if before.challenger else None
    action, number = ("challenger_set", challenger.number) if challenger else ("challenger_removed", old)
    return _change(action, before.champion.series, before, after, before.trail, cause, now, version=number)


def monitored(before: Head, monitor: bool, cause: Cause, now: datetime) -> Change:
    """What is judged is kept from now on, or no longer."""
    after = replace(before, monitor=monitor)
    return _change("monitoring_changed", before.champion.series, before, after, before.trail, cause, now)


def version_deleted(before: Head, number: int, cause: Cause, now: datetime) -> Change:
    """A version is deleted.

    Raises:
        ValueError: if it is in use.
    """
    if number in before.in_use:
        raise ValueError(f"version v{number} is in use")
    return _change("version_deleted", before.champion.series, before, before, before.trail, cause, now, version=number)


def series_deleted(before: Head, cause: Cause, now: datetime) -> Change:
    """The series is deleted with all its versions; its trail stays."""
    return _change("series_deleted", before.champion.series, before, None, before.trail, cause, now)


def _change(
    action: Any,
    series: SeriesKey,
    before: Head | None,
    after: Head | None,
    trail: Trail,
    cause: Cause,
    now: datetime,
    version: int | None = None,
) -> Change:
    entry = following(trail, action, cause, now, version=version, before=_state(before), after=_state(after))
    return Change(series, before, replace(after, trail=entry.trail) if after else None, entry)


def _state(head: Head | None) -> dict[str, Any] | None:
    """How a series stands, as an entry tells it."""
    if head is None:
        return None
    return {
        "latest": head.latest,
        "champion": head.champion.number,
        "champion_identity": head.champion.identity,
        "challenger": head.challenger.number if head.challenger else None,
        "auto_promote": head.challenger.auto_promote if head.challenger else False,
        "monitor": head.monitor,
    }
