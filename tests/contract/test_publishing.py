"""Publisher and Registry over every backend: races, failures, and what others see meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.adapters.s3 import MODEL_ARRAYS
from tidewatch.detectors import fit_model
from tidewatch.detectors.ensemble.auto.detector import AutoOptions
from tidewatch.registry import (
    DataCorrupted,
    Registry,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    TrainingData,
)
from tidewatch.series import TimeSeries
from tidewatch.tenancy import DEFAULT_TENANT

from tests.support.flaky import STEPS, FlakyData, FlakyVersions
from tests.support.samples import VALUES, a_model, a_publisher, a_series, key, no_arrays

BACKENDS = ("memory", "moto", "files")


def test_what_was_published_is_loaded(versions, data):
    model = a_model(sigmas=2.0, side="both")
    version = a_publisher(versions, data).publish(key("cpu"), a_series(), model)
    loaded = Registry(versions, no_arrays).load(key("cpu"))
    assert loaded.version == version
    assert loaded.model.learned() == model.learned()
    assert TrainingData(data).of(loaded.version).values.tolist() == list(VALUES)


def test_a_model_with_large_arrays_is_loaded_as_it_was(backend, versions, data):
    series = a_series(np.random.default_rng(1).normal(0, 1, 3000).tolist())
    model = fit_model(series, AutoOptions())
    arrays = backend.data(MODEL_ARRAYS)
    version = a_publisher(versions, data, arrays).publish(key("cpu"), series, model)
    assert version.arrays == b""
    loaded = Registry(versions, lambda: arrays).load(key("cpu"))
    point = TimeSeries.of_point(series.end + 60, 4.5)
    assert loaded.model.score(point).score.tolist() == model.score(point).score.tolist()


def test_a_model_whose_arrays_are_gone_is_corrupted_and_not_another(backend, versions, data):
    series = a_series(np.random.default_rng(1).normal(0, 1, 3000).tolist())
    arrays = backend.data(MODEL_ARRAYS)
    model = fit_model(series, AutoOptions())
    version = a_publisher(versions, data, arrays).publish(key("cpu"), series, model)
    backend.remove(version.arrays_key)
    with pytest.raises(DataCorrupted) as caught:
        Registry(versions, lambda: arrays).load(key("cpu"))
    assert caught.value.key == version.arrays_key


@pytest.mark.parametrize("overtaken", [1, 2, 5])
def test_whoever_is_overtaken_takes_the_next_number(versions, data, overtaken):
    other = a_publisher(versions, data)
    left = [None] * overtaken

    def overtake(_: object) -> None:
        if left:
            left.pop()
            other.publish(key("cpu"), a_series([1, 2, 3, 4, 5]), a_model())

    version = a_publisher(FlakyVersions(versions, before_append=overtake), data).publish(
        key("cpu"), a_series(), a_model()
    )
    assert version.number == overtaken + 1
    found = versions.list_versions(key("cpu"), 100, None).items
    assert [(v.number, v.points_used) for v in found] == [
        (overtaken + 1, 8),
        *((n, 5) for n in range(overtaken, 0, -1)),
    ]


def test_nothing_is_published_at_the_deadline(versions, data):
    other = a_publisher(versions, data)

    def overtake(_: object) -> None:
        other.publish(key("cpu"), a_series([1, 2, 3, 4, 5]), a_model())

    busy = a_publisher(FlakyVersions(versions, before_append=overtake), data, deadline_seconds=-1)
    with pytest.raises(SeriesBusy):
        busy.publish(key("cpu"), a_series(), a_model())
    assert [version.points_used for version in versions.list_versions(key("cpu"), 100, None).items] == [5]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [0, 1])
def test_a_publish_that_dies_is_not_seen_or_seen_whole(versions, data, step, before):
    for _ in range(before):
        a_publisher(versions, data).publish(key("cpu"), a_series([1, 2, 3, 4, 5]), a_model())
    failing = a_publisher(FlakyVersions(versions, step), FlakyData(data, step))
    with pytest.raises(StorageUnavailable):
        failing.publish(key("cpu"), a_series(), a_model())
    registry = Registry(versions, no_arrays)
    if not before and step != "answer of append":
        with pytest.raises(SeriesNotFound):
            registry.load(key("cpu"))
        assert registry.count_series(DEFAULT_TENANT) == 0
    else:
        loaded = registry.load(key("cpu"))
        assert loaded.version.number == before + (step == "answer of append")
        assert len(TrainingData(data).of(loaded.version)) == loaded.version.points_used
        assert registry.count_series(DEFAULT_TENANT) == 1
