"""What is stored: GET /series, and GET /series/{series_id} with its versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field

from tidewatch import composition
from tidewatch.api.app import route
from tidewatch.api.changes import LabelQuery, described, etag, wanted_label
from tidewatch.api.fields import (
    Int32,
    Limit,
    SeriesCursor,
    SeriesId,
    VersionCursor,
    VersionPath,
    decode_cursor,
    encode_cursor,
    selector,
)
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.api.series_groups import GroupBy, SeriesGroupsResponse
from tidewatch.lifecycle.evaluated import Evaluated, EvaluationStore
from tidewatch.registry import Lineage, ModelKind, ModelVersion, Page, SeriesSummary, Source
from tidewatch.services.group_series import MOST_SERIES, group_series

routes = Router()  # type: ignore[no-untyped-call]

_LISTED: Final = 50
_ListLimit = Annotated[
    int | None,
    Query(ge=1, le=100, description="How many series a page looks at; 50 unless given, 1,000 with `group_by`."),
]


def get_evaluations() -> EvaluationStore:
    """Holds the newest evaluations of versions."""
    return composition.evaluation_store()


EvaluationsDep = Annotated[EvaluationStore, Depends(get_evaluations)]


class SeriesLine(BaseModel):
    """One trained series."""

    series_id: str
    latest_version: str
    champion_version: Annotated[str, Field(description="The version that judges; the rest of the line is about it.")]
    detector: str
    points_used: Int32
    trained_at: datetime
    display_name: str | None
    unit: str | None
    labels: dict[str, str]
    timezone: str


class SeriesListResponse(BaseModel):
    """A page of the trained series, in the order of their ids."""

    series: list[SeriesLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, page: Page[SeriesSummary, str], wanted: tuple[str, str] | None) -> SeriesListResponse:
        """The answer for a page: of the series that have a label, if one is wanted."""
        lines = [
            SeriesLine(
                series_id=item.series_id,
                latest_version=f"v{item.latest}",
                champion_version=f"v{item.champion}",
                detector=item.detector,
                points_used=item.points_used,
                trained_at=item.trained_at,
                **described(item.description),
                timezone=item.timezone,
            )
            for item in page.items
            if wanted is None or item.description.has(*wanted)
        ]
        return cls(series=lines, next_cursor=encode_cursor(page.after))


class VersionLine(BaseModel):
    """One version of a series."""

    version: str
    detector: str
    options: dict[str, Any]
    points_used: Int32
    data_from: Annotated[datetime, Field(description="The first timestamp of the training data.")]
    data_to: Annotated[datetime, Field(description="The last timestamp of the training data.")]
    data_sha256: Annotated[str, Field(description="The sha256 of the training data as CSV text.")]
    libraries: Annotated[dict[str, str], Field(description="What it was trained with.")]
    trained_at: datetime
    display_name: Annotated[str | None, Field(description="What people call the series; null for its id.")]
    unit: Annotated[str | None, Field(description="What its values are measured in.")]
    labels: Annotated[dict[str, str], Field(description="Values by name, by which series are found.")]
    timezone: Annotated[str, Field(description="The time zone whose days and weeks the series has.")]


class VersionListResponse(BaseModel):
    """A page of the versions of a series, newest first."""

    series_id: str
    versions: list[VersionLine]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]

    @classmethod
    def of(cls, series_id: str, page: Page[ModelVersion, int]) -> VersionListResponse:
        """The answer for a page."""
        lines = [_line(item) for item in page.items]
        return cls(series_id=series_id, versions=lines, next_cursor=encode_cursor(page.after))


class DataProfile(BaseModel):
    """What the training data looks like. Times are Unix seconds."""

    min: float
    max: float
    gaps: Annotated[Int32, Field(description="How many times neighbouring points are over one and a half steps apart.")]
    missing_points: Annotated[Int32, Field(description="About how many points these gaps lack.")]
    longest_gap_seconds: int
    longest_gap_from: Annotated[int | None, Field(description="The point before it; null if there is no gap.")]
    longest_flat_points: Annotated[Int32, Field(description="The most neighbouring points with one value.")]
    longest_flat_from: Annotated[int, Field(description="The first of them.")]
    flat_tail_points: Annotated[Int32, Field(description="How many points at the end have one value.")]


class RowsProfile(BaseModel):
    """What training rows look like. Times are Unix seconds."""

    minima: Annotated[dict[str, float | None], Field(description="The least value of each variable.")]
    maxima: Annotated[dict[str, float | None], Field(description="The largest, likewise.")]
    missing: Annotated[dict[str, int], Field(description="How many values of a variable are missing, where some are.")]
    constant: Annotated[list[str], Field(description="The variables that never change; the model leaves them out.")]
    gaps: Annotated[Int32, Field(description="How many times neighbouring rows are over one and a half steps apart.")]
    missing_points: Annotated[Int32, Field(description="About how many rows these gaps lack.")]
    longest_gap_seconds: int
    longest_gap_from: Annotated[int | None, Field(description="The row before it; null if there is no gap.")]


class VersionLineage(BaseModel):
    """Where a version came from."""

    version_id: Annotated[str, Field(description="A UUID of this version alone.")]
    source: Annotated[Source, Field(description="What asked for the training.")]
    parent_version: Annotated[str | None, Field(description="The champion that it followed; null for the first.")]
    seed: Annotated[int | None, Field(description="Of all that is random in training; null if nothing is.")]
    preprocessing: Annotated[
        dict[str, Any], Field(description="What was done to the data first: `features`, `scaling` and `fill`.")
    ]
    architecture: Annotated[str, Field(description="The processor that trained it.")]
    revision: Annotated[str, Field(description="The git commit of Tidewatch that trained it, or `unknown`.")]

    @classmethod
    def of(cls, lineage: Lineage) -> VersionLineage:
        """The answer for a lineage."""
        parent = None if lineage.parent is None else f"v{lineage.parent}"
        return cls(
            version_id=lineage.version_id,
            source=lineage.source,
            parent_version=parent,
            seed=lineage.seed,
            preprocessing=dict(lineage.preprocessing),
            architecture=lineage.architecture,
            revision=lineage.revision,
        )


class VersionEvaluation(BaseModel):
    """The newest evaluation of a version."""

    job_id: Annotated[str, Field(description="The job whose result is the whole report, for as long as it is kept.")]
    evaluated_at: datetime
    data: Annotated[str, Field(description="What it was evaluated on: `stored` or `sent`.")]
    points: Annotated[Int32, Field(description="How many points it judged.")]
    figures: Annotated[dict[str, float | None], Field(description="By name; null where there is nothing to tell.")]

    @classmethod
    def of(cls, evaluated: Evaluated) -> VersionEvaluation:
        """The answer for an evaluation."""
        return cls(
            job_id=evaluated.job_id,
            evaluated_at=evaluated.evaluated_at,
            data=evaluated.data,
            points=evaluated.points,
            figures=dict(evaluated.figures),
        )


class VersionResponse(VersionLine):
    """One version of a series: what its fit answered, where it came from, and what its data looks like."""

    series_id: str
    learned: Annotated[
        dict[str, float | None] | None,
        Field(description="What the model learned, by name; null for a version of an earlier release."),
    ]
    profile: Annotated[
        DataProfile | RowsProfile | None,
        Field(description="What the training data looks like; null for a version of an earlier release."),
    ]
    kind: Annotated[ModelKind, Field(description="Whether it judges points of one variable, or rows of several.")]
    variables: Annotated[list[str], Field(description="The variables of a row; empty for a series.")]
    lineage: Annotated[
        VersionLineage | None, Field(description="Where it came from; null for a version of an earlier release.")
    ]
    evaluation: Annotated[
        VersionEvaluation | None, Field(description="Its newest evaluation; null until it was evaluated.")
    ]

    @classmethod
    def of(cls, version: ModelVersion, evaluated: Evaluated | None) -> VersionResponse:
        """The answer for a version and its newest evaluation."""
        return cls(**_told(version, evaluated))


class SeriesResponse(VersionResponse):
    """A series: its versions' numbers, and all that is known of the version that judges, which is the champion."""

    latest_version: Annotated[str, Field(description="The newest version.")]


@route(routes.get, "/series", tag="Models", success="A page.", problems=(422, 503))
def list_series(
    request: RequestDep,
    registry: RegistryDep,
    limit: _ListLimit = None,
    cursor: SeriesCursor = None,
    label: LabelQuery = None,
    group_by: GroupBy = None,
) -> SeriesListResponse | SeriesGroupsResponse:
    """List series, or count them by a label.

    The trained series, in the order of their ids. A first fit may take a moment to appear. With `label` only those that
    have it: a page then looks at `limit` series and may show fewer, or none, while `next_cursor` says that more follow.
    With `group_by` how many series have each value of that label, of up to 1,000 series a page.
    """
    after, wanted = decode_cursor(cursor), None if label is None else wanted_label(label)
    if group_by is None:
        return SeriesListResponse.of(registry.list_series(request.tenant, limit or _LISTED, after), wanted)
    found = group_series(
        request.tenant,
        group_by,
        having=wanted,
        most=limit or MOST_SERIES,
        after=after,
        registry=registry,
        deadline=request.deadline,
    )
    return SeriesGroupsResponse.of(group_by, found)


@route(routes.get, "/series/<series_id>/versions", tag="Models", success="A page.", problems=(404, 422, 503))
def list_versions(
    series_id: SeriesId, request: RequestDep, registry: RegistryDep, limit: Limit = 50, cursor: VersionCursor = None
) -> VersionListResponse:
    """List the versions of a series.

    Newest first, each with what it was trained on and with.
    """
    page = registry.list_versions(request.series(series_id), limit, decode_cursor(cursor))
    return VersionListResponse.of(series_id, page)


@route(routes.get, "/series/<series_id>", tag="Models", success="The series.", problems=(404, 422, 503))
def get_series(
    series_id: SeriesId, request: RequestDep, registry: RegistryDep, evaluations: EvaluationsDep
) -> Response[SeriesResponse]:
    """Get a series.

    Its latest version, and all that is known of the version that judges. The `ETag` names this state of the series, for
    If-Match.
    """
    key = request.series(series_id)
    head = registry.head(key)
    champion = registry.version(key, head.champion.number)
    answer = SeriesResponse(**_told(champion, evaluations.newest(champion)), latest_version=f"v{head.latest}")
    return Response(200, "application/json", answer, headers=etag(head))


@route(
    routes.get,
    "/series/<series_id>/versions/<version>",
    tag="Models",
    success="The version.",
    problems=(404, 422, 503),
)
def get_version(
    series_id: SeriesId,
    version: VersionPath,
    request: RequestDep,
    registry: RegistryDep,
    evaluations: EvaluationsDep,
) -> VersionResponse:
    """Get a version.

    All that its fit answered, what its training data looks like, and the figures of its newest evaluation.
    """
    key, number = request.series(series_id), selector(version)
    found = registry.version(key, number if isinstance(number, int) else registry.head(key).latest)
    return VersionResponse.of(found, evaluations.newest(found))


def _line(version: ModelVersion) -> VersionLine:
    return VersionLine(
        version=version.version,
        detector=version.detector,
        options=dict(version.options),
        points_used=version.points_used,
        data_from=datetime.fromtimestamp(version.start, UTC),
        data_to=datetime.fromtimestamp(version.end, UTC),
        data_sha256=version.data_sha256,
        libraries=dict(version.libraries),
        trained_at=version.trained_at,
        **described(version.description),
        timezone=version.timezone,
    )


def _told(version: ModelVersion, evaluated: Evaluated | None) -> dict[str, Any]:
    return {
        **_line(version).model_dump(),
        "evaluation": None if evaluated is None else VersionEvaluation.of(evaluated),
        "series_id": version.series_id,
        "learned": version.learned,
        "profile": version.profile,
        "kind": version.kind,
        "variables": version.variables,
        "lineage": None if version.lineage is None else VersionLineage.of(version.lineage),
    }
