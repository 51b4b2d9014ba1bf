"""How a fitted model becomes the next version of its series."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tidewatch.deadline import Deadline
from tidewatch.detectors import Model, RowsModel
from tidewatch.registry.audit import NOBODY, Cause
from tidewatch.registry.contention import until_it_succeeds
from tidewatch.registry.description import Description
from tidewatch.registry.encoding import MOST_EMBEDDED, encode, pack_arrays
from tidewatch.registry.errors import SeriesNotFound, WriteConflict
from tidewatch.registry.head import Head, published
from tidewatch.registry.lineage import UNKNOWN_REVISION, Lineage, Source, new_version_id
from tidewatch.registry.ports import DataStore, Receipt, VersionStore
from tidewatch.registry.version import ModelVersion, SeriesKey
from tidewatch.series import UTC_NAME, Frame, FrameProfile, SeriesProfile, TimeSeries


class Publisher:
    """Publishes versions so that none is lost, skipped or overwritten, however many publish at once.

    The training data is stored first, and arrays that are too large for the version itself, so that no version ever
    points at nothing. Then the version is appended if it still follows the latest. Whoever loses that race keeps the
    trained parameters and tries the next number after a random wait::

        store data and arrays ──> read latest n ──> append n+1 ──ok──> published
                                       ^                │
                                       └──── wait <── conflict
    """

    def __init__(
        self,
        versions: VersionStore,
        data: DataStore,
        arrays: DataStore,
        *,
        deadline_seconds: float,
        now: Callable[[], datetime],
        libraries: Mapping[str, str],
        architecture: str = "",
        revision: str = UNKNOWN_REVISION,
        new_id: Callable[[], str] = new_version_id,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Joins a publisher to its storage.

        Args:
            versions: where versions go.
            data: where training data goes.
            arrays: where arrays go that are too large for a version.
            deadline_seconds: how long a version competes for its number at the most.
            now: the time of training to store.
            libraries: the versions of the libraries that train.
            architecture: of the processor that trains.
            revision: the git commit of this code.
            new_id: gives each version an id of its own.
            sleep: waits for so many seconds.
        """
        self._versions = versions
        self._data = data
        self._arrays = arrays
        self._deadline_seconds = deadline_seconds
        self._now = now
        self._libraries = libraries
        self._architecture = architecture
        self._revision = revision
        self._new_id = new_id
        self._sleep = sleep

    def publish(
        self,
        series: SeriesKey,
        trained_on: TimeSeries | Frame,
        model: Model | RowsModel,
        receipt: Receipt | None = None,
        deadline: Deadline | None = None,
        *,
        source: Source = "fit",
        parent: int | None = None,
        cause: Cause = NOBODY,
        description: Description | None = None,
        timezone: str | None = None,
        promote: bool = True,
    ) -> ModelVersion:
        """Publishes a model as the next version of a series.

        Args:
            series: the series, and whose it is.
            trained_on: what the model was trained on.
            model: the model.
            receipt: of a request that may come twice. If it has published a version before, that one is returned.
            deadline: of the request; none by default.
            source: what asked for the training.
            parent: the number of the version that was trained again; None for the champion that this one follows.
            cause: who asked for it, and why, for the audit trail.
            description: what people know of the series; None to keep what its champion has.
            timezone: of the series; None to keep that of its champion, see :meth:`timezone_of`.
            promote: whether the version becomes the champion; the first of a series always does.

        Raises:
            DeadlineExceeded: if the deadline has passed before anything was stored.
            SeriesNotFound: if there is a parent and the series was deleted: a retraining does not bring it back.
            SeriesBusy: if others took every number until the deadline; nothing was published.
            StorageUnavailable: if storage failed. The version was not acknowledged; it may still have been published
                if the failure was that storage's answer got lost.
        """
        deadline = deadline or Deadline.never()
        deadline.check()
        candidate = self._store(series, trained_on, model, source)

        def append() -> ModelVersion:
            head = self._versions.head(series)
            if head is None and parent is not None:
                raise SeriesNotFound(series.series_id)
            # Read only where it is needed: a series that was deleted goes on with its trail.
            trail = head.trail if head else self._versions.trail(series)
            numbered = _numbered(candidate, head, description, timezone, parent)
            change = published(numbered, head, trail, cause, self._now(), promote=promote)
            try:
                self._versions.append(numbered, change, receipt)
            except WriteConflict:
                if receipt and (known := self._published_by(series, receipt)):
                    return known
                raise
            return numbered

        return until_it_succeeds(append, series, deadline, most_seconds=self._deadline_seconds, sleep=self._sleep)

    def timezone_of(self, series: SeriesKey) -> str:
        """The time zone of a series, for a training that names none: its champion's, or UTC if it has none yet.

        Raises:
            StorageUnavailable: if storage failed.
        """
        head = self._versions.head(series)
        return head.champion.timezone if head else UTC_NAME

    def _store(
        self, series: SeriesKey, trained_on: TimeSeries | Frame, model: Model | RowsModel, source: Source
    ) -> ModelVersion:
        """Stores data and large arrays; returns the version that refers to them, which has no number yet."""
        key, sha256 = self._data.put(series.tenant, encode(trained_on))
        arrays = pack_arrays(model.arrays())
        elsewhere = self._arrays.put(series.tenant, arrays) if len(arrays) > MOST_EMBEDDED else None
        return ModelVersion(
            series=series,
            number=0,
            detector=model.options.name,
            options=model.options.model_dump(),
            parameters=model.parameters(),
            points_used=len(trained_on),
            start=trained_on.start,
            end=trained_on.end,
            step=trained_on.step,
            data_key=key,
            data_sha256=sha256,
            libraries=self._libraries,
            trained_at=self._now(),
            arrays=b"" if elsewhere else arrays,
            arrays_key=elsewhere[0] if elsewhere else None,
            arrays_sha256=elsewhere[1] if elsewhere else None,
            learned=model.learned(),
            profile=_profile(trained_on),
            kind="rows" if isinstance(model, RowsModel) else "series",
            variables=model.variables if isinstance(model, RowsModel) else (),
            lineage=self._lineage(model, source),
        )

    def _lineage(self, model: Model | RowsModel, source: Source) -> Lineage:
        return Lineage.of(
            model, source, version_id=self._new_id(), architecture=self._architecture, revision=self._revision
        )

    def _published_by(self, series: SeriesKey, receipt: Receipt) -> ModelVersion | None:
        number = self._versions.published_by(series, receipt.request)
        return None if number is None else self._versions.version(series, number)


def _profile(trained_on: TimeSeries | Frame) -> Mapping[str, Any]:
    if isinstance(trained_on, Frame):
        return FrameProfile.of(trained_on).to_json()
    return SeriesProfile.of(trained_on).to_json()


def _numbered(
    candidate: ModelVersion,
    head: Head | None,
    description: Description | None,
    timezone: str | None,
    parent: int | None,
) -> ModelVersion:
    """The version that follows the latest, with the champion as its parent unless another is named."""
    if head is None:
        return replace(candidate, number=1, description=description or Description(), timezone=timezone or UTC_NAME)
    lineage = candidate.lineage and replace(candidate.lineage, parent=parent or head.champion.number)
    known = head.champion.description if description is None else description
    zone = head.champion.timezone if timezone is None else timezone
    return replace(candidate, number=head.latest + 1, lineage=lineage, description=known, timezone=zone)
