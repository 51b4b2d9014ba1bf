"""Training a version again from what is stored, to prove where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import orjson

from tidewatch.deadline import Deadline
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS, Arrays, Model, RowsModel, fit_model, fit_rows
from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext
from tidewatch.registry import (
    DataStore,
    ModelVersion,
    Registry,
    SeriesKey,
    TrainingData,
    VersionSelector,
)
from tidewatch.registry.encoding import unpack_arrays

KIND: Final = "reproduce"

Outcome = Literal["equal", "different", "not_comparable"]


@dataclass(frozen=True, slots=True)
class Environment:
    """What trains in this process.

    Attributes:
        libraries: the versions of the libraries.
        architecture: of the processor.
        revision: the git commit of this code.
    """

    libraries: Mapping[str, str]
    architecture: str
    revision: str


def start_reproduction(
    series: SeriesKey, selector: VersionSelector, *, registry: Registry, jobs: Jobs, idempotency_key: str | None
) -> Job:
    """Accepts a job that trains a version again.

    Args:
        series: the series, and whose it is.
        selector: the version; None is the champion.
        registry: where versions are.
        jobs: where jobs go.
        idempotency_key: the same key gives the same job.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no such version.
        JobKeyReused: if the key came with another version before.
        StorageUnavailable: if storage failed.
    """
    number = selector if isinstance(selector, int) else _number(registry, series, selector)
    registry.version(series, number)
    request = {"series_id": series.series_id, "version": number}
    return jobs.start(series.tenant, KIND, request, idempotency_key=idempotency_key)


def _number(registry: Registry, series: SeriesKey, selector: VersionSelector) -> int:
    head = registry.head(series)
    return head.latest if selector == "latest" else head.champion.number


def reproduce(
    job: Job,
    context: JobContext,
    *,
    registry: Registry,
    training_data: TrainingData,
    arrays: Callable[[], DataStore],
    environment: Environment,
) -> dict[str, Any]:
    """The function of the job: trains the version again, and compares what was learned bit by bit.

    It changes nothing, so it may run any number of times.

    Returns:
        ``outcome``: ``equal`` if all parameters and arrays are the same to the last bit; ``not_comparable`` if they
        differ and the version was trained with other libraries or on another architecture, which round otherwise;
        ``different`` if they differ all the same. ``differences``: the names of the parameters and arrays that differ.
        ``environment``: what differs of what trained then and now, each as ``{"then": …, "now": …}``.

    Raises:
        SeriesNotFound, VersionNotFound: if the version was deleted meanwhile.
        DataCorrupted: if the training data or the arrays are gone or damaged.
        CannotTrain: if this release refuses what an earlier one trained.
        DeadlineExceeded: if training takes longer than a run of a worker.
        StorageUnavailable: if storage failed.
    """
    context.check()
    version = registry.version(SeriesKey(job.tenant, job.request["series_id"]), job.request["version"])
    model = _train(version, training_data, context.deadline)
    differences = _differences(version, model, arrays)
    changed = _changed(version, environment)
    return {
        "series_id": version.series_id,
        "version": version.version,
        "outcome": _outcome(differences, changed),
        "differences": differences,
        "environment": changed,
        "data_sha256": version.data_sha256,
    }


def _train(version: ModelVersion, training_data: TrainingData, deadline: Deadline) -> Model | RowsModel:
    if version.kind == "rows":
        chosen = CATALOGUE_OF_ROWS[version.detector].options_type.model_validate(version.options)
        return fit_rows(training_data.rows_of(version), chosen, timezone=version.timezone, deadline=deadline)
    options = CATALOGUE[version.detector].options_type.model_validate(version.options)
    # Whatever was published was allowed, a series of equal values too.
    data, zone = training_data.of(version), version.timezone
    return fit_model(data, options, allow_constant=True, timezone=zone, deadline=deadline)


def _differences(version: ModelVersion, model: Model | RowsModel, arrays: Callable[[], DataStore]) -> list[str]:
    """The parameters and arrays that are not the same to the last bit, in the order of their names."""
    # As they are stored: a double has one shortest text.
    now = orjson.loads(orjson.dumps(model.parameters()))
    then = version.parameters
    found = [f"parameters.{name}" for name in {*then, *now} if _text(then.get(name)) != _text(now.get(name))]
    stored, trained = _arrays_of(version, arrays), model.arrays()
    found += [f"arrays.{name}" for name in {*stored, *trained} if not _same(stored.get(name), trained.get(name))]
    return sorted(found)


def _text(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _arrays_of(version: ModelVersion, arrays: Callable[[], DataStore]) -> Arrays:
    if version.arrays_key is None or version.arrays_sha256 is None:
        return unpack_arrays(version.arrays)
    return unpack_arrays(arrays().get(version.arrays_key, version.arrays_sha256))


def _same(one: np.ndarray[Any, Any] | None, other: np.ndarray[Any, Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _changed(version: ModelVersion, now: Environment) -> dict[str, dict[str, str | None]]:
    """What trained the version and is not the same here; None where the version does not tell."""
    lineage = version.lineage
    then: dict[str, str | None] = {
        "architecture": lineage.architecture if lineage else None,
        "revision": lineage.revision if lineage else None,
    }
    here: dict[str, str | None] = {"architecture": now.architecture, "revision": now.revision}
    for name in {*version.libraries, *now.libraries}:
        then[f"libraries.{name}"] = version.libraries.get(name)
        here[f"libraries.{name}"] = now.libraries.get(name)
    return {name: {"then": then[name], "now": here[name]} for name in sorted(then) if then[name] != here[name]}


def _outcome(differences: list[str], changed: Mapping[str, Any]) -> Outcome:
    if not differences:
        return "equal"
    # Other code of ours explains a difference, but is no excuse for it.
    return "not_comparable" if changed.keys() - {"revision"} else "different"
