"""The HTTP door: what a request must be, what a response is, and which error means which status.

Handlers take what all of them share from here. What only some need stays in its module (``training``,
``listing``, ``health``, ``once_only``, …), so that the others do not pay for its import.
"""
# ruff: noqa: E402 - the imports are what the collector must not disturb

import gc

# What a start makes stays for good, and the collector would look through it again and again: a seventh of the start.
gc.disable()

from tidewatch.api.app import create_app, create_handler
from tidewatch.api.dependencies import (
    JUDGING,
    PublisherDep,
    RegistryDep,
    TrainingDataDep,
    get_publisher,
    get_registry,
    get_training_data,
    series_key,
    tenant_of,
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
from tidewatch.api.requests import PredictBody, PredictRequest
from tidewatch.api.responses import PredictResponse
from tidewatch.api.routing import route

# Nor need it look there at any request to come.
gc.freeze()
gc.enable()

__all__ = [
    "JUDGING",
    "IdempotencyKey",
    "Limit",
    "PredictBody",
    "PredictRequest",
    "PredictResponse",
    "PublisherDep",
    "RegistryDep",
    "SeriesCursor",
    "SeriesId",
    "SeriesIdQuery",
    "TrainingDataDep",
    "Version",
    "VersionCursor",
    "create_app",
    "create_handler",
    "decode_cursor",
    "get_publisher",
    "get_registry",
    "get_training_data",
    "route",
    "selector",
    "series_key",
    "tenant_of",
]
