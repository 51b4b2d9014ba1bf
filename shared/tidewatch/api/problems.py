"""Which error means which status, in one place, as RFC 9457 problem details."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from tidewatch.api.access import Forbidden, Unauthenticated
from tidewatch.api.decoding import MalformedBody, PayloadTooLarge, UnsupportedMediaType
from tidewatch.api.invalid_request import INVALID, InvalidRequest, without_names
from tidewatch.api.problem_schema import CONTENT_TYPE
from tidewatch.deadline import DeadlineExceeded
from tidewatch.detectors import CannotTrain
from tidewatch.jobs.errors import JobAbandoned, JobKeyReused, JobNotDone, JobNotFound, JobOutOfTime, UnknownJobKind
from tidewatch.registry import (
    CannotChallenge,
    DataCorrupted,
    NoChallenger,
    NotAsExpected,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    VersionInUse,
    VersionIsChampion,
    VersionNotFound,
    WrongKind,
)
from tidewatch.settings import ConfigurationError
from tidewatch.telemetry import LogEvent, Metric, count_alone, logger
from tidewatch.tenancy import KeyNotFound, LimitExceeded, NotAllowedNow, TenantChanged, TenantExists, TenantNotFound

_FRAMES_LOGGED: Final = 8


class RequestInProgress(Exception):
    """The first request with this Idempotency-Key is still being served, or ended this very moment."""


class IdempotencyKeyReused(Exception):
    """The Idempotency-Key came with another request before."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An error as a client sees it."""

    kind: str
    status: HTTPStatus
    detail: str
    title: str | None = None
    errors: tuple[dict[str, Any], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def _answer_invalid(error: Exception) -> _Answer:
    invalid = InvalidRequest.of(error)
    return _Answer(
        "invalid-request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        invalid.detail(),
        title="Invalid request",
        errors=invalid.told(),
    )


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
    **dict.fromkeys(INVALID, _answer_invalid),
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
    LimitExceeded: lambda e: _Answer(
        f"limit-{e.limit.replace('_', '-')}",
        HTTPStatus.TOO_MANY_REQUESTS,
        _sentence(e),
        title="Limit exceeded",
        headers=_retry_after(e.retry_after),
    ),
    TenantNotFound: lambda e: _Answer("unknown-tenant", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown tenant"),
    KeyNotFound: lambda e: _Answer("unknown-key", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown key"),
    TenantExists: lambda e: _Answer("tenant-exists", HTTPStatus.CONFLICT, _sentence(e), title="Tenant exists"),
    TenantChanged: lambda e: _Answer("tenant-changed", HTTPStatus.PRECONDITION_FAILED, _sentence(e)),
    NotAllowedNow: lambda e: _Answer("not-allowed-now", HTTPStatus.CONFLICT, _sentence(e), title="Not allowed now"),
    SeriesNotFound: lambda e: _Answer("unknown-series", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown series"),
    VersionNotFound: lambda e: _Answer("unknown-version", HTTPStatus.NOT_FOUND, _sentence(e), title="Unknown version"),
    NoChallenger: lambda e: _Answer("no-challenger", HTTPStatus.NOT_FOUND, _sentence(e), title="No challenger"),
    CannotChallenge: lambda e: _Answer("cannot-challenge", HTTPStatus.CONFLICT, _sentence(e), title="Cannot challenge"),
    VersionIsChampion: lambda e: _Answer(
        "version-is-champion", HTTPStatus.CONFLICT, _sentence(e), title="Version is the champion"
    ),
    NotAsExpected: lambda e: _Answer(
        "changed-since",
        HTTPStatus.PRECONDITION_FAILED,
        _sentence(e),
        title="Changed since",
        headers={"ETag": f'"{e.tag}"'},
    ),
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
    JobNotDone: lambda e: _Answer("job-not-done", HTTPStatus.CONFLICT, _sentence(e), title="Job not done"),
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
            errors=[without_names(e) for e in answer.errors],
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


HANDLED: Final = tuple(_ANSWERS)
"""The exceptions that have an answer: all."""
