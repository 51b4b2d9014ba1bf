"""Small series, models and versions for tests that need one and do not care which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from tidewatch.detectors import Model, fit_model
from tidewatch.detectors.statistical.three_sigma import ThreeSigmaOptions
from tidewatch.registry import DataStore, Head, ModelVersion, Publisher, SeriesKey, VersionStore
from tidewatch.series import TimeSeries
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.memory import Memory, MemoryDataStore, MemoryVersionStore

VALUES = (2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)
NOW = datetime(2025, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)
LIBRARIES = {"python": "3.13.1", "numpy": "2.4.6"}


def key(series_id: str = "cpu", tenant: Tenant = DEFAULT_TENANT) -> SeriesKey:
    """A series, of the default tenant unless told otherwise."""
    return SeriesKey(tenant, series_id)


def a_series(values: Sequence[float] = VALUES, start: int = 1_735_689_600) -> TimeSeries:
    """A point a minute."""
    times = np.arange(start, start + 60 * len(values), 60, dtype=np.int64)
    return TimeSeries(times, np.array(values, dtype=np.float64))


def a_model(values: Sequence[float] = VALUES, **options: Any) -> Model:
    """A three-sigma model of these values."""
    return fit_model(a_series(values), ThreeSigmaOptions(**options))


def a_version(
    series_id: str = "cpu",
    number: int = 1,
    *,
    tenant: Tenant = DEFAULT_TENANT,
    sigmas: float = 3.0,
    **changes: Any,
) -> ModelVersion:
    """A version as the publisher makes them."""
    model = a_model(sigmas=sigmas)
    fields: dict[str, Any] = {
        "series": SeriesKey(tenant, series_id),
        "number": number,
        "detector": "three_sigma",
        "options": model.options.model_dump(),
        "parameters": dict(model.parameters()),
        "points_used": len(VALUES),
        "start": 1_735_689_600,
        "end": 1_735_689_600 + 60 * (len(VALUES) - 1),
        "step": 60,
        "data_key": f"training/default/{number}.csv.gz",
        "data_sha256": f"{number:064x}",
        "libraries": LIBRARIES,
        "trained_at": NOW,
    }
    return ModelVersion(**fields | changes)


def no_arrays() -> DataStore:
    """For registries whose models are small: theirs lie in the version."""
    raise AssertionError("these models have no arrays elsewhere")


def a_publisher(
    versions: VersionStore | None = None,
    data: DataStore | None = None,
    arrays: DataStore | None = None,
    **arguments: Any,
) -> Publisher:
    """A publisher that never really waits."""
    return Publisher(
        versions or MemoryVersionStore(Memory()),
        data or MemoryDataStore(Memory()),
        arrays or MemoryDataStore(Memory(), "models"),
        **{
            "deadline_seconds": 15,
            "now": lambda: NOW,
            "libraries": LIBRARIES,
            "sleep": lambda _: None,
        }
        | arguments,
    )


def a_head(champion: ModelVersion) -> Head:
    """A series whose latest version is its champion."""
    return Head(champion.number, champion)
