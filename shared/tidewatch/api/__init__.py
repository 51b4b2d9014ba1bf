"""The HTTP door: what a request must be, what a response is, and which error means which status."""

from tidewatch.api.app import create_app, create_handler
from tidewatch.api.dependencies import (
    TENANT,
    HealthReporterDep,
    OnceOnlyDep,
    PublisherDep,
    RegistryDep,
    TrainingDataDep,
    get_health_reporter,
    get_once_only,
    get_publisher,
    get_registry,
    get_training_data,
)
from tidewatch.api.docs import docs_routes
from tidewatch.api.once_only import OnceOnly
from tidewatch.api.parameters import (
    IdempotencyKey,
    Limit,
    SeriesCursor,
    SeriesId,
    SeriesIdQuery,
    Version,
    VersionCursor,
    decode_cursor,
    selector,
)
from tidewatch.api.pictures import picture_response, pictures, wanted_format
from tidewatch.api.requests import FitBody, FitRequest, PredictBody, PredictRequest
from tidewatch.api.responses import (
    FitResponse,
    HealthcheckResponse,
    LivenessResponse,
    PredictResponse,
    SeriesListResponse,
    VersionListResponse,
)
from tidewatch.api.routing import route

__all__ = [
    "TENANT",
    "FitBody",
    "FitRequest",
    "FitResponse",
    "HealthReporterDep",
    "HealthcheckResponse",
    "IdempotencyKey",
    "Limit",
    "LivenessResponse",
    "OnceOnly",
    "OnceOnlyDep",
    "PredictBody",
    "PredictRequest",
    "PredictResponse",
    "PublisherDep",
    "RegistryDep",
    "SeriesCursor",
    "SeriesId",
    "SeriesIdQuery",
    "SeriesListResponse",
    "TrainingDataDep",
    "Version",
    "VersionCursor",
    "VersionListResponse",
    "create_app",
    "create_handler",
    "decode_cursor",
    "docs_routes",
    "get_health_reporter",
    "get_once_only",
    "get_publisher",
    "get_registry",
    "get_training_data",
    "picture_response",
    "pictures",
    "route",
    "selector",
    "wanted_format",
]
