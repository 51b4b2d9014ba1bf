"""Evaluating versions of a series and detectors, on stored data or on what was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS
from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext
from tidewatch.lifecycle.evaluated import Evaluated, EvaluationStore
from tidewatch.lifecycle.evaluation import (
    Candidate,
    CannotEvaluate,
    Contender,
    EvaluationOptions,
    Fitted,
    evaluate,
    figures_of,
)
from tidewatch.lifecycle.evaluation.plan import Points, split
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.lifecycle.retraining import gather
from tidewatch.registry import (
    LoadedModel,
    ModelVersion,
    Registry,
    SeriesKey,
    TrainingData,
    VersionNotFound,
    VersionSelector,
)
from tidewatch.series import Frame, InvalidSeries, Problem, TimeSeries
from tidewatch.services.evaluations import KIND

STORED: Final = "stored"
CHAMPION: Final = "champion"

_ALL: Final = 2**31
"""Points: the evaluation takes the last of them itself, and tells how many it left out."""

_OTHER: Final[Mapping[bool, Mapping[str, Any]]] = {True: CATALOGUE, False: CATALOGUE_OF_ROWS}
"""Of detectors that the data is nothing for, by whether it is rows."""


@dataclass(frozen=True, slots=True)
class AskedVersion:
    """A stored version: its number, the latest, or None for the champion."""

    selector: VersionSelector


@dataclass(frozen=True, slots=True)
class AskedDetector:
    """A detector and its options, checked, defaults filled in."""

    detector: str
    options: Mapping[str, Any]


Asked = AskedVersion | AskedDetector


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Data of a request.

    Attributes:
        points: of one variable or rows of several, checked.
        labels: whether points are anomalies, by Unix seconds, as far as that is known.
    """

    points: Points
    labels: Mapping[int, bool]


def start_evaluation(
    series: SeriesKey,
    asked: Sequence[Asked],
    sent: Sent | None,
    options: EvaluationOptions,
    *,
    registry: Registry,
    jobs: Jobs,
    idempotency_key: str | None,
) -> Job:
    """Accepts a job that evaluates contenders.

    Args:
        series: the series, and whose it is.
        asked: the contenders.
        sent: what to evaluate on; None for what is stored.
        options: how to evaluate.
        registry: where versions are.
        jobs: where jobs go.
        idempotency_key: the same key gives the same job.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no version that was asked for.
        InvalidSeries: if the data that was sent has too few points for the folds.
        JobKeyReused: if the key came with another request before.
        StorageUnavailable: if storage failed.
    """
    head = registry.head(series)
    contenders: list[dict[str, Any]] = []
    for each in asked:
        if isinstance(each, AskedDetector):
            name = each.detector
            told: dict[str, Any] = {"detector": name, "options": dict(each.options)}
        else:
            number = head.latest if each.selector == "latest" else each.selector or head.champion.number
            name, told = f"v{number}", {"version": number, "identity": registry.version(series, number).identity}
        contenders.append({"name": _new_name(name, [known["name"] for known in contenders]), **told})
    if sent is not None:
        _check_length(len(sent.points), asked, options)
    request = {
        "series_id": series.series_id,
        "contenders": contenders,
        "data": STORED if sent is None else _to_json(sent),
        "champion": {"version": head.champion.number, "identity": head.champion.identity},
        "folds": options.folds,
        "seed": options.seed,
        "size": options.size,
        "trials": options.trials,
    }
    return jobs.start(series.tenant, KIND, request, idempotency_key=idempotency_key)


def run_evaluation(
    job: Job,
    context: JobContext,
    *,
    registry: Registry,
    training_data: TrainingData,
    observations: Callable[[], ObservationStore],
    evaluations: Callable[[], EvaluationStore],
    most_points: int,
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """The function of the job: evaluates, and keeps the figures of each version with it.

    Run again, it keeps the same figures again.

    Returns:
        The ``series_id``, what the ``data`` was, ``stored`` or ``sent``, the ``timezone``, and the report, see
        :class:`~tidewatch.lifecycle.evaluation.Report`.

    Raises:
        SeriesNotFound, VersionNotFound: if a version was deleted meanwhile, even if another has its number now; with
            stored data also if the champion of then was.
        InvalidSeries: if what is stored has too few points for the folds.
        DataCorrupted: if stored data or arrays are gone or damaged.
        JobCancelled: if somebody asked for the job to end.
        DeadlineExceeded: if it takes longer than a run of a worker.
        StorageUnavailable: if storage failed.
    """
    context.check()
    request = job.request
    series = SeriesKey(job.tenant, request["series_id"])
    stored = request["data"] == STORED
    if stored:
        # What is stored is of the series that was asked for, not of one that was fitted anew under its name. Jobs of an
        # earlier release do not name the champion.
        named = request.get("champion")
        if named is not None:
            _check_identity(registry.version(series, named["version"]), named, registry)
        sent = stored_data(
            series,
            registry=registry,
            training_data=training_data,
            observations=observations,
            most_points=most_points,
        )
    else:
        sent = _from_json(request["data"])
    versions = {
        each["name"]: registry.load(series, each["version"]) for each in request["contenders"] if "version" in each
    }
    for each in request["contenders"]:
        if each["name"] in versions:
            _check_identity(versions[each["name"]].version, each, registry)
    timezone = registry.head(series).champion.timezone
    contenders = [_contender(each, versions, sent.points, timezone) for each in request["contenders"]]
    options = EvaluationOptions(
        folds=request["folds"],
        seed=request["seed"],
        size=request["size"],
        trials=request["trials"],
        most_points=most_points,
    )

    def progress(done: int, total: int) -> None:
        context.progress(done, total)
        context.check()

    try:
        report = evaluate(
            sent.points,
            contenders,
            labels=sent.labels,
            options=options,
            deadline=context.deadline,
            progress=progress,
        )
    except CannotEvaluate as error:
        raise _too_short(error) from None
    at, data = now(), STORED if stored else "sent"
    for told in report.contenders:
        loaded = versions.get(told.name)
        if loaded is not None and told.problem is None:
            kept = Evaluated(job.job_id, at, data, report.points, figures_of(told))
            evaluations().keep(loaded.version, kept)
    return {"series_id": series.series_id, "data": data, "timezone": timezone, **report.to_json()}


def _check_identity(version: ModelVersion, named: Mapping[str, Any], registry: Registry) -> None:
    # Jobs of an earlier release do not name the identity.
    if named.get("identity", version.identity) != version.identity:
        raise VersionNotFound(version.series_id, version.number, registry.head(version.series).latest)


def stored_data(
    series: SeriesKey,
    *,
    registry: Registry,
    training_data: TrainingData,
    observations: Callable[[], ObservationStore],
    most_points: int,
) -> Sent:
    """What the champion was trained on, then the last of what was observed since, with the labels that people gave.

    Raises:
        SeriesNotFound: if the series was never trained.
        DataCorrupted: if the training data is gone or damaged.
        StorageUnavailable: if storage failed.
    """
    champion = registry.head(series).champion
    found = observations().latest(series, champion.trained_at, most_points)
    stored = training_data.read(champion)
    points = gather(stored, found, {}, window=_ALL, exclude="none").points
    return Sent(points, observations().labels(series, points.start, points.end))


def _contender(
    told: Mapping[str, Any], versions: Mapping[str, LoadedModel], points: Points, timezone: str
) -> Contender:
    if "version" in told:
        loaded = versions[told["name"]]
        return Fitted(told["name"], loaded.model, loaded.version.start, loaded.version.end)
    catalogue = CATALOGUE_OF_ROWS if isinstance(points, Frame) else CATALOGUE
    name = told["detector"]
    # One of the other kind is told of in the report.
    options = (catalogue if name in catalogue else _OTHER[isinstance(points, Frame)])[name].options_type
    return Candidate(told["name"], options.model_validate(told["options"]), timezone)


def _new_name(name: str, known: Sequence[str]) -> str:
    """The name, or that with a number where there is one of that name."""
    names = [name, *(f"{name} ({count})" for count in range(2, len(known) + 2))]
    return next(each for each in names if each not in known)


def _check_length(points: int, asked: Sequence[Asked], options: EvaluationOptions) -> None:
    try:
        split(points, options.folds, training=any(isinstance(each, AskedDetector) for each in asked))
    except CannotEvaluate as error:
        raise _too_short(error) from None


def _too_short(error: CannotEvaluate) -> InvalidSeries:
    return InvalidSeries([Problem(("data",), str(error), "too_few_points")])


def _to_json(sent: Sent) -> dict[str, Any]:
    points = sent.points
    told: dict[str, Any] = {"timestamps": points.timestamps.tolist()}
    if isinstance(points, Frame):
        columns = [[None if np.isnan(value) else value for value in column] for column in points.values.T.tolist()]
        told["variables"] = dict(zip(points.names, columns, strict=True))
    else:
        told["values"] = points.values.tolist()
    return told | {"labels": [[time, anomaly] for time, anomaly in sorted(sent.labels.items())]}


def _from_json(told: Mapping[str, Any]) -> Sent:
    times = np.array(told["timestamps"], dtype=np.int64)
    points: Points
    if "variables" in told:
        # None becomes NaN.
        columns = [np.array(column, dtype=np.float64) for column in told["variables"].values()]
        points = Frame(times, np.column_stack(columns), tuple(told["variables"]))
    else:
        points = TimeSeries(times, np.array(told["values"], dtype=np.float64))
    return Sent(points, dict(told["labels"]))
