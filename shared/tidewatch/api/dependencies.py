"""Wiring: what a handler asks for by type, and how it is built, once per process."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from tidewatch.adapters import clients
from tidewatch.adapters.cloudwatch import CloudWatchReader
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.s3 import S3DataStore
from tidewatch.api.health import HealthReporter
from tidewatch.api.once_only import OnceOnly
from tidewatch.models import Publisher, Registry, TrainingData, VersionStore
from tidewatch.settings import settings
from tidewatch.telemetry import NAMESPACE

TENANT: Final = "default"
"""The only tenant until tenants arrive; every key carries it from the first day."""

_TRAINED_WITH: Final = ("numpy",)


def _version_store() -> VersionStore:
    return DynamoDBVersionStore(clients.dynamodb(), settings().table_name, TENANT)


def _data_store() -> S3DataStore:
    return S3DataStore(clients.s3(), settings().data_bucket, TENANT)


@lru_cache(maxsize=1)
def get_registry() -> Registry:
    """Loads and lists versions."""
    return Registry(_version_store(), head_cache_seconds=settings().head_cache_seconds)


@lru_cache(maxsize=1)
def get_publisher() -> Publisher:
    """Publishes versions."""
    return Publisher(
        _version_store(),
        _data_store(),
        deadline_seconds=settings().publish_deadline_seconds,
        now=lambda: datetime.now(UTC),
        libraries={"python": platform.python_version()} | {name: version(name) for name in _TRAINED_WITH},
    )


@lru_cache(maxsize=1)
def get_training_data() -> TrainingData:
    """Reads training data."""
    return TrainingData(_data_store())


@lru_cache(maxsize=1)
def get_once_only() -> OnceOnly:
    """Remembers answers by Idempotency-Key."""
    records = DynamoDBPersistenceLayer(settings().idempotency_table_name, boto3_client=clients.dynamodb())
    return OnceOnly(records, settings().idempotency_ttl_seconds)


@lru_cache(maxsize=1)
def get_health_reporter() -> HealthReporter:
    """Reports how the service fares."""
    reader = CloudWatchReader(clients.cloudwatch(), NAMESPACE)
    return HealthReporter(get_registry(), reader, settings().health_window_seconds)


RegistryDep = Annotated[Registry, Depends(get_registry)]
PublisherDep = Annotated[Publisher, Depends(get_publisher)]
TrainingDataDep = Annotated[TrainingData, Depends(get_training_data)]
OnceOnlyDep = Annotated[OnceOnly, Depends(get_once_only)]
HealthReporterDep = Annotated[HealthReporter, Depends(get_health_reporter)]
