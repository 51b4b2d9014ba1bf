"""Which error means which status, in one place, as RFC 9457 problem details."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from tidewatch.api.access import Forbidden, Unauthenticated
from tidewatch.api.decoding import InvalidBody, MalformedBody, PayloadTooLarge, UnsupportedMediaType
from tidewatch.deadline import DeadlineExceeded
from tidewatch.detectors import CannotTrain
from tidewatch.jobs import JobAbandoned, JobKeyReused, JobNotFound, JobOutOfTime, UnknownJobKind
from tidewatch.registry import (
    DataCorrupted,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionInUse,
    VersionNotFound,
    WrongKind,
)
from tidewatch.series import InvalidSeries
from tidewatch.settings import ConfigurationError
from tidewatch.telemetry import LogEvent, Metric, count_alone, logger

CONTENT_TYPE: Final = "application/problem+json"

_FRAMES_LOGGED: Final = 8

# pydantic's words where ours are plainer.
_PLAINER: Final = {
    "dict_type": "must be an object",
    "extra_forbidden": "unknown field",
    "list_type": "must be an array",
    "missing": "required, but missing",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
}

# A request can be wrong in more ways than anybody wants to read, and name its fields in megabytes.
_MOST_ERRORS: Final = 100
_MOST_PLACES: Final = 20
_LONGEST_NAME: Final = 128
_OF_VARIABLES: Final = ("rows", "variables")


class RequestInProgress(Exception):
    """The first request with this Idempotency-Key is still being served, or ended this very moment."""


class IdempotencyKeyReused(Exception):
    """The Idempotency-Key came with another request before."""


class FieldProblem(BaseModel):
    """One thing that is wrong with the request."""

    loc: Annotated[list[str | int], Field(description="Where: the part of the request, then field, then index.")]
    msg: Annotated[str, Field(description="What is wrong, for a person.")]
    type: Annotated[str, Field(description="What is wrong, for a program.")]


class Problem(BaseModel):
    """Problem details as of RFC 9457."""

    type: Annotated[str, Field(description="The kind of problem, as a stable URI.")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: Annotated[list[FieldProblem] | None, Field(description="Every problem of an invalid request.")] = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """An error as a client sees it."""

    kind: str
    status: HTTPStatus
    detail: str
    title: str | None = None
    errors: tuple[dict[str, Any], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class InvalidRequest(ValueError):
    """A request that broke rules before its schema was looked at; ``errors`` says where, which and what kind."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("invalid request")
        self._errors = errors

    def errors(self) -> Sequence[Mapping[str, Any]]:
        """Each with ``loc``, ``msg`` and ``type``, as pydantic has them."""
        return self._errors


def _answer_invalid_body(error: InvalidBody) -> _Answer:
    return _answer_invalid(InvalidRequest([{"loc": ("body", *error.loc), "msg": str(error), "type": error.kind}]))


def _answer_invalid(error: RequestValidationError | InvalidRequest) -> _Answer:
    found = error.errors()
    errors = tuple(
        {"loc": [_shortened(part) for part in e["loc"]], "msg": _message(e), "type": e["type"]}
        for e in found[:_MOST_ERRORS]
    )
    places = list(dict.fromkeys(_place(e["loc"]) for e in errors))
    named = ", ".join(places[:_MOST_PLACES]) + (", …" if len(places) > _MOST_PLACES else "")
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    listed = ""
    if len(found) > _MOST_ERRORS:
        count, listed = f"more than {_MOST_ERRORS} problems", f"; the first {_MOST_ERRORS} are listed"
    return _Answer(
        "invalid-request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The request has {count}, in {named}{listed}.",
        title="Invalid request",
        errors=errors,
    )


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_type" and error["loc"][0] in ("query", "header"):
        # All parameters are strings; a list of them is one that came twice.
        return "given more than once"
    message = str(error["msg"])
    # One of ours says which name is near.
    return message if message.startswith("unknown ") else _PLAINER.get(error["type"], message)


def _shortened(part: str | int) -> str | int:
    """A part of a location that is fit to be sent back: a client may name a field with a novel, or half a character."""
    if isinstance(part, int):
        return part
    legible = part[:_LONGEST_NAME].encode(errors="replace").decode()
    return f"{legible}…" if len(part) > _LONGEST_NAME else legible


def _place(loc: Iterable[str | int]) -> str:
    """A location as a person writes it: ``values[3]``; the part of the request is left out where a field is named."""
    head, *rest = loc
    named = rest or [head]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in named).lstrip(".")


def _answer_untrainable(error: CannotTrain) -> _Answer:
    loc = ["body", "detector", error.option] if error.option else ["body", error.field]
    problem = {"loc": loc, "msg": str(error), "type": "cannot_train"}
    return _Answer(
        "cannot-train",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _sentence(error),
        title="This detector cannot learn from this series",
        errors=(problem,),
    )


def _answer_invalid_series(error: InvalidSeries) -> _Answer:
    return _answer_invalid(
        InvalidRequest([{"loc": ("body", *p.loc), "msg": p.msg, "type": p.type} for p in error.problems])
    )


def _answer_wrong_kind(error: WrongKind) -> _Answer:
    field = "rows" if error.of_rows else "value"
    problem = {"loc": ["body", field], "msg": str(error), "type": "wrong_kind"}
    return _Answer(
        "wrong-kind",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _sentence(error),
        title="A model of another kind",
        errors=(problem,),
    )


def _answer_storage(error: StorageUnavailable) -> _Answer:
    count_alone(Metric.STORAGE_FAILURES)
    _log_failure("storage did not answer", LogEvent.STORAGE_UNAVAILABLE, error.__cause__ or error, error.operation)
    return _Answer(
        "storage-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Storage is throttling or down. Nothing half-done is visible. Try again in a moment.",
        headers={"Retry-After": str(error.retry_after)},
    )


def _answer_out_of_time(_: DeadlineExceeded) -> _Answer:
    return _Answer(
        "out-of-time",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The request did not end in the time that it has. Nothing half-done is visible. Try again in a moment.",
        title="Out of time",
        headers=_retry_after(1),
    )


def _answer_corrupted(error: DataCorrupted) -> _Answer:
    count_alone(Metric.DATA_CORRUPTED)
    logger.critical("stored data fails its checksum", event=LogEvent.DATA_CORRUPTED, key=error.key)
    return _Answer(
        "data-corrupted",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The stored data of this version is gone or does not match its sha256. The operators were told; "
        "a new fit makes a new, whole version.",
        title="Stored data corrupted",
    )


def _answer_key_reused(_: IdempotencyKeyReused | JobKeyReused) -> _Answer:
    place = ["header", "idempotency-key"]
    return _Answer(
        "idempotency-key-reused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This Idempotency-Key was used with another request. Use a new key for a new request.",
        title="Idempotency-Key reused",
        errors=({"loc": place, "msg": "was used with another request", "type": "idempotency_key_reused"},),
    )


def _answer_unexpected(error: Exception) -> _Answer:
    count_alone(Metric.UNHANDLED_ERRORS)
    _log_failure("unhandled error", LogEvent.UNHANDLED_ERROR, error)
    return _Answer("internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.")


def _log_failure(message: str, event: LogEvent, error: BaseException, operation: str | None = None) -> None:
    """Logs what failed and where, without the exception's own text: it may quote what the client sent."""
    frames = traceback.extract_tb(error.__traceback__)
    answer = getattr(error, "response", None)
    logger.error(
        message,
        event=event,
        operation=operation,
        error=type(error).__qualname__,
        # botocore's connection errors have a response too, but none from AWS.
        aws_error=answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None,
        reason=str(error) if isinstance(error, ConfigurationError) else None,
        stack=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-_FRAMES_LOGGED:]],
    )


def _retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


_ANSWERS: Final[Mapping[type[Exception], Callable[[Any], _Answer]]] = {
    RequestValidationError: _answer_invalid,
    InvalidRequest: _answer_invalid,
    InvalidBody: _answer_invalid_body,
    InvalidSeries: _answer_invalid_series,
    MalformedBody: lambda e: _Answer("malformed-json", HTTPStatus.BAD_REQUEST, str(e), title="Malformed JSON"),
    CannotTrain: _answer_untrainable,
    PayloadTooLarge: lambda e: _Answer("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(e), title="Too large"),
    UnsupportedMediaType: lambda e: _Answer("unsupported-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(e)),
    NotFoundError: lambda _: _Answer(
        "unknown-route", HTTPStatus.NOT_FOUND, "No such route. GET /docs shows all.", title="Unknown route"
    ),
    Unauthenticated: lambda _: _Answer(
        "api-key-required",
        HTTPStatus.UNAUTHORIZED,
        "A valid API key is required: send it in the header x-api-key.",
        title="API key required",
        headers={"WWW-Authenticate": "Bearer"},
    ),
    Forbidden: lambda e: _Answer(e.kind, HTTPStatus.FORBIDDEN, _sentence(e)),
    SeriesNotFound: lambda e: _Answer("unknown-series", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown series"),
    VersionNotFound: lambda e: _Answer("unknown-version", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown version"),
    VersionInUse: lambda e: _Answer("version-in-use", HTTPStatus.CONFLICT, _sentence(e), title="Version in use"),
    WrongKind: _answer_wrong_kind,
    SeriesBusy: lambda e: _Answer(
        "series-busy", HTTPStatus.SERVICE_UNAVAILABLE, _sentence(e), headers=_retry_after(e.retry_after)
    ),
    StorageUnavailable: _answer_storage,
    DeadlineExceeded: _answer_out_of_time,
    DataCorrupted: _answer_corrupted,
    RequestInProgress: lambda _: _Answer(
        "idempotency-in-progress",
        HTTPStatus.CONFLICT,
        "A request with this Idempotency-Key is still being served. Ask again in a moment for its answer.",
        title="Still in progress",
        headers=_retry_after(1),
    ),
    IdempotencyKeyReused: _answer_key_reused,
    JobKeyReused: _answer_key_reused,
    JobNotFound: lambda e: _Answer("unknown-job", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown job"),
    # These three are no answers to a request: they are what is told of a job that failed.
    JobOutOfTime: lambda e: _Answer(
        "job-out-of-time", HTTPStatus.INTERNAL_SERVER_ERROR, _sentence(e), title="Out of time"
    ),
    JobAbandoned: lambda e: _Answer("job-abandoned", HTTPStatus.INTERNAL_SERVER_ERROR, _sentence(e), title="Abandoned"),
    UnknownJobKind: lambda e: _Answer(
        "unknown-job-kind", HTTPStatus.INTERNAL_SERVER_ERROR, _sentence(e), title="Unknown kind of job"
    ),
    Exception: _answer_unexpected,
}


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."


def problem_response(error: Exception) -> Response[str]:
    """The response for an exception; it counts and logs what operators must know."""
    answer, body = _told(error)
    return Response(answer.status.value, CONTENT_TYPE, orjson.dumps(body).decode(), headers=dict(answer.headers))


def problem_document(error: Exception) -> dict[str, Any]:
    """The problem for an exception outside a request; it counts and logs what operators must know."""
    return _told(error)[1]


def _told(error: Exception) -> tuple[_Answer, dict[str, Any]]:
    answer = next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)(error)
    if answer.status >= 500:
        count_alone(Metric.ERRORS)
    else:
        count_alone(Metric.REJECTIONS)
        logger.info(
            "rejected",
            event=LogEvent.REJECTED,
            problem=answer.kind,
            status=answer.status.value,
            errors=[_traceless(e) for e in answer.errors],
        )
    body: dict[str, Any] = {
        "type": f"urn:tidewatch:problem:{answer.kind}",
        "title": answer.title or answer.status.phrase,
        "status": answer.status.value,
        "detail": answer.detail,
    }
    if answer.errors:
        body["errors"] = answer.errors
    return answer, body


def _traceless(error: Mapping[str, Any]) -> dict[str, Any]:
    """Where and what kind, for the log: no values that the client sent, nor names that it made up."""
    loc = error["loc"]
    if len(loc) > 1 and loc[1] in _OF_VARIABLES:
        # Beyond the field come variables, which the client names.
        loc = [*loc[:2], *(part for part in loc[2:] if isinstance(part, int))]
    elif error["type"] in ("extra_forbidden", "repeated_field"):
        loc = loc[:-1]
    return {"loc": loc, "type": error["type"]}


def register_problems(app: APIGatewayRestResolver) -> None:
    """Makes an app answer every exception with its problem."""
    app.exception_handler(list(_ANSWERS))(problem_response)


_DOCUMENTED: Final[Mapping[int, str]] = {
    400: "The body is no JSON.",
    401: "No API key, or one that is not valid.",
    403: "The key lacks the scope that this needs, or its tenant is suspended.",
    404: "There is no such thing, such as a series, a version or a job, for this key.",
    409: "A request with the same Idempotency-Key is still being served.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "The request is well-formed but invalid; `errors` names every problem.",
    429: "Too many requests; `Retry-After` says when to try again.",
    500: "A defect on our side.",
    503: "Storage is throttling or down; `Retry-After` says when to try again.",
}


_RETRIED: Final = frozenset({409, 429, 503})


def responses(success: str, *problems: int, status: int = 200) -> dict[int, Any]:
    """The documentation of a route's responses: of its success, its problems, and those that every route has."""
    documented: dict[int, Any] = {status: {"description": success}}
    if status == HTTPStatus.NO_CONTENT:
        documented[status]["content"] = {}
    for problem in sorted({*problems, 429, 500}):
        documented[problem] = {"description": _DOCUMENTED[problem], "content": {CONTENT_TYPE: {"model": Problem}}}
        if problem in _RETRIED:
            documented[problem]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return documented
