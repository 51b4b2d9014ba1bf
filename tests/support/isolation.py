"""A watch below boto3: while a request is served, no item, object or message of another tenant is touched.

It is on in every test. What a request may touch is what begins with its tenant, and the keys that no tenant begins,
which are formed in one file. What has no request, such as the collection of garbage, is not watched.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote

import botocore.client
import pytest

_FIRST_VALUE: Final = re.compile(r"^\s*\(?\s*[\w#]+\s*=\s*(:\w+)")
# The router reads the path, and not what API Gateway took from it.
_TENANT_IN_PATH: Final = re.compile(r"/tenants/([^/]+)")
_MOST_UNPACKED: Final = 1 << 20
"""Bytes, more than any body that makes a tenant."""

_allowed: Final[ContextVar[frozenset[str] | None]] = ContextVar("allowed", default=None)
"""The tenants that the request which is being served may touch; None if there is none."""


class Trespass(BaseException):
    """A request touched what is not its tenant's. No ``except Exception`` on the way may turn it into an answer."""


@contextmanager
def request_of(event: Mapping[str, Any]) -> Iterator[None]:
    """Watches what is done in here for the tenant of an event; an operator may also touch the tenant in the path."""
    found = (event.get("requestContext") or {}).get("authorizer") or {}
    tenants = {str(found["tenant"])} if found.get("tenant") else set()
    if tenants == {"default"} and "admin" in str(found.get("scopes", "")).split():
        if named := _TENANT_IN_PATH.match(event.get("path") or ""):
            tenants.add(unquote(named[1]))
        if (event.get("httpMethod"), event.get("resource")) == ("POST", "/tenants"):
            tenants.add(_tenant_in(event))
        # The list of all tenants.
        tenants.add("tenants")
    token = _allowed.set(frozenset(tenants))
    try:
        yield
    finally:
        _allowed.reset(token)


@contextmanager
def looking_past() -> Iterator[None]:
    """Lets a test look at what is stored while a request is served."""
    token = _allowed.set(None)
    try:
        yield
    finally:
        _allowed.reset(token)


def _tenant_in(event: Mapping[str, Any]) -> str:
    """The tenant that an operator asks to make; the default one if the body cannot be read."""
    text = event.get("body") or ""
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    try:
        data = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
        if headers.get("content-encoding", "").strip().lower() == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as unpacked:
                data = unpacked.read(_MOST_UNPACKED)
        document = json.loads(data)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        return "default"
    return str(document.get("tenant_id", "default")) if isinstance(document, dict) else "default"


@contextmanager
def watching() -> Iterator[None]:
    """Puts the watch between the code and botocore."""
    original = botocore.client.BaseClient._make_api_call

    def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        tenants = _allowed.get()
        if tenants is not None:
            check(client.meta.service_model.service_name, operation, parameters, tenants)
        return original(client, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", watched)
        yield


def check(service: str, operation: str, parameters: Mapping[str, Any], tenants: frozenset[str]) -> None:
    """Refuses a call that touches what is none of these tenants'.

    Raises:
        Trespass: if it does, or if it looks at everything.
    """
    found = list(_touched(service, operation, parameters))
    if service in ("dynamodb", "s3", "sqs") and not found:
        raise Trespass(f"{service}.{operation} says not what it touches")
    for name in found:
        if not any(_belongs(name, tenant) for tenant in tenants):
            raise Trespass(f"{service}.{operation} touches {name!r}, in a request of {sorted(tenants)}")


def _touched(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    if service == "dynamodb":
        yield from _items(operation, parameters)
    elif service == "s3" and operation == "GetObjectLockConfiguration":
        # Of a bucket, and the same for all.
        yield "S3"
    elif service == "s3":
        yield str(parameters.get("Key") or parameters.get("Prefix") or "")
    elif service == "sqs" and "MessageBody" in parameters:
        yield f"TENANT#{json.loads(parameters['MessageBody'])['tenant']}"
    elif service == "sqs":
        yield "SQS"


def _items(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    if operation in ("TransactWriteItems", "BatchWriteItem"):
        for part in parameters.get("TransactItems") or chain.from_iterable(parameters["RequestItems"].values()):
            for written in part.values():
                yield _key(written.get("Key") or written["Item"])
    elif operation == "BatchGetItem":
        for asked in parameters["RequestItems"].values():
            yield from map(_key, asked["Keys"])
    elif operation == "Query":
        value = _FIRST_VALUE.search(parameters["KeyConditionExpression"])
        assert value is not None, parameters["KeyConditionExpression"]
        yield str(parameters["ExpressionAttributeValues"][value[1]]["S"])
    elif operation != "Scan":
        yield _key(parameters.get("Key") or parameters["Item"])


def _key(attributes: Mapping[str, Any]) -> str:
    value = attributes.get("pk") or attributes["id"]
    # Powertools hands some keys on as they are in Python.
    return str(value["S"]) if isinstance(value, dict) else str(value)


def _belongs(name: str, tenant: str) -> bool:
    from tidewatch.adapters import global_keys

    own = f"TENANT#{tenant}"
    if name in (tenant, own) or name.startswith((f"{own}#", global_keys.API_KEY)):
        return True
    # Objects and records of idempotency keys: what it is, whose it is, the rest.
    return name in ("SQS", "S3") or name.split("/")[1:2] == [tenant]
