"""What API Gateway asks before each request, and how it wants the answer: a Lambda authorizer of type REQUEST.

The form of both: "Input to" and "Output from an API Gateway Lambda authorizer" in the API Gateway Developer Guide. The
header of a key is no identity source, since API Gateway would demand every one that is named; and nothing is cached
there, but in this process, since a policy that is cached for one header would hold for another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch import composition
from tidewatch.services.authorize import Admission
from tidewatch.settings import settings
from tidewatch.tenancy import ALL_SCOPES, DEFAULT_TENANT, Limits, Principal

_BEARER: Final = "bearer "
_HEADERS: Final = ("x-api-key", "ocp-apim-subscription-key")
"""Where a key may stand, the first of them first; the second is what clients of Azure send."""

_EVERYONE: Final = Admission(Principal(DEFAULT_TENANT, "none", ALL_SCOPES), None)
"""Whoever calls a stack whose authorizer is off."""


def create_authorizer() -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """The Lambda handler."""

    def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
        return authorize(event)

    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        # So that no restored instance has to.
        composition.authorizer()
    return lambda_handler


def authorize(event: Mapping[str, Any]) -> dict[str, Any]:
    """The policy for a request, with what the functions must know of its key.

    Raises:
        StorageUnavailable: if storage failed; API Gateway answers 5xx then.
    """
    if settings().auth == "off":
        found: Admission | None = _EVERYONE
    else:
        found = composition.authorizer().admit(key_of(event.get("headers") or {}))
    if found is None:
        return _policy("unknown", "Deny", event["methodArn"])
    principal = found.principal
    answer = _policy(principal.key_id, "Allow", event["methodArn"]) | {"context": _context(principal)}
    # API Gateway counts by it; without it, where there are usage plans, the request would be refused.
    return answer | ({"usageIdentifierKey": found.metering_key} if found.metering_key else {})


def key_of(headers: Mapping[str, str]) -> str | None:
    """The key that a request carries, in any of the headers that it may stand in; None if it carries none."""
    lower = {name.lower(): value for name, value in headers.items()}
    for name in _HEADERS:
        if lower.get(name):
            return lower[name]
    authorization = lower.get("authorization", "")
    return authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else None


def _context(principal: Principal) -> dict[str, str]:
    """The principal as ``tidewatch.api.access`` reads it; API Gateway hands on texts only."""
    context = {
        "tenant": str(principal.tenant),
        "keyId": principal.key_id,
        "scopes": " ".join(sorted(principal.scopes)),
        "status": principal.status.value,
    }
    limits = {name: getattr(principal.limits, name) for name in Limits.names()}
    return context | {f"limit_{name}": str(limit) for name, limit in limits.items() if limit is not None}


def _policy(principal_id: str, effect: str, method: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method}
    return {"principalId": principal_id, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
