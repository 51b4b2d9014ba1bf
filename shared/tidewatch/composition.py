"""The composition root: the only place where adapters are built and joined to what asks for their ports.

Everything is built when it is first asked for, once per process, and serves all tenants.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tidewatch.adapters import clients
from tidewatch.adapters.dynamodb import DynamoDBVersionStore
from tidewatch.adapters.s3 import JOB_DATA, MODEL_ARRAYS, TRAINING_DATA, S3DataStore, S3ObjectStore
from tidewatch.registry import (
    AuditStore,
    DataStore,
    Deleter,
    ObjectStore,
    Promoter,
    Publisher,
    Registry,
    TrainingData,
    VersionStore,
)
from tidewatch.registry.lineage import UNKNOWN_REVISION, library_versions
from tidewatch.settings import settings
from tidewatch.telemetry import NAMESPACE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tidewatch.jobs.jobs import Jobs
    from tidewatch.jobs.kinds import JobKinds
    from tidewatch.jobs.ports import Delivery, JobQueue, JobStore
    from tidewatch.lifecycle.evaluated import EvaluationStore
    from tidewatch.lifecycle.observations import ObservationStore
    from tidewatch.services.authorize import Authorizer
    from tidewatch.services.delete_tenant import Wiper
    from tidewatch.services.export_audit import AuditExports
    from tidewatch.services.healthcheck import FigureReader
    from tidewatch.services.limits import PointsMeter, UsageStore
    from tidewatch.services.watch_drift import MonitoredSeries
    from tidewatch.streaming import StreamCache, StreamStore
    from tidewatch.tenancy import MeteringKeys, TenantStore

_CHAMPION_SECONDS: Final = 10.0
"""How long a stream goes on with a champion that was replaced, at the most."""
_STREAMS_BYTES: Final = 384 * 2**20
# Written by the build of the layer; see shared/Makefile.
_REVISION_FILE: Final = Path(__file__).with_name("REVISION")


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def version_store() -> VersionStore:
    """Holds versions of models."""
    return DynamoDBVersionStore(clients.dynamodb(), settings().table_name)


@lru_cache(maxsize=1)
def data_store() -> DataStore:
    """Holds training data."""
    return S3DataStore(clients.s3(), settings().data_bucket, TRAINING_DATA)


@lru_cache(maxsize=1)
def array_store() -> DataStore:
    """Holds the arrays of models that are too large for a version."""
    return S3DataStore(clients.s3(), settings().data_bucket, MODEL_ARRAYS)


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Loads and lists versions."""
    return Registry(version_store(), array_store, head_cache_seconds=settings().head_cache_seconds)


@lru_cache(maxsize=1)
def publisher() -> Publisher:
    """Publishes versions."""
    return Publisher(
        version_store(),
        data_store(),
        array_store(),
        deadline_seconds=settings().publish_deadline_seconds,
        now=now,
        libraries=library_versions(),
        architecture=platform.machine(),
        revision=revision(),
    )


@lru_cache(maxsize=1)
def revision() -> str:
    """The git commit that this code was built from; ``unknown`` for code that was not built."""
    try:
        return _REVISION_FILE.read_text().strip() or UNKNOWN_REVISION
    except FileNotFoundError:
        return UNKNOWN_REVISION


@lru_cache(maxsize=1)
def deleter() -> Deleter:
    """Deletes versions and series."""
    return Deleter(version_store(), deadline_seconds=settings().publish_deadline_seconds, now=now)


@lru_cache(maxsize=1)
def promoter() -> Promoter:
    """Moves champions and challengers."""
    return Promoter(version_store(), deadline_seconds=settings().publish_deadline_seconds, now=now)


@lru_cache(maxsize=1)
def audit_store() -> AuditStore:
    """Reads audit trails."""
    from tidewatch.adapters.audit import DynamoDBAuditStore

    return DynamoDBAuditStore(clients.dynamodb(), settings().table_name)


@lru_cache(maxsize=1)
def audit_exports() -> AuditExports:
    """Where audit trails are exported to."""
    from tidewatch.adapters.audit_exports import S3AuditExports

    return S3AuditExports(clients.s3(), settings().audit_bucket)


@lru_cache(maxsize=1)
def observation_store() -> ObservationStore:
    """Holds what was judged, and labels."""
    from tidewatch.adapters.observations import DynamoDBObservationStore

    return DynamoDBObservationStore(
        clients.dynamodb(), settings().observations_table_name, days=settings().observation_days
    )


def monitored_series() -> MonitoredSeries:
    """Lists the series that are monitored."""
    from tidewatch.adapters.monitored import DynamoDBMonitoredSeries

    return DynamoDBMonitoredSeries(clients.dynamodb(), settings().table_name)


@lru_cache(maxsize=1)
def stream_store() -> StreamStore:
    """Holds streams and their judged points."""
    from tidewatch.adapters.streams import DynamoDBStreamStore

    return DynamoDBStreamStore(clients.dynamodb(), settings().streams_table_name, days=settings().stream_days)


@lru_cache(maxsize=1)
def stream_registry() -> Registry:
    """Loads the champions of streams: it asks where a series stands every few seconds, and not with every batch."""
    seconds = max(_CHAMPION_SECONDS, settings().head_cache_seconds)
    return Registry(version_store(), array_store, head_cache_seconds=seconds)


@lru_cache(maxsize=1)
def stream_cache() -> StreamCache:
    """Keeps streams in memory."""
    from tidewatch.streaming import StreamCache

    return StreamCache(_STREAMS_BYTES)


@lru_cache(maxsize=1)
def evaluation_store() -> EvaluationStore:
    """Holds the newest evaluations of versions."""
    from tidewatch.adapters.evaluations import DynamoDBEvaluationStore

    return DynamoDBEvaluationStore(clients.dynamodb(), settings().table_name)


@lru_cache(maxsize=1)
def object_store() -> ObjectStore:
    """All stored objects, for the collection of garbage."""
    return S3ObjectStore(clients.s3(), settings().data_bucket)


def idempotency_client() -> DynamoDBClient:
    """What records of idempotency keys are kept with."""
    from tidewatch.adapters.idempotency import with_safe_retries

    return with_safe_retries(clients.dynamodb())


def figure_reader() -> FigureReader:
    """Reads what the functions measured."""
    from tidewatch.adapters.cloudwatch import CloudWatchReader

    return CloudWatchReader(clients.cloudwatch(), NAMESPACE)


@lru_cache(maxsize=1)
def training_data() -> TrainingData:
    """Reads training data."""
    return TrainingData(data_store())


@lru_cache(maxsize=1)
def tenant_store() -> TenantStore:
    """Holds tenants and API keys."""
    from tidewatch.adapters.tenants import DynamoDBTenantStore

    return DynamoDBTenantStore(clients.dynamodb(), settings().tenants_table_name)


@lru_cache(maxsize=1)
def authorizer() -> Authorizer:
    """Finds whose API key it is."""
    from tidewatch.services.authorize import Authorizer

    return Authorizer(tenant_store(), gateway_judges=bool(settings().usage_plans))


@lru_cache(maxsize=1)
def job_store() -> JobStore:
    """Holds jobs."""
    from tidewatch.adapters.jobs import DynamoDBJobStore

    return DynamoDBJobStore(clients.dynamodb(), settings().jobs_table_name, job_objects)


@lru_cache(maxsize=1)
def job_objects() -> DataStore:
    """Holds what is too large for the item of a job."""
    return S3DataStore(clients.s3(), settings().data_bucket, JOB_DATA)


@lru_cache(maxsize=1)
def job_queue() -> JobQueue:
    """Brings jobs to the worker."""
    from tidewatch.adapters.sqs import SqsJobQueue

    return SqsJobQueue(clients.sqs(), settings().jobs_queue_url, settings().jobs_per_tenant)


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """Starts, shows, lists and cancels jobs."""
    from tidewatch.jobs.jobs import Jobs

    return Jobs(job_store(), job_queue(), now=now)


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    """A message of the queue of jobs, as Lambda brings it to the worker."""
    from tidewatch.adapters.sqs import delivery_of

    return delivery_of(record)


JOB_KINDS: Final = ("delete_tenant", "evaluate", "export_audit", "reproduce", "retrain")
"""The names of :func:`job_kinds`, for who only lists jobs: their functions bring all detectors along."""


@lru_cache(maxsize=1)
def job_kinds() -> JobKinds:
    """What the worker can do: the function of each kind of jobs. A new kind is registered here."""
    from tidewatch.jobs.kinds import JobKinds
    from tidewatch.services import delete_tenant, evaluate, evaluations, export_audit, reproduce, retrain

    kinds = JobKinds()
    environment = reproduce.Environment(library_versions(), platform.machine(), revision())
    kinds.register(
        reproduce.KIND,
        partial(
            reproduce.reproduce,
            registry=registry(),
            training_data=training_data(),
            arrays=array_store,
            environment=environment,
        ),
    )
    kinds.register(
        retrain.KIND,
        retrain.Retrainer(
            registry(),
            observation_store(),
            training_data(),
            publisher(),
            promoter(),
            most_points=settings().max_points,
            most_cells=settings().max_cells,
            now=now,
        ),
    )
    kinds.register(
        export_audit.KIND,
        partial(export_audit.export_audit, registry=registry(), audit=audit_store(), exports=audit_exports(), now=now),
    )
    kinds.register(
        evaluations.KIND,
        partial(
            evaluate.run_evaluation,
            registry=registry(),
            training_data=training_data(),
            observations=observation_store,
            evaluations=evaluation_store,
            most_points=settings().max_evaluation_points,
            now=now,
        ),
    )
    kinds.register(
        delete_tenant.KIND,
        partial(
            delete_tenant.delete_tenant,
            store=tenant_store(),
            metering=metering_keys(),
            places=_places_of_tenants(),
            now=now,
        ),
    )
    return kinds


def _places_of_tenants() -> dict[str, Wiper]:
    """Wherever tenants have something, by the name that people are told; the tenant itself and its keys go last."""
    from tidewatch.adapters.wiping import BucketWiper, RecordsWiper, TableWiper

    client, known = clients.dynamodb(), settings()
    return {
        "models": TableWiper(client, known.table_name),
        "jobs": TableWiper(client, known.jobs_table_name),
        "observations": TableWiper(client, known.observations_table_name),
        "streams": TableWiper(client, known.streams_table_name),
        "answers": RecordsWiper(client, known.idempotency_table_name),
        "counters": TableWiper(client, known.tenants_table_name),
        "objects": BucketWiper(clients.s3(), known.data_bucket),
        "audit_exports": BucketWiper(clients.s3(), known.audit_bucket),
    }


@lru_cache(maxsize=1)
def metering_keys() -> MeteringKeys:
    """Keeps tenants' keys of API Gateway."""
    from tidewatch.adapters.usage_plans import NoUsagePlans, UsagePlans

    stack = settings().usage_plans
    return UsagePlans(clients.apigateway(), stack) if stack else NoUsagePlans()


@lru_cache(maxsize=1)
def usage_store() -> UsageStore:
    """Counts what tenants use."""
    from tidewatch.adapters.usage import DynamoDBUsageStore

    return DynamoDBUsageStore(clients.dynamodb(), settings().tenants_table_name)


@lru_cache(maxsize=1)
def points_meter() -> PointsMeter:
    """Holds tenants to their points a day."""
    from tidewatch.services.limits import PointsMeter

    return PointsMeter(usage_store())
