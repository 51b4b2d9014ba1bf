"""GET /series/{series_id}/drift.

Without ``from __future__ import annotations``: Powertools would compile string annotations anew at each request.
"""

from datetime import UTC, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from tidewatch.api.app import route
from tidewatch.api.comparison import ObservationsDep
from tidewatch.api.fields import Int32, SeriesId
from tidewatch.api.request import RegistryDep, RequestDep, TrainingDataDep
from tidewatch.lifecycle.drift import AnomalyRate, Drift
from tidewatch.lifecycle.drift_psi import Reading, Stability
from tidewatch.services.drift import ObservedDrift, observe_drift
from tidewatch.settings import settings

routes = Router()  # type: ignore[no-untyped-call]


class MartingaleSummary(BaseModel):
    """Bets against uniform p-values, and what they won."""

    points: Annotated[Int32, Field(description="How many p-values were bet on.")]
    points_per_false_alarm: Annotated[
        float,
        Field(description="While nothing changes there is one alarm in so many points, at the most, on average."),
    ]
    statistic: Annotated[
        float, Field(description="The Shiryaev-Roberts statistic now; an alarm is raised at `points_per_false_alarm`.")
    ]
    maximum: Annotated[float, Field(description="The largest that it was; it is held to ten times that.")]
    alarms: Annotated[
        list[datetime], Field(description="The points that raised alarms, oldest first, also those that are over.")
    ]
    calibrated_by: Annotated[float, Field(description="How many independent points the p-values were calibrated by.")]
    tolerance: Annotated[float, Field(description="By how much the mean p-value may be off without being drift.")]
    point_worth: Annotated[
        float,
        Field(
            description="How many independent points each is worth: below 1 where neighbours rise and fall together."
        ),
    ]

    @classmethod
    def of(cls, drift: Drift, points_per_false_alarm: float) -> "MartingaleSummary":
        """The answer for a path."""
        path = drift.martingale
        return cls(
            points=path.points,
            points_per_false_alarm=points_per_false_alarm,
            statistic=path.statistic,
            maximum=path.maximum,
            alarms=[_moment(each) for each in drift.alarms],
            calibrated_by=drift.calibrated_by,
            tolerance=path.tolerance,
            point_worth=path.point_worth,
        )


class VariableStability(BaseModel):
    """How differently the values of a variable lie than those that the champion was trained on."""

    variable: Annotated[str, Field(description="`value` for a series of single values.")]
    psi: Annotated[float | None, Field(description="The population stability index; null without values.")]
    by_chance: Annotated[float | None, Field(description="About what it would be if nothing had changed.")]
    reading: Annotated[
        Reading,
        Field(
            description="`stable` below 0.1, `moderate` up to 0.25, `significant` beyond; `too few points` where "
            "chance alone gives 0.1."
        ),
    ]

    @classmethod
    def of(cls, found: Stability) -> "VariableStability":
        """The answer for a variable."""
        return cls(variable=found.variable, psi=found.index, by_chance=found.by_chance, reading=found.reading)


class ObservedRate(BaseModel):
    """How often the champion called points anomalies."""

    points: Int32
    anomalies: Int32
    rate: Annotated[float | None, Field(description="Null without a point.")]
    low: Annotated[float | None, Field(description="Lower end of the 95 % interval of the rate.")]
    high: Annotated[float | None, Field(description="Upper end.")]
    promised: Annotated[
        float | None, Field(description="The option `false_alarm_rate` of the champion's detector; null without it.")
    ]

    @classmethod
    def of(cls, found: AnomalyRate) -> "ObservedRate":
        """The answer for a rate."""
        return cls(
            points=found.points,
            anomalies=found.anomalies,
            rate=found.rate,
            low=found.low,
            high=found.high,
            promised=found.promised,
        )


class DriftResponse(BaseModel):
    """What a champion's observations show."""

    series_id: str
    champion_version: str
    monitor: Annotated[bool, Field(description="Whether judgements are kept; without them there is nothing to see.")]
    drifting: Annotated[bool, Field(description="Whether an alarm of the martingale lasts: the one rule.")]
    since: Annotated[datetime | None, Field(description="The point that raised it; null if there is none.")]
    points: Annotated[Int32, Field(description="How many points were looked at, the last 50,000 at the most.")]
    first: Annotated[datetime | None, Field(description="The first of them; null if there are none.")]
    last: Annotated[datetime | None, Field(description="The last of them; null if there are none.")]
    martingale: MartingaleSummary
    variables: Annotated[list[VariableStability], Field(description="Empty where no point was looked at.")]
    anomaly_rate: ObservedRate

    @classmethod
    def of(cls, observed: ObservedDrift, points_per_false_alarm: float) -> "DriftResponse":
        """The answer for what was found."""
        head, drift = observed.head, observed.drift
        return cls(
            series_id=head.champion.series_id,
            champion_version=head.champion.version,
            monitor=head.monitor,
            drifting=drift.drifting,
            since=None if drift.since is None else _moment(drift.since),
            points=drift.points,
            first=None if drift.start is None else _moment(drift.start),
            last=None if drift.end is None else _moment(drift.end),
            martingale=MartingaleSummary.of(drift, points_per_false_alarm),
            variables=[VariableStability.of(each) for each in drift.stability],
            anomaly_rate=ObservedRate.of(drift.anomaly_rate),
        )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


PointsPerFalseAlarm = Annotated[
    float | None,
    Query(
        ge=100,
        le=1e9,
        description="While nothing changes there is one alarm in so many points at the most. Without it 10,000, or as "
        "the stage is set.",
    ),
]


@route(
    routes.get,
    "/series/<series_id>/drift",
    tag="Life of a model",
    success="What was seen.",
    problems=(404, 422, 500, 503),
)
def get_drift(
    series_id: SeriesId,
    request: RequestDep,
    registry: RegistryDep,
    observations: ObservationsDep,
    training_data: TrainingDataDep,
    points_per_false_alarm: PointsPerFalseAlarm = None,
) -> DriftResponse:
    """Look for drift.

    What the champion judged since it became the champion, while judgements are kept: whether its p-values have changed,
    with a stated rate of false alarms; how its variables lie beside those that it was trained on; and how often it
    called points anomalies.
    """
    rarely = settings().points_per_false_alarm if points_per_false_alarm is None else points_per_false_alarm
    found = observe_drift(
        request.series(series_id),
        registry=registry,
        observations=observations,
        training_data=training_data,
        points_per_false_alarm=rarely,
    )
    return DriftResponse.of(found, rarely)
