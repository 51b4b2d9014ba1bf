"""GetItem answered from moto's tables directly, since every prediction makes that call.

The ordinary way signs a request, builds HTTP, matches URLs, and parses JSON twice: 2 ms for one look into a dictionary.
On AWS most of that work is done elsewhere. What this cannot answer exactly as moto would is left to moto.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import orjson
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

_EVENT: Final = "before-call.dynamodb.GetItem"
_ANSWERED: Final = frozenset({"TableName", "Key", "ConsistentRead"})
_OK: Final = AWSResponse("", 200, HTTPHeaders(), None)


def get_item(region: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a GetItem call.

    Args:
        region: the region of the table.
        request: the call's parameters, as they go over the wire.

    Returns:
        The answer, binary values as bytes; None if moto must answer, such as to a call that is wrong.
    """
    if not request.keys() <= _ANSWERED:
        return None
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables.get(request["TableName"])
    key = request["Key"]
    if table is None or key.keys() != {table.hash_key_attr, table.range_key_attr} - {None}:
        return None
    for value in key.values():
        ((kind, text),) = value.items()
        if kind != "S" or not text:
            return None
    found: Any = table.items.get(DynamoType(key[table.hash_key_attr]))
    if found and table.range_key_attr:
        found = found.get(DynamoType(key[table.range_key_attr]))
    return {"Item": {name: attribute(value) for name, value in found.attrs.items()}} if found else {}


def attribute(value: DynamoType) -> dict[str, Any]:
    """An attribute as botocore gives it to its caller."""
    kind, content = value.type, value.value
    if kind == "M":
        content = {name: attribute(nested) for name, nested in content.items()}
    elif kind == "L":
        content = [attribute(nested) for nested in content]
    elif kind == "B":
        content = _bytes(content)
    elif kind == "BS":
        content = [_bytes(each) for each in content]
    elif kind in ("SS", "NS"):
        content = list(content)
    return {kind: content}


def _bytes(content: bytes | str) -> bytes:
    # moto keeps what came over the wire.
    return base64.b64decode(content) if isinstance(content, str) else content


def answer_in_process() -> None:
    """Has all clients of this process, from the next one on, ask ``get_item`` before they send anything."""
    if (_EVENT, _before_call) not in BUILTIN_HANDLERS:
        BUILTIN_HANDLERS.append((_EVENT, _before_call))


def _before_call(params: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> tuple[AWSResponse, Any] | None:
    # With another endpoint, such as DynamoDB Local, the items are not here.
    if ".amazonaws.com" not in params["url"]:
        return None
    answer = get_item(context["client_region"], orjson.loads(params["body"]))
    if answer is None:
        return None
    return _OK, answer | {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}}
