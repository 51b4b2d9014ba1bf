"""With AUTH=on: a key of the default tenant for whoever started the stack, since nobody could make the first one.

The function of keys is invoked past the API, as an operator with credentials of the account could do on AWS.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any, Final

from local.project import PROJECT, ROOT
from local.sam.aws.settings import DEFAULT_REGION
from local.sam.gateway import HttpRequest, to_event
from local.sam.routes import read_routes

_NAME: Final = "local stack"
_OPERATOR: Final = {"tenant": "default", "keyId": "none", "scopes": "read write admin", "status": "active"}
_KEYS: Final = "/tenants/default/keys"


def first_key(url: str) -> str:
    """A new key with all scopes. Those that earlier runs made are revoked.

    Args:
        url: where the stack listens.

    Raises:
        OSError: if it does not answer.
        RuntimeError: if it refuses.
    """
    earlier = [
        key["key_id"] for key in _ask(url, "GET", _KEYS)["keys"] if (key["name"], key["status"]) == (_NAME, "valid")
    ]
    made = _ask(url, "POST", _KEYS, {"name": _NAME, "scopes": ["read", "write", "admin"]})
    for key_id in earlier:
        _ask(url, "DELETE", f"{_KEYS}/{key_id}")
    return str(made["key"])


def _ask(url: str, method: str, path: str, body: Any = None) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    headers = [(b"content-type", b"application/json")] if content else []
    route, parameters = read_routes(PROJECT.read_template(DEFAULT_REGION), ROOT).find(method, path)
    event = to_event(HttpRequest(method, path, "", headers, content), route, parameters, "local", binary=True)
    event["requestContext"]["authorizer"] = _OPERATOR
    target = f"{url}/2015-03-31/functions/{route.function.logical_id}/invocations"
    with urllib.request.urlopen(target, json.dumps(event).encode(), timeout=60) as response:  # noqa: S310 - our own URL # nosec B310
        answer = json.load(response)
    if answer.get("statusCode", 500) >= 300:
        raise RuntimeError(f"{method} {path}: {answer}")
    return json.loads(answer["body"]) if answer.get("body") else None
