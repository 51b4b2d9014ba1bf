"""Model versions: what they are, how they are published, loaded and listed."""

from tidewatch.registry.errors import (
    DataCorrupted,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionNotFound,
    VersionTaken,
)
from tidewatch.registry.loader import LoadedModel, Registry
from tidewatch.registry.ports import DataStore, Page, Receipt, SeriesSummary, VersionStore
from tidewatch.registry.publisher import Publisher
from tidewatch.registry.training_data import TrainingData
from tidewatch.registry.version import LATEST, ModelVersion, SeriesKey, VersionSelector, parse_version

__all__ = [
    "LATEST",
    "DataCorrupted",
    "DataStore",
    "LoadedModel",
    "ModelVersion",
    "Page",
    "Publisher",
    "Receipt",
    "Registry",
    "SeriesBusy",
    "SeriesKey",
    "SeriesNotFound",
    "SeriesSummary",
    "StorageUnavailable",
    "TrainingData",
    "VersionNotFound",
    "VersionSelector",
    "VersionStore",
    "VersionTaken",
    "parse_version",
]
