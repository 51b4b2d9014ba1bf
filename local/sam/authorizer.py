"""API Gateway's authorizers: what a Lambda function of type REQUEST is asked, and what its answer means.

The shape of both: "Input to" and "Output from an API Gateway Lambda authorizer" in the API Gateway Developer Guide.
Answers are not cached here: each request is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_ACTION: Final = "execute-api:Invoke"
_NOT_ASKED_WITH: Final = ("body", "isBase64Encoded")


class MalformedPolicy(Exception):
    """What an authorizer returned is no policy; the message says why."""


@dataclass(frozen=True, slots=True)
class IdentitySources:
    """What a request must have before its authorizer is asked at all."""

    headers: frozenset[str] = frozenset()
    """In lower case."""
    query: frozenset[str] = frozenset()

    def are_in(self, event: Mapping[str, Any]) -> bool:
        """Whether an event has all of them."""
        headers = {name.lower() for name, value in (event["headers"] or {}).items() if value}
        query = {name for name, value in (event["queryStringParameters"] or {}).items() if value}
        return self.headers <= headers and self.query <= query


def authorizer_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an authorizer is asked about the request of a proxy event."""
    asked = {name: value for name, value in event.items() if name not in _NOT_ASKED_WITH}
    return {"type": "REQUEST", "methodArn": method_arn(event), **asked}


def method_arn(event: Mapping[str, Any]) -> str:
    """The name of the method and path that a proxy event is for, as policies have it."""
    context = event["requestContext"]
    place = f"arn:aws:execute-api:local:{context['accountId']}:{context['apiId']}"
    return f"{place}/{context['stage']}/{event['httpMethod']}/{event['path'].lstrip('/')}"


def allowed_context(answer: object, method: str) -> dict[str, Any] | None:
    """What the function behind a method is told by an authorizer that allows it; None if it does not.

    Args:
        answer: what the authorizer returned.
        method: the name of the method.

    Raises:
        MalformedPolicy: if API Gateway could make nothing of it.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
        raise MalformedPolicy("the authorizer returned no object with a principalId")
    statements = (answer.get("policyDocument") or {}).get("Statement")
    if not statements:
        raise MalformedPolicy("the authorizer returned no policyDocument with a Statement")
    if not _allows(_as_list(statements), method):
        return None
    context = answer.get("context") or {}
    if any(isinstance(value, dict | list) for value in context.values()):
        raise MalformedPolicy("a value of the context is neither text, number nor boolean")
    # A REST API hands all of them on as texts.
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in context.items()}
    return {"principalId": answer["principalId"], "integrationLatency": 0, **texts}


def _allows(statements: Iterable[Mapping[str, Any]], method: str) -> bool:
    effects = {
        statement.get("Effect")
        for statement in statements
        if _matches(statement.get("Action"), _ACTION) and _matches(statement.get("Resource"), method)
    }
    return "Allow" in effects and "Deny" not in effects


def _matches(patterns: Any, name: str) -> bool:
    return any(_pattern(str(pattern)).fullmatch(name) for pattern in _as_list(patterns))


def _pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", text))
    return re.compile("".join(parts), re.DOTALL)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
