"""How champion and challenger compare: GET /series/{series_id}/comparison, and the labels that tell which is right."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.changes import PromoterDep, StandingResponse
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.fields import MOMENT, Int32, SeriesId, StrictModel, check_timestamp
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.lifecycle.comparison import Counts, Verdict
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.services import compare as service
from tidewatch.settings import Settings

routes = Router()  # type: ignore[no-untyped-call]

_MOST_LABELS: Final = 500


def get_observations() -> ObservationStore:
    """Holds what was judged, and labels."""
    return composition.observation_store()


ObservationsDep = Annotated[ObservationStore, Depends(get_observations)]


class Quality(BaseModel):
    """What labels say of a version."""

    alarms: Annotated[Int32, Field(description="How many points it called anomalies, with a label or without.")]
    hits: Annotated[Int32, Field(description="Labelled anomalies that it called so.")]
    misses: Annotated[Int32, Field(description="Labelled anomalies that it did not.")]
    false_alarms: Annotated[Int32, Field(description="Points labelled as usual that it called anomalies.")]
    precision: Annotated[float | None, Field(description="Share of its labelled alarms that were anomalies.")]
    recall: Annotated[float | None, Field(description="Share of the labelled anomalies that it found.")]
    cost: Annotated[float, Field(description="False alarms, and `miss_cost` for each miss.")]

    @classmethod
    def of(cls, alarms: int, counts: Counts, miss_cost: float) -> Quality:
        """The answer for counts."""
        return cls(
            alarms=alarms,
            hits=counts.hits,
            misses=counts.misses,
            false_alarms=counts.false_alarms,
            precision=counts.precision,
            recall=counts.recall,
            cost=counts.cost(miss_cost),
        )


class SequentialTest(BaseModel):
    """An always-valid test: one may look as often as one likes."""

    basis: Annotated[
        str, Field(description="`labels`, where one tells which is right; else `alarms`: which alarms less often.")
    ]
    error_rate: Annotated[
        float, Field(description="The chance, at the most, of ever preferring one of two equally good versions.")
    ]
    threshold: Annotated[float, Field(description="1 / `error_rate`: the evidence that decides.")]
    occasions_for_challenger: Annotated[Int32, Field(description="On how many occasions it was the better one.")]
    occasions_for_champion: Annotated[Int32, Field(description="Likewise.")]
    evidence_for_challenger: Annotated[float, Field(description="The wealth of who bets on it, of 1.")]
    evidence_for_champion: Annotated[float, Field(description="Likewise.")]
    verdict: Annotated[Verdict, Field(description="`promote` the challenger, `keep` the champion, or `not yet`.")]


class ComparisonResponse(BaseModel):
    """How champion and challenger judged the same points."""

    series_id: str
    champion_version: str
    challenger_version: str
    since: Annotated[datetime, Field(description="When the challenger was set.")]
    points: Annotated[Int32, Field(description="How many points both judged.")]
    agreement: Annotated[float | None, Field(description="Share of them on which both say the same.")]
    labelled: Annotated[Int32, Field(description="How many of them have a label.")]
    champion: Quality
    challenger: Quality
    test: SequentialTest

    @classmethod
    def of(cls, compared: service.Compared, miss_cost: float) -> ComparisonResponse:
        """The answer for a comparison."""
        head, found = compared.head, compared.comparison
        challenger = head.challenger
        if challenger is None:
            raise ValueError("only a challenger is compared")
        return cls(
            series_id=head.champion.series_id,
            champion_version=head.champion.version,
            challenger_version=f"v{challenger.number}",
            since=challenger.since,
            points=found.points,
            agreement=found.agreement,
            labelled=found.labelled,
            champion=Quality.of(found.champion_alarms, found.champion_counts, miss_cost),
            challenger=Quality.of(found.challenger_alarms, found.challenger_counts, miss_cost),
            test=SequentialTest(
                basis=found.basis,
                error_rate=challenger.error_rate,
                threshold=1 / challenger.error_rate,
                occasions_for_challenger=found.wins_of_challenger,
                occasions_for_champion=found.wins_of_champion,
                evidence_for_challenger=found.wealth_of_challenger,
                evidence_for_champion=found.wealth_of_champion,
                verdict=found.verdict,
            ),
        )


class Label(StrictModel):
    """Whether a point was an anomaly."""

    timestamp: Annotated[
        int,
        PlainValidator(check_timestamp),
        WithJsonSchema(MOMENT),
        Field(description="When the point was: Unix seconds or ISO 8601."),
    ]
    anomaly: Annotated[bool, Field(strict=True)]


class LabelsRequest(StrictModel):
    """What people say of points."""

    labels: Annotated[list[Label], Field(min_length=1, max_length=_MOST_LABELS)]


class LabelsResponse(StandingResponse):
    """Which versions judge then: a challenger may have been promoted."""

    labels: Annotated[Int32, Field(description="How many labels were kept.")]


def _limits(_: Settings) -> BodyLimits:
    return BodyLimits(2**18, containers=64 + 2 * _MOST_LABELS, items=1_000 + 4 * _MOST_LABELS)


MissCost = Annotated[float, Query(ge=0, le=1_000_000, description="What a miss costs, in false alarms.")]


@route(
    routes.get,
    "/series/<series_id>/comparison",
    tag="Life of a model",
    success="The comparison.",
    problems=(404, 422, 503),
)
def get_comparison(
    series_id: SeriesId,
    request: RequestDep,
    registry: RegistryDep,
    observations: ObservationsDep,
    miss_cost: MissCost = 1.0,
) -> ComparisonResponse:
    """Compare champion and challenger.

    On the points that both judged since the challenger was set: how often they agree, what each alarmed, what labels
    say, and a verdict whose error rate holds however often one looks.
    """
    compared = service.compare_versions(request.series(series_id), registry=registry, observations=observations)
    return ComparisonResponse.of(compared, miss_cost)


@route(
    routes.post,
    "/series/<series_id>/labels",
    tag="Life of a model",
    success="The labels are kept.",
    problems=(400, 404, 413, 415, 422, 503),
    limits=_limits,
)
def post_labels(
    series_id: SeriesId,
    body: Annotated[LabelsRequest, Body()],
    request: RequestDep,
    registry: RegistryDep,
    observations: ObservationsDep,
    promoter: PromoterDep,
) -> LabelsResponse:
    """Label points.

    Says of points whether they were anomalies. A later label takes the place of an earlier one. Where the challenger is
    to be promoted by itself, and the labels decide for it, it is the champion from then on.
    """
    head = service.label(
        request.series(series_id),
        {each.timestamp: each.anomaly for each in body.labels},
        registry=registry,
        observations=observations,
        promoter=promoter,
        deadline=request.deadline,
    )
    told: dict[str, Any] = StandingResponse.of(head).model_dump()
    return LabelsResponse(**told, labels=len(body.labels))
