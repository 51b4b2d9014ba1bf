"""Model versions: what they are, and how they are published, loaded, listed and deleted."""

from tidewatch.registry.audit import AuditEntry, Cause, Trail, Verification, verify
from tidewatch.registry.deleter import Deleter
from tidewatch.registry.description import Description
from tidewatch.registry.encoding import TrainingData
from tidewatch.registry.errors import (
    CannotChallenge,
    DataCorrupted,
    NoChallenger,
    NotAsExpected,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionInUse,
    VersionIsChampion,
    VersionNotFound,
    WriteConflict,
    WrongKind,
)
from tidewatch.registry.head import Challenger, Change, Head
from tidewatch.registry.lineage import Lineage, Source
from tidewatch.registry.loader import Judges, LoadedModel, Registry
from tidewatch.registry.ports import (
    AuditStore,
    DataStore,
    ObjectStore,
    Page,
    Receipt,
    SeriesSummary,
    StoredObject,
    VersionStore,
)
from tidewatch.registry.promoter import Promoter
from tidewatch.registry.publisher import Publisher
from tidewatch.registry.version import LATEST, ModelKind, ModelVersion, SeriesKey, VersionSelector, parse_version

__all__ = [
    "LATEST",
    "AuditEntry",
    "AuditStore",
    "CannotChallenge",
    "Cause",
    "Challenger",
    "Change",
    "DataCorrupted",
    "DataStore",
    "Deleter",
    "Description",
    "Head",
    "Judges",
    "Lineage",
    "LoadedModel",
    "ModelKind",
    "ModelVersion",
    "NoChallenger",
    "NotAsExpected",
    "ObjectStore",
    "Page",
    "Promoter",
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
    "Trail",
    "TrainingData",
    "Verification",
    "VersionInUse",
    "VersionIsChampion",
    "VersionNotFound",
    "VersionSelector",
    "VersionStore",
    "WriteConflict",
    "WrongKind",
    "parse_version",
    "verify",
]
