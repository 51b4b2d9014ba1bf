"""What a problem is in the documentation: its schema, and the responses that a route has."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

CONTENT_TYPE: Final = "application/problem+json"


class FieldProblem(BaseModel):
    """One thing that is wrong with the request."""

    # Nothing is validated by it; it is built where the documentation is.
    model_config = ConfigDict(defer_build=True)

    loc: Annotated[list[str | int], Field(description="Where: the part of the request, then field, then index.")]
    msg: Annotated[str, Field(description="What is wrong, for a person.")]
    type: Annotated[str, Field(description="What is wrong, for a program.")]


class Problem(BaseModel):
    """Problem details as of RFC 9457."""

    model_config = ConfigDict(defer_build=True)

    type: Annotated[str, Field(description="The kind of problem, as a stable URI.")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    errors: Annotated[list[FieldProblem] | None, Field(description="Every problem of an invalid request.")] = None


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
