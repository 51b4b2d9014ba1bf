"""Wiring: what handlers ask for by type, and how it is built, once per process.

What only one function needs is wired where it is defined, so that no other function imports it.

Here and in the handlers annotations are no strings: Powertools reads them at each request and would compile them anew.
"""

import platform
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends

from tidewatch.adapters import clients
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.s3 import MODEL_ARRAYS, S3DataStore
from tidewatch.detectors import load_catalogue
from tidewatch.registry import DataStore, Publisher, Registry, TrainingData, VersionStore
from tidewatch.settings import settings

TENANT: Final = "default"
"""The only tenant until tenants arrive; every key carries it from the first day."""

_TRAINED_WITH: Final = ("numpy",)


def _version_store() -> VersionStore:
    return DynamoDBVersionStore(clients.dynamodb(), settings().table_name, TENANT)


def _data_store() -> S3DataStore:
    return S3DataStore(clients.s3(), settings().data_bucket, TENANT)


@lru_cache(maxsize=1)
def get_array_store() -> DataStore:
    """Holds the arrays of models that are too large for a version."""
    return S3DataStore(clients.s3(), settings().data_bucket, TENANT, MODEL_ARRAYS)


@lru_cache(maxsize=1)
def get_registry() -> Registry:
    """Loads and lists versions."""
    return Registry(_version_store(), get_array_store, head_cache_seconds=settings().head_cache_seconds)


@lru_cache(maxsize=1)
def get_publisher() -> Publisher:
    """Publishes versions."""
    return Publisher(
        _version_store(),
        _data_store(),
        get_array_store(),
        deadline_seconds=settings().publish_deadline_seconds,
        now=lambda: datetime.now(UTC),
        libraries={"python": platform.python_version()} | {name: version(name) for name in _TRAINED_WITH},
    )


@lru_cache(maxsize=1)
def get_training_data() -> TrainingData:
    """Reads training data."""
    return TrainingData(_data_store())


JUDGING: Final = (load_catalogue, get_registry, get_array_store)
"""What a function that judges by stored models builds before a snapshot."""

RegistryDep = Annotated[Registry, Depends(get_registry)]
PublisherDep = Annotated[Publisher, Depends(get_publisher)]
TrainingDataDep = Annotated[TrainingData, Depends(get_training_data)]
