"""HTTP: what a request must be, what an answer is, and which error means which status.

One module for each group of routes holds its schemas and its functions: ``fit``, ``predict``, ``detect`` and so on. A
handler imports those that it serves, so that no function pays at its start for the routes of another.
"""
# ruff: noqa: E402 - the collector is stopped before the imports that it would only slow down

import gc

# What a start makes stays for good, and the collector would look through it again and again: a seventh of the start.
gc.disable()

# Room by room from the bottom, so that imports do not nest deeply. CPython's stack has chunks of 16 KB. Where a loop
# calls across the end of one, each call maps memory: urllib3's patterns, or the first pydantic model, took 50 ms more.
import tidewatch.telemetry  # isort: skip
import tidewatch.series  # isort: skip
import tidewatch.detectors  # isort: skip
import tidewatch.registry  # isort: skip
import tidewatch.composition  # noqa: F401 # isort: skip

from tidewatch.api.app import create_app, create_handler
from tidewatch.api.request import (
    JUDGING,
    get_publisher,
    get_registry,
    get_training_data,
)

gc.freeze()
gc.enable()

__all__ = [
    "JUDGING",
    "create_app",
    "create_handler",
    "get_publisher",
    "get_registry",
    "get_training_data",
]
