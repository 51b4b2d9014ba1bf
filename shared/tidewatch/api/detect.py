"""POST /detect: judge a whole series by itself. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails

from tidewatch.api.answers import json_answer, picture_content, picture_response, rounded
from tidewatch.api.app import route, series_limits
from tidewatch.api.detector_options import AnyDetectorOptions, in_plain_words, read_detector
from tidewatch.api.fields import DIRECTIONS, Direction, Int32, Timezone, as_errors, nearest, unknown_fields
from tidewatch.api.request import RequestDep
from tidewatch.detectors import CATALOGUE, FAMILY_DEFAULTS, DetectorOptions, Event
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, ThemeName
from tidewatch.series import EARLIEST, LATEST, POINT_FIELDS, UTC_NAME, InvalidSeries, Problem, SentSeries, read_series
from tidewatch.services.detect import AUTO_FROM, OF_FEW, OF_MANY, Detection, default_detector
from tidewatch.services.detect import detect as detect_series
from tidewatch.services.plot import PictureStyle, plot_detection
from tidewatch.settings import Settings, settings
from tidewatch.telemetry import record_detection
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]

_MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default
_NUMBER: Final[dict[str, Any]] = {"type": "number"}
_MOMENT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"type": "integer", "format": "int64", "minimum": EARLIEST, "maximum": LATEST}, {"type": "string"}]
}
_POINT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"timestamp": _MOMENT_SCHEMA, "value": _NUMBER},
    "required": list(POINT_FIELDS),
    "additionalProperties": False,
}

_Numbers = list[float | None]
_Unit = Annotated[float, Field(ge=0, le=1)]
_Moment = Annotated[int, Field(json_schema_extra={"format": "int64"})]

Side = Annotated[int, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE, description="Of a picture, in pixels.")]
FormatChoice = Annotated[Literal["json", "png", "svg"], Query(description="A picture in the place of the numbers.")]


def _arrays_of(*items: dict[str, Any]) -> WithJsonSchema:
    arrays = [{"type": "array", "items": each, "minItems": 5, "maxItems": _MOST_POINTS} for each in items]
    return WithJsonSchema({"anyOf": [*arrays, {"type": "null"}]})


class DetectRequest(BaseModel):
    """A series to judge as a whole, in one of three forms, and optionally how.

    The forms: ``timestamps`` and ``values``; ``values`` alone; ``data``.
    """

    model_config = ConfigDict(extra="forbid")

    timestamps: Annotated[
        list[Any] | None,
        _arrays_of(_MOMENT_SCHEMA),
        Field(
            description="Unix seconds, or strings of ISO 8601, strictly increasing. Without them the points follow "
            "each other by their index, and no season of a day or a week is assumed.",
        ),
    ] = None
    values: Annotated[
        list[Any] | None, _arrays_of(_NUMBER), Field(description="Finite numbers, at least 5; not all equal.")
    ] = None
    data: Annotated[
        list[Any] | None,
        _arrays_of(_NUMBER, _POINT),
        Field(description="In the place of both: numbers, or objects with a timestamp and a value."),
    ] = None
    detector: Annotated[
        AnyDetectorOptions | None,
        Field(
            description=f"The detector and its options. Without it, and without a method: {OF_MANY} for {AUTO_FROM} "
            f"points and more, {OF_FEW} for fewer.",
        ),
    ] = None
    method: Annotated[
        str | None,
        WithJsonSchema({"anyOf": [{"type": "string", "enum": [*CATALOGUE, *FAMILY_DEFAULTS]}, {"type": "null"}]}),
        Field(description="In the place of detector: its name, or `statistical` or `ml` for the default of a family."),
    ] = None

    timezone: Annotated[
        Timezone | None,
        Field(description="The IANA time zone, such as Europe/Berlin, by whose clock days are counted; else UTC."),
    ] = None

    _sent: SentSeries = PrivateAttr()

    @property
    def sent(self) -> SentSeries:
        """The series that passed preflight."""
        return self._sent

    @property
    def options(self) -> DetectorOptions:
        """Of the detector that was asked for, or else of the default."""
        return cast("DetectorOptions", self.detector)

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, body: Any, handler: ModelWrapValidatorHandler[DetectRequest]) -> DetectRequest:
        """Checks the series also where the structure is at fault, so that one answer names every problem."""
        found: list[InitErrorDetails] = []
        unknown: list[InitErrorDetails] = []
        request: DetectRequest | None = None
        given = known = body
        if isinstance(body, dict):
            unknown = unknown_fields(body, cls.model_fields)
            # Null is as good as nothing.
            given = {name: part for name, part in body.items() if part is not None and name in cls.model_fields}
            known, unknown_options = _with_detector(given)
            unknown += unknown_options
        try:
            request = handler(known)
        except ValidationError as error:
            found += [in_plain_words(item) for item in error.errors(include_input=False)]
        found += unknown
        if isinstance(given, dict):
            found += as_errors(_check_choice(given))
            try:
                sent = read_series(given, most_points=settings().max_detect_points, purpose="a detection")
                if "timezone" in given and not sent.has_times:
                    msg = "points without timestamps have no time zone"
                    found += as_errors([Problem(("timezone",), msg, "timezone_without_times")])
                if request is not None:
                    request._sent = sent  # noqa: SLF001 - its own
                    # The boxed numbers need not stay in memory through the detection.
                    request.timestamps = request.values = request.data = None
            except InvalidSeries as invalid:
                found += as_errors(invalid.problems)
        if request is None or found:
            raise ValidationError.from_exception_data("DetectRequest", found)
        return request


class EventLine(BaseModel):
    """Neighbouring anomalous points, at most 3 usual ones apart. Times are Unix seconds; indices if there are none."""

    start: Annotated[_Moment, Field(description="Of the first anomalous point.")]
    end: Annotated[_Moment, Field(description="Of the last one.")]
    peak: Annotated[_Moment, Field(description="Of the one with the smallest p-value.")]
    start_index: Int32
    end_index: Int32
    peak_index: Int32
    severity: Annotated[_Unit, Field(description="Of the peak.")]
    direction: Annotated[Direction | None, Field(description="Of the peak: higher or lower than expected.")]
    points: Annotated[Int32, Field(description="How many anomalous points it has.")]
    alerts: Annotated[
        list[_Moment],
        Field(description="When to tell somebody: at the start, and again where -log10(p_value) is 25 % more."),
    ]


class DetectResponse(BaseModel):
    """The judgement of every point, in arrays that are aligned with the input; null while warming up."""

    detector: Annotated[str, Field(description="The detector's name.")]
    options: Annotated[dict[str, Any], Field(description="The detector's options, defaults filled in.")]
    points: Annotated[Int32, Field(description="How many points were sent.")]
    warmup_points: Annotated[Int32, Field(description="How many at the start are not judged: too little is before.")]
    period: Annotated[int | None, Field(description="The season that was found, in points; null if there is none.")]
    learned: Annotated[
        dict[str, float | None],
        Field(description="What the detector learned, by name; null where there is none or beyond the range."),
    ]
    anomaly: Annotated[list[bool | None], Field(description="Whether the point is unusual.")]
    score: Annotated[_Numbers, Field(description="The detector's own statistic, 6 digits.")]
    severity: Annotated[
        list[_Unit | None], Field(description="e / (e + 3) for e = -log10(p_value), 6 digits; the scale of predict.")
    ]
    p_value: Annotated[list[_Unit | None], Field(description="Share of usual points that are as unusual, 6 digits.")]
    expected: Annotated[_Numbers, Field(description="What was expected; null where nothing is.")]
    lower: Annotated[_Numbers, Field(description="The lower limit; null where there is none.")]
    upper: Annotated[_Numbers, Field(description="The upper limit; null where there is none.")]
    direction: Annotated[list[Direction | None], Field(description="Higher or lower than expected.")]
    incident: Annotated[
        _Numbers | None,
        Field(
            description="Evidence that something is going on, for alerting once per incident, to a hundredth; null of "
            "detectors other than auto."
        ),
    ]
    events: Annotated[list[EventLine], Field(description="The anomalous points, merged; in order.")]


# For the documentation; the answer is written from arrays, since it may have a quarter of a million numbers.
_ANSWER: Final = {
    200: {
        "description": "The judgements; or their picture, where a format asks for one.",
        "content": {"application/json": {"model": DetectResponse}} | picture_content(),
    }
}


@route(
    routes.post,
    "/detect",
    tag="Detection",
    success="",
    problems=(400, 413, 415, 422),
    also=_ANSWER,
    limits=series_limits,
    scope=Scope.READ,
)
def detect(
    body: Annotated[DetectRequest, Body()],
    request: RequestDep,
    format: FormatChoice = "json",
    width: Side = 1200,
    height: Side = 600,
    theme: ThemeName = "light",
) -> Response[str]:
    """Judge a whole series.

    A detector learns from the series and judges each of its points. Nothing is stored.
    """
    request.spend(len(body.sent.series))
    found = detect_series(body.sent, body.options, timezone=body.timezone or UTC_NAME, deadline=request.deadline)
    if format == "json":
        answer = json_answer(detection_document(found), request.headers)
    else:
        picture = plot_detection(found, PictureStyle(format, width, height, theme))
        answer = picture_response(picture, format, pinned=False)
    record_detection(points=found.judged, anomalies=found.anomalous, elapsed_ms=request.stopwatch.elapsed_ms)
    return answer


def detection_document(found: Detection) -> dict[str, Any]:
    """What :class:`DetectResponse` describes, with arrays of numbers as they are: NaN stands for null."""
    scores, severity = found.scores, rounded(found.scores.severity)
    times = (found.series.timestamps if found.has_times else np.arange(len(found.series))).tolist()
    return {
        "detector": found.options.name,
        "options": found.options.model_dump(mode="json"),
        "points": len(found.series),
        "warmup_points": found.warmup_points,
        "period": found.model.period,
        "learned": dict(found.model.learned()),
        "anomaly": _or_none(scores.anomaly, scores.warming_up),
        "score": rounded(scores.score),
        "severity": severity,
        "p_value": rounded(scores.p_value),
        "expected": scores.expected,
        "lower": scores.lower,
        "upper": scores.upper,
        "direction": [DIRECTIONS[direction] for direction in scores.direction.tolist()],
        "incident": None if scores.incident is None else np.round(scores.incident, 2),
        "events": [_line(event, times, severity) for event in found.events],
    }


def _line(event: Event, times: list[int], severity: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "start": times[event.start_index],
        "end": times[event.end_index],
        "peak": times[event.peak_index],
        "start_index": event.start_index,
        "end_index": event.end_index,
        "peak_index": event.peak_index,
        "severity": float(severity[event.peak_index]),
        "direction": DIRECTIONS[event.direction],
        "points": event.points,
        "alerts": [times[index] for index in event.alerts],
    }


def _or_none(flags: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> list[bool | None]:
    known: list[bool | None] = flags.tolist()
    for index in np.flatnonzero(unknown).tolist():
        known[index] = None
    return known


def _with_detector(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[InitErrorDetails]]:
    """The body with a detector, also where it names none or in another way; and its unknown options."""
    method = given.get("method")
    if "detector" not in given and isinstance(method, str):
        name = FAMILY_DEFAULTS.get(method, method)
        return {**given, "detector": {"name": name}} if name in CATALOGUE else dict(given), []
    series = given.get("values", given.get("data"))
    default = default_detector(len(series) if isinstance(series, list) else 0)
    detector, problems = read_detector(given.get("detector", {}), default)
    return {**given, "detector": detector}, problems


def _check_choice(given: Mapping[str, Any]) -> list[Problem]:
    method = given.get("method")
    if not isinstance(method, str):
        return []
    if "detector" in given:
        return [Problem(("method",), "send a detector or a method, not both", "two_detectors")]
    if method not in (*CATALOGUE, *FAMILY_DEFAULTS):
        names = (*FAMILY_DEFAULTS, *CATALOGUE)
        return [Problem(("method",), f"no such method{nearest(method, names)}", "unknown_detector")]
    return []
