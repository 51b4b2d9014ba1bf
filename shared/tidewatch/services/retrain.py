"""Training a champion's detector again, on what it was trained on and what came since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import numpy as np

from tidewatch.deadline import Deadline
from tidewatch.detectors import (
    CATALOGUE,
    CATALOGUE_OF_ROWS,
    CannotTrain,
    DetectorOptions,
    Model,
    RowScores,
    RowsModel,
    Scores,
    fit_model,
    fit_rows,
)
from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.lifecycle.retraining import Exclusion, Gathered, gather, hold_out, may_judge
from tidewatch.registry import (
    Cause,
    Head,
    ModelVersion,
    NotAsExpected,
    Promoter,
    Publisher,
    Receipt,
    Registry,
    SeriesKey,
    TrainingData,
    VersionNotFound,
)
from tidewatch.series import Frame, TimeSeries
from tidewatch.series.preflight import FEWEST_POINTS

KIND: Final = "retrain"

Promotion = Literal["always", "challenger", "never"]
"""What becomes of the version: the champion, the challenger, or neither."""

Role = Literal["champion", "challenger", "none"]

_KEPT: Final = timedelta(days=7)
"""How long a job is known to have published; it ends within hours."""


@dataclass(frozen=True, slots=True)
class RetrainOptions:
    """How a champion is retrained.

    Attributes:
        detector: the options of the detector, its name among them; None for the champion's.
        window: the last points to train on; None for as many as a fit takes.
        least_new_points: with fewer points since the training of the champion nothing is trained.
        exclude: which points are not learned from.
        promote: what becomes of the version.
        error_rate: of the comparison, where the version becomes the challenger.
        auto_promote: whether it then becomes the champion once the comparison says so.
    """

    detector: Mapping[str, Any] | None = None
    window: int | None = None
    least_new_points: int = 1
    exclude: Exclusion = "labelled"
    promote: Promotion = "challenger"
    error_rate: float = 0.05
    auto_promote: bool = False


def start_retraining(
    series: SeriesKey,
    head: Head,
    options: RetrainOptions,
    cause: Cause,
    *,
    jobs: Jobs,
    idempotency_key: str | None,
) -> Job:
    """Accepts a job that retrains the champion of a series.

    Args:
        series: the series.
        head: where it stands.
        options: how.
        cause: who asks for it, and why.
        jobs: where jobs go.
        idempotency_key: the same key gives the same job.

    Raises:
        JobKeyReused: if the key came with another request before.
        StorageUnavailable: if storage failed.
    """
    request = {
        "series_id": series.series_id,
        "version": head.champion.number,
        "identity": head.champion.identity,
        **asdict(options),
        "actor": cause.actor,
        "reason": cause.reason,
    }
    return jobs.start(series.tenant, KIND, request, idempotency_key=idempotency_key)


@dataclass(frozen=True, slots=True)
class Retrainer:
    """The function of the job.

    Attributes:
        registry: where versions are.
        observations: where judgements and labels are.
        training_data: what versions were trained on.
        publisher: where the new version goes.
        promoter: moves champion and challenger.
        most_points: of single values that are trained on; likewise ``most_cells`` values of rows.
        now: tells the time.
    """

    registry: Registry
    observations: ObservationStore
    training_data: TrainingData
    publisher: Publisher
    promoter: Promoter
    most_points: int
    most_cells: int
    now: Callable[[], datetime]

    def __call__(self, job: Job, context: JobContext) -> dict[str, Any]:
        """Trains, publishes, and promotes as the request says; the champion stays where anything of it fails.

        It publishes once, however often it is called.

        Returns:
            ``outcome``: ``published``, or ``too_few_points`` if fewer came than the request names; ``version`` and
            ``role`` of what was published: ``champion``, ``challenger`` or ``none``, and in ``kept_because`` why it is
            not what was asked for; ``parent``: the champion that was retrained; ``points_used``, and of these
            ``new_points``; ``left_out``, the points that were left out as anomalies.

        Raises:
            SeriesNotFound, VersionNotFound: if the version was deleted meanwhile, even if another has its number now.
            DataCorrupted: if the training data is gone or damaged.
            CannotTrain: if the points do not suit the detector.
            DeadlineExceeded: if training takes longer than a run of a worker.
            SeriesBusy, StorageUnavailable: as :meth:`~tidewatch.registry.Publisher.publish`.
        """
        context.check()
        series, asked = SeriesKey(job.tenant, job.request["series_id"]), job.request
        parent = self.registry.version(series, asked["version"])
        # Jobs of an earlier release do not name the identity.
        if asked.get("identity", parent.identity) != parent.identity:
            raise VersionNotFound(series.series_id, parent.number, self.registry.head(series).latest)
        gathered = self._gather(series, parent, asked)
        told = {
            "series_id": series.series_id,
            "parent": parent.version,
            "points_used": len(gathered.points),
            "new_points": gathered.new,
            "left_out": gathered.left_out,
        }
        if gathered.new < asked["least_new_points"]:
            return told | {"outcome": "too_few_points", "version": None, "role": "none", "kept_because": None}
        if len(gathered.points) < FEWEST_POINTS:
            raise CannotTrain(
                f"a retraining needs at least {FEWEST_POINTS} points, got {len(gathered.points)}, and "
                f"{gathered.left_out:,} more were left out as anomalies"
            )
        context.progress(1, 3)
        options = _options(parent, asked["detector"])
        model = _train(gathered.points, options, parent, context.deadline)
        context.check()
        context.progress(2, 3)
        fit_to_judge = asked["promote"] != "always" or self._may_judge(series, parent, options, gathered, context)
        cause = Cause(asked["actor"], _reason(parent, gathered, asked["reason"]))
        receipt = Receipt(f"job/{job.job_id}", int((self.now() + _KEPT).timestamp()))
        version = self.publisher.publish(
            series,
            gathered.points,
            model,
            receipt,
            context.deadline,
            source="retrain",
            parent=parent.number,
            cause=cause,
            timezone=parent.timezone,
            promote=False,
        )
        kept_because = None if fit_to_judge else "it calls too many points anomalies that it did not learn from"
        if fit_to_judge:
            kept_because = self._give_role(series, parent, version, asked, cause, context.deadline)
        told |= {"outcome": "published", "version": version.version, "kept_because": kept_because}
        return told | {"role": _role(self.registry.head(series), version)}

    def _gather(self, series: SeriesKey, parent: ModelVersion, asked: Mapping[str, Any]) -> Gathered:
        stored = self.training_data.read(parent)
        most = self.most_points
        if isinstance(stored, Frame):
            most = min(most, self.most_cells // len(stored.names))
        window = min(asked["window"] or most, most)
        found = self.observations.latest(series, self._begun(series, parent), window)
        end = max([stored.end, *(each.points.end for each in found)])
        labels = {} if asked["exclude"] == "none" else self.observations.labels(series, stored.start, end)
        return gather(stored, found, labels, window=window, exclude=asked["exclude"])

    def _begun(self, series: SeriesKey, parent: ModelVersion) -> datetime:
        """From when on judgements are of this series, and not of one of its name that was deleted."""
        try:
            return self.registry.version(series, 1).trained_at
        except VersionNotFound:
            return parent.trained_at

    def _may_judge(
        self, series: SeriesKey, parent: ModelVersion, options: DetectorOptions, gathered: Gathered, context: JobContext
    ) -> bool:
        """Whether a model of all but the last points alarms on those no more than is usual, or than the champion."""
        parts = hold_out(gathered.points)
        if parts is None:
            return True
        past, last = parts
        champion = self.registry.load(series, parent.number)
        candidate = _train(past, options, parent, context.deadline)
        context.check()
        return may_judge(*(_alarms(model, past, last, context.deadline) for model in (candidate, champion.model)))

    def _give_role(
        self,
        series: SeriesKey,
        parent: ModelVersion,
        version: ModelVersion,
        asked: Mapping[str, Any],
        cause: Cause,
        deadline: Deadline,
    ) -> str | None:
        """Promotes the version, or lets it challenge; returns why it did not."""
        head = self.registry.head(series)
        if asked["promote"] == "never" or head.champion.number == version.number:
            return None
        if head.champion.identity != parent.identity:
            return "another version has become the champion meanwhile"
        try:
            if asked["promote"] == "always":
                self.promoter.promote(series, version.number, cause, tag=head.tag, deadline=deadline)
            else:
                self.promoter.challenge(
                    series,
                    version.number,
                    cause,
                    auto_promote=asked["auto_promote"],
                    error_rate=asked["error_rate"],
                    tag=head.tag,
                    deadline=deadline,
                )
        except NotAsExpected:
            return "the series was changed in the same moment"
        return None


def _options(parent: ModelVersion, asked: Mapping[str, Any] | None) -> DetectorOptions:
    options = dict(parent.options) if asked is None else dict(asked)
    name = str(parent.detector if asked is None else asked["name"])
    catalogue: Any = CATALOGUE_OF_ROWS if parent.kind == "rows" else CATALOGUE
    chosen: DetectorOptions = catalogue[name].options_type.model_validate(options)
    return chosen


def _train(
    points: TimeSeries | Frame, options: DetectorOptions, parent: ModelVersion, deadline: Deadline
) -> Model | RowsModel:
    zone = parent.timezone
    if isinstance(points, Frame):
        return fit_rows(points, options, timezone=zone, deadline=deadline)
    # A series that came to stand still is not learned, unless it always stood still.
    profile = parent.profile or {}
    stood_still = bool(profile) and profile["min"] == profile["max"]
    return fit_model(points, options, allow_constant=stood_still, timezone=zone, deadline=deadline)


def _alarms(model: Model | RowsModel, past: TimeSeries | Frame, last: TimeSeries | Frame, deadline: Deadline) -> float:
    """The share of alarms of a model among the last points, each judged by what came before it."""
    scores: Scores | RowScores
    if isinstance(model, RowsModel):
        if not isinstance(past, Frame) or not isinstance(last, Frame):
            raise TypeError("a model of rows judges rows")
        scores = model.score(last.select(model.variables), past.select(model.variables), deadline)
    else:
        if isinstance(past, Frame) or isinstance(last, Frame):
            raise TypeError("a model of single values judges single values")
        scores = model.score(last, past, deadline)
    return float(np.mean(scores.anomaly))


def _reason(parent: ModelVersion, gathered: Gathered, reason: str) -> str:
    """Why, for the audit trail."""
    told = f"{parent.version} retrained with {gathered.new:,} new points"
    return f"{told}: {reason}" if reason else told


def _role(head: Head, version: ModelVersion) -> Role:
    if head.champion.number == version.number:
        return "champion"
    return "challenger" if head.challenger and head.challenger.number == version.number else "none"
