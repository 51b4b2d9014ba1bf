"""The HTTP door: what a request must be, what a response is, and which error means which status.

Handlers take what all of them share from here. What only one needs stays in its module (``docs``, ``health``,
``once_only``, ``pictures``), so that the others do not pay for its import.
"""

from tidewatch.api.app import create_app, create_handler
from tidewatch.api.dependencies import (
    TENANT,
    PublisherDep,
    RegistryDep,
    TrainingDataDep,
    get_array_store,
    get_publisher,
    get_registry,
    get_training_data,
)
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
    "HealthcheckResponse",
    "IdempotencyKey",
    "Limit",
    "LivenessResponse",
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
    "get_array_store",
    "get_publisher",
    "get_registry",
    "get_training_data",
    "route",
    "selector",
]
