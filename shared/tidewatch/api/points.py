"""Points that come in, and what was said of them: /series/{series_id}/points and /points.

Without ``from __future__ import annotations``: Powertools would compile string annotations anew at each request.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tidewatch import composition
from tidewatch.api.answers import json_answer
from tidewatch.api.app import route
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.fields import (
    MOMENT,
    Int32,
    SeriesId,
    StrictModel,
    as_errors,
    check_series_id,
    check_timestamp,
    decode_cursor,
    encode_cursor,
    not_a_cursor,
)
from tidewatch.api.predict import PointJudgement, judgements
from tidewatch.api.problems import problem_document
from tidewatch.api.request import ApiRequest, RegistryDep, RequestDep
from tidewatch.deadline import DeadlineExceeded
from tidewatch.registry import DataCorrupted, SeriesBusy, SeriesNotFound, StorageUnavailable, WrongKind
from tidewatch.series import EARLIEST, LATEST, MOST_PROBLEMS, InvalidSeries, Problem, read_arrivals
from tidewatch.services import ingest as service
from tidewatch.services.judged_points import judged_points
from tidewatch.settings import Settings
from tidewatch.streaming import Arrivals, JudgedPoints, Outcome
from tidewatch.telemetry import LogEvent, logger, record_stream, record_unkept

routes = Router()  # type: ignore[no-untyped-call]

_MOST_POINTS: Final = 5_000
"""Lambda's answers have 6 MB at the most, and a point takes up to 600 bytes of it."""
_MOST_SERIES: Final = 500
_REFUSED: Final = (Outcome.TOO_LATE, Outcome.TOO_EARLY)
_OF_A_SERIES: Final = (SeriesNotFound, WrongKind, DataCorrupted, SeriesBusy, StorageUnavailable, DeadlineExceeded)
"""What may keep the points of one series from being judged, and not those of others."""

_PURPOSE: Final = "a request"
_POINT: Final[dict[str, Any]] = {"timestamp": MOMENT, "value": {"type": "number"}}
_POINTS: Final = "In any order, and the same ones as often as you like: each time is judged once."


def _limits(_: Settings) -> BodyLimits:
    # Twice the points, so that a request with too many is told how many it has.
    points = 2 * _MOST_POINTS
    return BodyLimits(most_bytes=4 * 2**20, containers=64 + points, items=1_000 + 3 * points)


def _schema(of_point: dict[str, Any]) -> WithJsonSchema:
    item = {"type": "object", "properties": of_point, "required": list(of_point), "additionalProperties": False}
    return WithJsonSchema({"type": "array", "items": item, "minItems": 1, "maxItems": _MOST_POINTS})


class PointsRequest(StrictModel):
    """Points of one series."""

    points: Annotated[list[Any], _schema(_POINT), Field(description=_POINTS)]

    _arrivals: Arrivals = PrivateAttr()

    @property
    def arrivals(self) -> Arrivals:
        """The points that were checked."""
        return self._arrivals

    @model_validator(mode="after")
    def _check(self) -> "PointsRequest":
        try:
            self._arrivals = _read(self.points)
        except InvalidSeries as invalid:
            raise ValidationError.from_exception_data("PointsRequest", as_errors(invalid.problems)) from None
        self.points = []
        return self


class ManyPointsRequest(StrictModel):
    """Points of many series."""

    points: Annotated[
        list[Any],
        _schema({"series_id": {"type": "string"}, **_POINT}),
        Field(description=f"{_POINTS} Of at most {_MOST_SERIES} series."),
    ]

    _arrivals: dict[str, Arrivals] = PrivateAttr()

    @property
    def arrivals(self) -> dict[str, Arrivals]:
        """The points that were checked, by their series, in the order in which the series come."""
        return self._arrivals

    @model_validator(mode="after")
    def _check(self) -> "ManyPointsRequest":
        points = self.points if len(self.points) <= _MOST_POINTS else []
        names, problems = _series_ids(points)
        rest = [{k: v for k, v in one.items() if k != "series_id"} if isinstance(one, dict) else one for one in points]
        whole: Arrivals | None = None
        try:
            whole = _read(rest or self.points)
        except InvalidSeries as invalid:
            problems += invalid.problems
        if problems or whole is None:
            raise ValidationError.from_exception_data("ManyPointsRequest", as_errors(problems))
        places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            places.setdefault(name, []).append(place)
        self._arrivals = {
            name: Arrivals(whole.timestamps[chosen], whole.values[chosen]) for name, chosen in places.items()
        }
        self.points = []
        return self


class StreamedPoint(PointJudgement):
    """A point of a stream and its judgement."""

    model_version: Annotated[str, Field(description="The version that judged it.")]
    late: Annotated[bool, Field(description="Whether later points had been judged before it.")]


class ArrivedPoint(StreamedPoint):
    """A point that came in, and its judgement."""

    outcome: Annotated[
        Outcome,
        Field(
            description="`judged` now; `late`: now, after later ones; `repeated`: before, and that was said then.",
            json_schema_extra={"enum": ["judged", "late", "repeated"]},
        ),
    ]


class RefusedPoint(BaseModel):
    """A point that is not judged."""

    timestamp: datetime
    outcome: Annotated[
        Outcome,
        Field(
            description="`too_late`: 32 later points were judged before; `too_early`: it is more than a day ahead.",
            json_schema_extra={"enum": ["too_late", "too_early"]},
        ),
    ]


class PointsResponse(BaseModel):
    """What became of the points of a series."""

    # Nothing is validated by it: answers are written from arrays.
    model_config = ConfigDict(defer_build=True)

    series_id: str
    model_version: Annotated[str, Field(description="The champion.")]
    detector: Annotated[str, Field(description="The champion's detector.")]
    judged: Annotated[Int32, Field(description="How many points this request had judged, the late ones among them.")]
    points: Annotated[list[ArrivedPoint], Field(description="In the order of time, each time once.")]
    refused: list[RefusedPoint]


class FailedSeries(BaseModel):
    """A series whose points were not judged, and why: a problem as RFC 9457 has it."""

    series_id: str
    type: str
    title: str
    status: Annotated[Int32, Field(description="With 503 the same points may be sent again.")]
    detail: str


class ManyPointsResponse(BaseModel):
    """What became of the points of many series."""

    model_config = ConfigDict(defer_build=True)

    series: list[PointsResponse]
    failed: Annotated[list[FailedSeries], Field(description="Series whose points were not judged.")]


class StreamedPointsResponse(BaseModel):
    """A page of the judged points of a series, oldest first."""

    model_config = ConfigDict(defer_build=True)

    series_id: str
    points: list[StreamedPoint]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]


Wait = Annotated[
    bool,
    Query(description="Whether to wait for the judgements. This stack has no queue of points: each request waits."),
]


def _check_moment(moment: str) -> str:
    check_timestamp(moment)
    return moment


_MomentText = Annotated[str, AfterValidator(_check_moment), WithJsonSchema({"type": "string"})]
From = Annotated[_MomentText | None, Query(alias="from", description="The first time: Unix seconds or ISO 8601.")]
To = Annotated[_MomentText | None, Query(alias="to", description="The last time, likewise.")]
PointsLimit = Annotated[int, Query(ge=1, le=_MOST_POINTS, description="How many points a page has at the most.")]


def _check_points_cursor(cursor: str) -> str:
    first = decode_cursor(cursor)
    if type(first) is not int or not EARLIEST <= first <= LATEST:
        raise not_a_cursor()
    return cursor


PointsCursor = Annotated[
    Annotated[str, AfterValidator(_check_points_cursor), WithJsonSchema({"type": "string", "maxLength": 256})] | None,
    Query(description="Where the page starts: `next_cursor` of the page before. Opaque."),
]


def _answer(model: type[BaseModel], description: str) -> Mapping[int, Any]:
    # For the documentation; answers are written from arrays, since they may have thousands of points.
    return {200: {"description": description, "content": {"application/json": {"model": model}}}}


@route(
    routes.post,
    "/series/<series_id>/points",
    tag="Streams",
    success="",
    problems=(400, 404, 413, 415, 422, 503),
    also=_answer(PointsResponse, "What became of each point."),
    limits=_limits,
)
def send_points(
    series_id: SeriesId,
    body: Annotated[PointsRequest, Body()],
    request: RequestDep,
    wait: Wait = True,
) -> Response[str]:
    """Send points of a series.

    Judges each point once, by all that came before it, and keeps the judgement for 60 days. What is sent again, after a
    lost answer or by two senders, is answered with the judgement that there is. A late point is judged at its place if
    fewer than 32 later ones were.
    """
    del wait
    request.spend(len(body.arrivals))
    ingested = _ingest(series_id, body.arrivals, request)
    _record([ingested])
    return json_answer(_told(series_id, body.arrivals, ingested), request.headers)


@route(
    routes.post,
    "/points",
    tag="Streams",
    success="",
    problems=(400, 413, 415, 422, 503),
    also=_answer(ManyPointsResponse, "What became of each point, by series."),
    limits=_limits,
)
def send_points_of_many_series(
    body: Annotated[ManyPointsRequest, Body()], request: RequestDep, wait: Wait = True
) -> Response[str]:
    """Send points of many series.

    As of one series. What keeps one of them from being judged is told of it alone, and the others are judged.
    """
    del wait
    request.spend(sum(map(len, body.arrivals.values())))
    done, told, failed = [], [], []
    for series_id, arrivals in body.arrivals.items():
        try:
            ingested = _ingest(series_id, arrivals, request)
        except _OF_A_SERIES as error:
            failed.append({"series_id": series_id} | _problem(error))
            continue
        done.append(ingested)
        told.append(_told(series_id, arrivals, ingested))
    _record(done)
    return json_answer({"series": told, "failed": failed}, request.headers)


@route(
    routes.get,
    "/series/<series_id>/points",
    tag="Streams",
    success="",
    problems=(404, 422, 503),
    also=_answer(StreamedPointsResponse, "A page."),
)
def list_points(
    series_id: SeriesId,
    request: RequestDep,
    registry: RegistryDep,
    first: From = None,
    last: To = None,
    limit: PointsLimit = 1_000,
    cursor: PointsCursor = None,
) -> Response[str]:
    """List the judged points of a series.

    Those that were sent to it, oldest first, with what was said of them.
    """
    begin = decode_cursor(cursor) if cursor else EARLIEST if first is None else check_timestamp(first)
    found, after = judged_points(
        request.series(series_id),
        begin,
        LATEST if last is None else check_timestamp(last),
        limit,
        registry=registry,
        store=composition.stream_store(),
    )
    document = {"series_id": series_id, "points": _rows(found), "next_cursor": encode_cursor(after)}
    return json_answer(document, request.headers)


def _ingest(series_id: str, arrivals: Arrivals, request: ApiRequest) -> service.Ingested:
    return service.ingest(
        request.series(series_id),
        arrivals,
        registry=composition.stream_registry(),
        store=composition.stream_store(),
        cache=composition.stream_cache(),
        observations=composition.observation_store,
        now=composition.now,
        deadline=request.deadline,
    )


def _told(series_id: str, arrivals: Arrivals, ingested: service.Ingested) -> dict[str, Any]:
    points, first = arrivals.once()
    outcomes = {
        time: ingested.answer.outcomes[place] for time, place in zip(points.timestamps.tolist(), first, strict=True)
    }
    judged = ingested.answer.judged
    rows = _rows(judged)
    for row, time in zip(rows, judged.points.timestamps.tolist(), strict=True):
        row["outcome"] = outcomes[time]
    refused = {time: outcome for time, outcome in outcomes.items() if outcome in _REFUSED}
    written = np.datetime_as_string(np.array(list(refused), dtype="datetime64[s]"), timezone="UTC").tolist()
    return {
        "series_id": series_id,
        "model_version": ingested.version.version,
        "detector": ingested.version.detector,
        "judged": len(ingested.new),
        "points": rows,
        "refused": [
            {"timestamp": time, "outcome": outcome} for time, outcome in zip(written, refused.values(), strict=True)
        ],
    }


def _rows(judged: JudgedPoints) -> list[dict[str, Any]]:
    """What :class:`StreamedPoint` describes, of every point."""
    rows = judgements(judged.points, judged.scores)
    for row, number, late in zip(rows, judged.version.tolist(), judged.late.tolist(), strict=True):
        row |= {"model_version": f"v{number}", "late": late}
    return rows


def _record(done: list[service.Ingested]) -> None:
    """Counts what was judged, and tells operators of what was not kept and of what was refused."""
    detectors = {each.version.detector for each in done}
    points = sum(len(each.new) for each in done)
    if points:
        anomalies = sum(int(np.count_nonzero(each.new.scores.anomaly)) for each in done)
        record_stream(detectors.pop() if len(detectors) == 1 else None, points=points, anomalies=anomalies)
    for each in done:
        if each.unkept is not None:
            record_unkept(each.unkept.operation)
    refused = sum(outcome in _REFUSED for each in done for outcome in each.answer.outcomes)
    if refused:
        logger.info("points refused", event=LogEvent.POINTS_REFUSED, points=refused)


def _problem(error: Exception) -> dict[str, Any]:
    document = problem_document(error)
    return {name: document[name] for name in ("type", "title", "status", "detail")}


def _read(points: list[Any]) -> Arrivals:
    return Arrivals(*read_arrivals("points", points, most_points=_MOST_POINTS, purpose=_PURPOSE))


def _series_ids(points: list[Any]) -> tuple[list[str], list[Problem]]:
    """The series of each point, and what is wrong with them: one problem of each kind."""
    names: list[str] = []
    problems: dict[str, Problem] = {}
    for place, point in enumerate(points):
        name = point.get("series_id") if isinstance(point, dict) else ""
        if not isinstance(name, str):
            kind, told = ("missing", "") if name is None else ("wrong_type", "a series_id must be a string")
            problems.setdefault(kind, Problem(("points", place, "series_id"), told, kind))
            continue
        try:
            names.append(check_series_id(name) if isinstance(point, dict) else name)
        except PydanticCustomError as error:
            problems.setdefault(error.type, Problem(("points", place, "series_id"), error.message(), error.type))
    if len(set(names)) > _MOST_SERIES:
        told = f"a request takes points of at most {_MOST_SERIES} series, got {len(set(names)):,}"
        problems["too_many_series"] = Problem(("points",), told, "too_many_series")
    return names, list(problems.values())[:MOST_PROBLEMS]
