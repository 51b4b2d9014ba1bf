"""Model versions: what they are, how they are published, loaded and listed."""

from tidewatch.models.errors import (
    DataCorrupted,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionNotFound,
    VersionTaken,
)
from tidewatch.models.ports import DataStore, Page, Receipt, SeriesSummary, VersionStore
from tidewatch.models.publisher import Publisher
from tidewatch.models.registry import LoadedModel, Registry
from tidewatch.models.training_data import TrainingData
from tidewatch.models.version import LATEST, ModelVersion, VersionSelector, parse_version

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
