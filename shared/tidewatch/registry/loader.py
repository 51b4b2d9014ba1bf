"""How versions are found again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from cachetools import LRUCache, TTLCache

from tidewatch.detectors import Model, RowsModel, restore_model
from tidewatch.registry.audit import Trail
from tidewatch.registry.encoding import ArraysUnreadable, unpack_arrays
from tidewatch.registry.errors import DataCorrupted, SeriesNotFound, StorageUnavailable, VersionNotFound, WrongKind
from tidewatch.registry.head import Challenger, Head
from tidewatch.registry.ports import DataStore, Page, SeriesSummary, VersionStore
from tidewatch.registry.version import LATEST, ModelVersion, SeriesKey, VersionSelector
from tidewatch.tenancy import Tenant

Key = TypeVar("Key")
Answer = TypeVar("Answer")

_CACHED_ANSWERS = 4096
_CACHED_MODEL_BYTES = 96 * 2**20
# What a model weighs beside its arrays, and how often the arrays are there: as they came and as they are worked with.
_BYTES_BESIDE_ARRAYS = 16 * 1024
_COPIES = 3


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version and its model, ready to score."""

    version: ModelVersion
    model: Model | RowsModel
    weight: int
    """About how many bytes of memory it takes."""

    @property
    def of_values(self) -> Model:
        """The model of single values.

        Raises:
            WrongKind: if it is one of rows.
        """
        if isinstance(self.model, RowsModel):
            raise WrongKind(self.version.series_id, self.version.version, self.model.variables)
        return self.model

    @property
    def of_rows(self) -> RowsModel:
        """The model of rows.

        Raises:
            WrongKind: if it is one of single values.
        """
        if isinstance(self.model, RowsModel):
            return self.model
        raise WrongKind(self.version.series_id, self.version.version, None)


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges a point.

    Attributes:
        champion: decides.
        challenger: judges beside it; None if there is none.
        records: whether what they say is kept.
    """

    champion: LoadedModel
    challenger: LoadedModel | None = None
    records: bool = False


class Registry:
    """Loads and lists the versions of all tenants.

    What storage says of a series or a version is read each time, unless ``head_cache_seconds`` allows an answer of that
    age. A version never changes while it is there, so its restored model is kept in memory and used again as long as
    storage gives the same version. A series that was deleted and trained anew has another version under the number.
    """

    def __init__(
        self,
        versions: VersionStore,
        arrays: Callable[[], DataStore],
        *,
        head_cache_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._versions = versions
        # Asked for when a model needs it: few do, and its client is slow to build.
        self._arrays = arrays
        self._keeps_answers = head_cache_seconds > 0
        self._heads: TTLCache[SeriesKey, Head] = TTLCache(_CACHED_ANSWERS, ttl=head_cache_seconds, timer=clock)
        self._numbered: TTLCache[tuple[SeriesKey, int], ModelVersion] = TTLCache(
            _CACHED_ANSWERS, ttl=head_cache_seconds, timer=clock
        )
        self._models: LRUCache[tuple[SeriesKey, int], LoadedModel] = LRUCache(
            _CACHED_MODEL_BYTES, getsizeof=lambda loaded: loaded.weight
        )

    def load(self, series: SeriesKey, selector: VersionSelector = None) -> LoadedModel:
        """The model of a version; of the champion when none is asked for.

        Raises:
            SeriesNotFound: if the series was never trained.
            VersionNotFound: if it has no version of that number.
            DataCorrupted: if the model's arrays are gone or damaged.
            StorageUnavailable: if storage failed.
        """
        if isinstance(selector, int):
            return self._load_number(series, selector)
        head = self._head(series)
        if selector == LATEST and head.latest != head.champion.number:
            return self._load_number(series, head.latest)
        return self._restored(head.champion)

    def judges(self, series: SeriesKey) -> Judges:
        """Who judges a point of the series: the champion, and the challenger beside it.

        A challenger that cannot be had is left out: the champion must judge whatever becomes of it.

        Raises:
            SeriesNotFound: if the series was never trained.
            DataCorrupted: if the arrays of the champion are gone or damaged.
            StorageUnavailable: if storage failed.
        """
        head = self._head(series)
        champion = self._restored(head.champion)
        if not head.records:
            return Judges(champion)
        challenger = self._challenger(series, head.challenger) if head.challenger else None
        return Judges(champion, challenger, records=True)

    def forget(self, series: SeriesKey) -> None:
        """Lets the next question about where the series stands reach storage, however young the last answer is."""
        self._heads.pop(series, None)

    def count_series(self, tenant: Tenant) -> int:
        """How many distinct series a tenant has."""
        return self._versions.count_series(tenant)

    def list_series(self, tenant: Tenant, limit: int, after: str | None) -> Page[SeriesSummary, str]:
        """A page of a tenant's series, in the order of their ids."""
        return self._versions.list_series(tenant, limit, after)

    def list_versions(self, series: SeriesKey, limit: int, before: int | None) -> Page[ModelVersion, int]:
        """A page of the versions of a series, newest first.

        Raises:
            SeriesNotFound: if the series was never trained.
        """
        page = self._versions.list_versions(series, limit, before)
        if not page.items:
            self._head(series)
        return page

    def head(self, series: SeriesKey) -> Head:
        """Where a series stands.

        Raises:
            SeriesNotFound: if the series was never trained.
        """
        return self._head(series)

    def exists(self, series: SeriesKey) -> bool:
        """Whether the series has a model."""
        return self._versions.head(series) is not None

    def trail(self, series: SeriesKey) -> Trail:
        """Where the audit trail of a series ends, also of one that was deleted; an empty trail if it has none."""
        head = self._versions.head(series)
        return head.trail if head else self._versions.trail(series)

    def version(self, series: SeriesKey, number: int) -> ModelVersion:
        """A version whole, without its model.

        Raises:
            SeriesNotFound: if the series was never trained.
            VersionNotFound: if it has no version of that number.
        """
        version = self._versions.version(series, number)
        if version is None:
            raise VersionNotFound(series.series_id, number, self._head(series).latest)
        return version

    def _head(self, series: SeriesKey) -> Head:
        head = self._answer(self._heads, series, lambda: self._versions.head(series))
        if head is None:
            raise SeriesNotFound(series.series_id)
        return head

    def _challenger(self, series: SeriesKey, named: Challenger) -> LoadedModel | None:
        known = self._models.get((series, named.number))
        # The head names the very version, so that what is in memory needs no reading.
        if known is not None and known.version.identity == named.identity:
            return known
        try:
            return self._load_number(series, named.number)
        except (SeriesNotFound, VersionNotFound, DataCorrupted, StorageUnavailable):
            return None

    def _load_number(self, series: SeriesKey, number: int) -> LoadedModel:
        version = self._answer(self._numbered, (series, number), lambda: self._versions.version(series, number))
        if version is None:
            raise VersionNotFound(series.series_id, number, self._head(series).latest)
        return self._restored(version)

    def _answer(self, kept: TTLCache[Key, Answer], key: Key, read: Callable[[], Answer | None]) -> Answer | None:
        """What storage says, or said not long ago."""
        if not self._keeps_answers:
            return read()
        answer = kept.get(key)
        if answer is None:
            answer = read()
            if answer is not None:
                kept[key] = answer
        return answer

    def _restored(self, version: ModelVersion) -> LoadedModel:
        key = (version.series, version.number)
        loaded = self._models.get(key)
        if loaded is None or loaded.version != version:
            packed = self._packed_arrays(version)
            try:
                arrays = unpack_arrays(packed)
            except ArraysUnreadable as error:
                raise DataCorrupted(version.arrays_key or f"{version.series_id} {version.version}") from error
            model = restore_model(version.detector, version.options, version.parameters, arrays)
            weight = _BYTES_BESIDE_ARRAYS + _COPIES * sum(array.nbytes for array in arrays.values())
            loaded = LoadedModel(version, model, weight)
            # One that is larger than the cache is not kept.
            with suppress(ValueError):
                self._models[key] = loaded
        return loaded

    def _packed_arrays(self, version: ModelVersion) -> bytes:
        if version.arrays_key is None or version.arrays_sha256 is None:
            return version.arrays
        return self._arrays().get(version.arrays_key, version.arrays_sha256)
