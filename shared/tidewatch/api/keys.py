"""API keys of a tenant. A key is in one answer, when it is made; afterwards it has a name and a key id only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from pydantic_core import PydanticCustomError

from tidewatch.api.app import route
from tidewatch.api.fields import StrictModel
from tidewatch.api.request import RequestDep
from tidewatch.api.tenants import TAG, NowDep, StoreDep, TenantIdPath, answer, conflict, documented, visible_tenant
from tidewatch.services import api_keys as service
from tidewatch.tenancy import KeyRecord, Scope

routes = Router()  # type: ignore[no-untyped-call]

_LONGEST_GRACE: Final = 7 * 86_400
_NOT_NOW: Final = conflict("The tenant has too many keys, or this key is the last of the operators, or holds no more.")
# What no cache on the way may keep.
_SECRET: Final[dict[str, str | list[str]]] = {"Cache-Control": "no-store"}

KeyId = Annotated[
    str, Path(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$", description="The key's id, which is no secret.")
]


def _check_expiry(expires_at: datetime) -> datetime:
    if expires_at <= datetime.now(UTC):
        raise PydanticCustomError("expires_in_the_past", "must be in the future")
    return expires_at


class NewKeyRequest(StrictModel):
    """A key to make."""

    name: Annotated[
        str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$", description="What you call it.")
    ]
    scopes: Annotated[
        tuple[Scope, ...],
        Field(min_length=1, max_length=3, description="read: judge and look; write: train and delete; admin: keys."),
    ] = (Scope.READ, Scope.WRITE)
    expires_at: Annotated[
        Annotated[AwareDatetime, AfterValidator(_check_expiry)] | None,
        Field(description="From when on it opens nothing; null is never."),
    ] = None


class RotationRequest(StrictModel):
    """How to replace a key."""

    grace_seconds: Annotated[
        int, Field(ge=0, le=_LONGEST_GRACE, description="How long the old key holds; at most a week.")
    ] = 0


class KeyResponse(BaseModel):
    """What is known of a key."""

    key_id: str
    name: str
    scopes: list[Scope]
    status: Literal["valid", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, record: KeyRecord) -> KeyResponse:
        """The answer for a key."""
        return cls(**_fields(record))


class NewKeyResponse(KeyResponse):
    """A key that was just made."""

    key: Annotated[str, Field(description="The key itself. It is not stored: nobody can show it again.")]


class KeyListResponse(BaseModel):
    """The keys of a tenant, the oldest first."""

    keys: list[KeyResponse]


def _fields(record: KeyRecord) -> dict[str, object]:
    status = "valid" if record.is_valid(datetime.now(UTC)) else "revoked" if record.revoked_at else "expired"
    return {
        "key_id": record.key_id,
        "name": record.name,
        "scopes": sorted(record.scopes),
        "status": status,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
    }


def _made(tenant_id: str, new: service.NewKey) -> Response[str]:
    model = NewKeyResponse(**_fields(new.record), key=new.secret)
    headers = _SECRET | {"Location": f"/tenants/{tenant_id}/keys/{new.record.key_id}"}
    return answer(model, HTTPStatus.CREATED, headers)


@route(
    routes.post,
    "/tenants/<tenant_id>/keys",
    tag=TAG,
    success="",
    status=HTTPStatus.CREATED,
    problems=(400, 404, 413, 415, 422, 503),
    also=documented(NewKeyResponse, "The key, shown this once.", 201) | _NOT_NOW,
    scope=Scope.ADMIN,
)
def create_key(
    tenant_id: TenantIdPath, body: Annotated[NewKeyRequest, Body()], request: RequestDep, store: StoreDep, now: NowDep
) -> Response[str]:
    """Make a key.

    For operators, and for administrators of the tenant itself.
    """
    tenant = visible_tenant(request, tenant_id)
    made = service.create_key(tenant, body.name, frozenset(body.scopes), body.expires_at, store=store, now=now)
    return _made(tenant_id, made)


@route(
    routes.get,
    "/tenants/<tenant_id>/keys",
    tag=TAG,
    success="The keys, without their secrets.",
    problems=(404, 422, 503),
    scope=Scope.ADMIN,
)
def list_keys(tenant_id: TenantIdPath, request: RequestDep, store: StoreDep) -> KeyListResponse:
    """List keys.

    Also those that are expired or revoked.
    """
    keys = service.list_keys(visible_tenant(request, tenant_id), store=store)
    return KeyListResponse(keys=[KeyResponse.of(key) for key in keys])


@route(
    routes.get,
    "/tenants/<tenant_id>/keys/<key_id>",
    tag=TAG,
    success="The key, without its secret.",
    problems=(404, 422, 503),
    scope=Scope.ADMIN,
)
def get_key(tenant_id: TenantIdPath, key_id: KeyId, request: RequestDep, store: StoreDep) -> KeyResponse:
    """Get a key."""
    return KeyResponse.of(service.get_key(visible_tenant(request, tenant_id), key_id, store=store))


@route(
    routes.post,
    "/tenants/<tenant_id>/keys/<key_id>/rotation",
    tag=TAG,
    success="",
    status=HTTPStatus.CREATED,
    problems=(400, 404, 413, 415, 422, 503),
    also=documented(NewKeyResponse, "The new key, shown this once.", 201) | _NOT_NOW,
    scope=Scope.ADMIN,
)
def rotate_key(
    tenant_id: TenantIdPath,
    key_id: KeyId,
    body: Annotated[RotationRequest, Body()],
    request: RequestDep,
    store: StoreDep,
    now: NowDep,
) -> Response[str]:
    """Rotate a key.

    Makes a key of the same name, scopes and expiry. The old one holds for `grace_seconds`, or is revoked at once.
    """
    tenant = visible_tenant(request, tenant_id)
    grace = timedelta(seconds=body.grace_seconds)
    return _made(tenant_id, service.rotate_key(tenant, key_id, grace, store=store, now=now))


@route(
    routes.delete,
    "/tenants/<tenant_id>/keys/<key_id>",
    tag=TAG,
    status=HTTPStatus.NO_CONTENT,
    success="The key is revoked.",
    problems=(404, 422, 503),
    also=_NOT_NOW,
    scope=Scope.ADMIN,
)
def revoke_key(
    tenant_id: TenantIdPath, key_id: KeyId, request: RequestDep, store: StoreDep, now: NowDep
) -> Response[None]:
    """Revoke a key.

    It is refused everywhere within half a minute, and stays in the list.
    """
    service.revoke_key(visible_tenant(request, tenant_id), key_id, store=store, now=now)
    return Response(HTTPStatus.NO_CONTENT)
