"""The answer of a detection.

It may have a quarter of a million numbers. Therefore the model below is its documentation only, and the answer is
written from arrays, once; a test holds it to its model.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Annotated, Any, Final

import numpy as np
import orjson
from aws_lambda_powertools.event_handler import Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tidewatch.api.detection import Detection
from tidewatch.api.pictures import pictures
from tidewatch.api.responses import DIRECTIONS, Direction, Int32
from tidewatch.detectors import Event

_Numbers = list[float | None]
_Unit = Annotated[float, Field(ge=0, le=1)]
_Moment = Annotated[int, Field(json_schema_extra={"format": "int64"})]

_DIGITS: Final = 6
_POWERS: Final = np.array([float(f"1e{exponent}") for exponent in range(309)])
# Of this many bytes packing saves no packet on the way.
_LEAST_PACKED: Final = 1_400
_GZIP_LEVEL: Final = 1


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
    p_value: Annotated[list[_Unit | None], Field(description="Share of usual points that are as strange, 6 digits.")]
    expected: Annotated[_Numbers, Field(description="What was expected; null where nothing is.")]
    lower: Annotated[_Numbers, Field(description="The lower limit; null where there is none.")]
    upper: Annotated[_Numbers, Field(description="The upper limit; null where there is none.")]
    direction: Annotated[list[Direction | None], Field(description="Higher or lower than expected.")]
    events: Annotated[list[EventLine], Field(description="The anomalous points, merged; in order.")]


def answers() -> dict[int, Any]:
    """The documentation of the answer: JSON, or a picture."""
    content = {"application/json": {"model": DetectResponse}} | pictures()[200]["content"]
    return {200: {"description": "The judgements; or their picture, where a format asks for one.", "content": content}}


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
        "events": [_line(event, times, severity) for event in found.events],
    }


def json_answer(document: Any, headers: Mapping[str, str]) -> Response[str]:
    """A document as the response to a request with these headers; packed where the client takes that."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    vary: dict[str, str | list[str]] = {"Vary": "Accept-Encoding"}
    if len(body) < _LEAST_PACKED or not _takes_gzip(headers.get("accept-encoding", "")):
        return Response(200, "application/json", body.decode(), headers=vary)
    # Powertools would pack at the highest level: a tenth smaller, in ten times the time.
    packed = base64.b64encode(gzip.compress(body, _GZIP_LEVEL, mtime=0)).decode()
    response = Response(200, "application/json", packed, headers=vary | {"Content-Encoding": "gzip"})
    response.base64_encoded = True
    return response


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


def rounded(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of so few digits that writing them is short, shape (n,); NaN stays NaN.

    A whole number divided by a power of ten that is a double is the double nearest to the decimal, up to 1e22. Beyond,
    numbers may be written with more digits; those beyond 1e-290 and 1e290 stay as they are.
    """
    size = np.abs(numbers)
    ordinary = (size > 1e-290) & (size < 1e290)
    rounded = numbers.copy()
    chosen = numbers[ordinary]
    places = _DIGITS - 1 - np.floor(np.log10(size[ordinary])).astype(np.intp)
    up, down = _POWERS[np.maximum(places, 0)], _POWERS[np.maximum(-places, 0)]
    rounded[ordinary] = np.rint(chosen * up / down) * down / up
    return rounded


def _takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip (RFC 9110, section 12.5.3)."""
    for item in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        if coding in ("gzip", "x-gzip", "*"):
            return not any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
    return False
