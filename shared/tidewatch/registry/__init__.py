"""Model versions: what they are, and how they are published, loaded, listed and deleted."""

from tidewatch.registry.encoding import TrainingData
from tidewatch.registry.errors import (
    DataCorrupted,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionInUse,
    VersionNotFound,
    WriteConflict,
    WrongKind,
)
from tidewatch.registry.lineage import Lineage, Source
from tidewatch.registry.loader import LoadedModel, Registry
from tidewatch.registry.ports import (
    DataStore,
    ObjectStore,
    Page,
    Receipt,
    SeriesSummary,
    StoredObject,
    VersionStore,
)
from tidewatch.registry.publisher import Deleter, Publisher
from tidewatch.registry.version import LATEST, ModelKind, ModelVersion, SeriesKey, VersionSelector, parse_version

__all__ = [
    "LATEST",
    "DataCorrupted",
    "DataStore",
    "Deleter",
    "Lineage",
    "LoadedModel",
    "ModelKind",
    "ModelVersion",
    "ObjectStore",
    "Page",
    "Publisher",
    "Receipt",
    "Registry",
    "SeriesBusy",
    "SeriesKey",
    "SeriesNotFound",
    "SeriesSummary",
    "Source",
    "StorageUnavailable",
    "StoredObject",
    "TrainingData",
    "VersionInUse",
    "VersionNotFound",
    "VersionSelector",
    "VersionStore",
    "WriteConflict",
    "WrongKind",
    "parse_version",
]
