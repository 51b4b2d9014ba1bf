"""How a fitted model becomes the next version of its series."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from tidewatch.deadline import Deadline
from tidewatch.detectors import Model
from tidewatch.registry.arrays import MOST_EMBEDDED, pack
from tidewatch.registry.errors import SeriesBusy, VersionTaken
from tidewatch.registry.ports import DataStore, Receipt, VersionStore
from tidewatch.registry.training_data import encode
from tidewatch.registry.version import ModelVersion, SeriesKey
from tidewatch.series import TimeSeries

_FIRST_WAIT = 0.02
_LONGEST_WAIT = 0.5


class Publisher:
    """Publishes versions so that none is lost, skipped or overwritten, however many publish at once.

    The training data is stored first, and arrays that are too large for the version itself, so that no version ever
    points at nothing. Then the version is appended if it still follows the latest; whoever loses that race keeps the
    trained parameters and tries the next number, after a random wait that grows (exponential backoff with full jitter:
    M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)::

        store data and arrays ──> read latest n ──> append n+1 ──ok──> published
                                       ^                │
                                       └──── wait <── taken by another
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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._versions = versions
        self._data = data
        self._arrays = arrays
        self._deadline_seconds = deadline_seconds
        self._now = now
        self._libraries = libraries
        self._sleep = sleep

    def publish(
        self,
        series: SeriesKey,
        trained_on: TimeSeries,
        model: Model,
        receipt: Receipt | None = None,
        deadline: Deadline | None = None,
    ) -> ModelVersion:
        """Publishes a model as the next version of a series.

        Args:
            series: the series, and whose it is.
            trained_on: what the model was trained on.
            model: the model.
            receipt: of a request that may come twice. If it has published a version before, that one is returned.
            deadline: of the request. Publishing competes no longer than this, nor than its own limit.

        Raises:
            DeadlineExceeded: if the deadline has passed before anything was stored.
            SeriesBusy: if others took every number until the deadline; nothing was published.
            StorageUnavailable: if storage failed. The version was not acknowledged; it may still have been published
                if the failure was that storage's answer got lost.
        """
        deadlines = (Deadline.after(self._deadline_seconds, time.monotonic), deadline or Deadline.never())
        deadlines[1].check()
        tenant = series.tenant
        key, sha256 = self._data.put(tenant, encode(trained_on))
        arrays = pack(model.arrays())
        elsewhere = self._arrays.put(tenant, arrays) if len(arrays) > MOST_EMBEDDED else None
        candidate = ModelVersion(
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
        )
        longest = _FIRST_WAIT
        while True:
            head = self._versions.head(series)
            numbered = replace(candidate, number=head.latest + 1 if head else 1)
            try:
                self._versions.append(numbered, receipt)
            except VersionTaken:
                if receipt and (published := self._published_by(series, receipt)):
                    return published
                wait = random.uniform(0, longest)  # noqa: S311 - jitter needs no secrecy
                longest = min(longest * 2, _LONGEST_WAIT)
                if any(wait > each.remaining() for each in deadlines):
                    raise SeriesBusy(series.series_id) from None
                self._sleep(wait)
            else:
                return numbered

    def _published_by(self, series: SeriesKey, receipt: Receipt) -> ModelVersion | None:
        number = self._versions.published_by(series, receipt.request)
        return None if number is None else self._versions.version(series, number)
