"""Tenants: making, limiting and suspending them. Only operators may, who are administrators of the default tenant."""

from __future__ import annotations

import re
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

import orjson
from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from tidewatch import composition
from tidewatch.api.access import Forbidden
from tidewatch.api.app import route
from tidewatch.api.fields import Limit, StrictModel, TenantCursor, decode_cursor, encode_cursor
from tidewatch.api.jobs import ACCEPTED, JobsDep, accepted
from tidewatch.api.problem_schema import CONTENT_TYPE, Problem
from tidewatch.api.request import ApiRequest, RequestDep
from tidewatch.registry import VersionStore
from tidewatch.services import delete_tenant as service_of_deletion
from tidewatch.services import tenants as service
from tidewatch.services.limits import UsageStore
from tidewatch.tenancy import (
    Limits,
    MeteringKeys,
    Scope,
    Tenant,
    TenantNotFound,
    TenantRecord,
    TenantStatus,
    TenantStore,
    Tier,
)

routes = Router()  # type: ignore[no-untyped-call]

TAG: Final = "Tenants"

get_store = composition.tenant_store
get_metering = composition.metering_keys
StoreDep = Annotated[TenantStore, Depends(get_store)]
MeteringDep = Annotated[MeteringKeys, Depends(get_metering)]
CountersDep = Annotated[UsageStore, Depends(composition.usage_store)]
VersionsDep = Annotated[VersionStore, Depends(composition.version_store)]


def get_now() -> datetime:
    """The time of a request."""
    return composition.now()


NowDep = Annotated[datetime, Depends(get_now)]


def _check_tenant_id(tenant_id: str) -> str:
    try:
        Tenant(tenant_id)
    except ValueError as error:
        raise PydanticCustomError("tenant_id_form", "{why}", {"why": str(error)}) from None
    return tenant_id


_TenantIdText = Annotated[
    str,
    AfterValidator(_check_tenant_id),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$", "minLength": 1, "maxLength": 63}),
]
TenantIdPath = Annotated[_TenantIdText, Path(description="The tenant: 1 to 63 lower-case letters, digits, hyphens.")]


def _check_etag(etag: str) -> str:
    if re.fullmatch('"[0-9]{1,12}"', etag, re.ASCII) is None:
        raise PydanticCustomError("etag_form", "this is no ETag of a tenant; take it from the answer to GET")
    return etag


IfMatch = Annotated[
    Annotated[str, AfterValidator(_check_etag), WithJsonSchema({"type": "string", "pattern": '^"[0-9]{1,12}"$'})]
    | None,
    Header(alias="If-Match", description="The ETag that was read: changes nothing if somebody else was faster."),
]


def _check_limit(limit: Any) -> Any:
    # pydantic would take false for 0, which stops the tenant, and a text for the number in it.
    if limit is not None and type(limit) not in (int, float):
        raise PydanticCustomError("wrong_type", "a limit is a whole number, or null for none")
    return limit


class TenantLimits(StrictModel):
    """What a tenant may use; null is no limit."""

    points_per_day: Annotated[
        int | None,
        Field(ge=0, le=10**12, description="Points to learn or to judge per day (UTC)."),
        BeforeValidator(_check_limit),
    ] = None
    series: Annotated[
        int | None, Field(ge=0, le=10**9, description="Series with a model."), BeforeValidator(_check_limit)
    ] = None


class NewTenant(StrictModel):
    """A tenant to make."""

    tenant_id: Annotated[_TenantIdText, Field(description="It is part of every key in storage, and never changes.")]
    tier: Annotated[Tier, Field(description="Its usage plan: requests per second and day, best effort.")] = (
        Tier.STANDARD
    )
    limits: TenantLimits = TenantLimits()


class TenantChange(StrictModel):
    """What to change of a tenant; what is left out stays."""

    tier: Tier | None = None
    limits: Annotated[TenantLimits | None, Field(description="All limits: one that is left out is none.")] = None
    status: Annotated[
        Literal["active", "suspended"] | None, Field(description="suspended: its requests get 403, its data stays.")
    ] = None


class TenantResponse(BaseModel):
    """A tenant."""

    tenant_id: str
    status: TenantStatus
    tier: Tier
    limits: TenantLimits
    created_at: Annotated[
        datetime | None, Field(description="Null for the default tenant, where nobody has changed it yet.")
    ]

    @classmethod
    def of(cls, record: TenantRecord) -> TenantResponse:
        """The answer for a tenant."""
        return cls(
            tenant_id=str(record.tenant),
            status=record.status,
            tier=record.tier,
            limits=TenantLimits.model_validate(record.limits, from_attributes=True),
            created_at=record.created_at,
        )


class TenantUsage(BaseModel):
    """What a tenant uses."""

    day: Annotated[date, Field(description="The day of the points, UTC.")]
    points: Annotated[
        int | None,
        Field(
            description="Points learned and judged today, with up to a hundredth of the limit that functions took in "
            "advance; null where there is no limit, since they are not counted then."
        ),
    ]
    series: Annotated[int, Field(description="Series with a model.")]


class TenantWithUsageResponse(TenantResponse):
    """A tenant, and what it uses beside its limits."""

    usage: TenantUsage


class TenantListResponse(BaseModel):
    """A page of tenants, in the order of their ids."""

    tenants: list[TenantResponse]
    next_cursor: Annotated[str | None, Field(description="Where the next page starts; null on the last.")]


def conflict(description: str) -> dict[int, Any]:
    """The documentation of a 409 that time alone does not mend."""
    return {409: {"description": description, "content": {CONTENT_TYPE: {"model": Problem}}}}


_CHANGED: Final = {412: {"description": "Somebody else was faster.", "content": {CONTENT_TYPE: {"model": Problem}}}}
_EXISTS: Final = conflict("There is such a tenant already.")
_NOT_NOW: Final = conflict("The tenant is being deleted, or is the one that runs the stack.")


def check_operator(request: ApiRequest) -> None:
    """Refuses whoever may not manage all tenants.

    Raises:
        Forbidden: if the caller is no operator.
    """
    if not request.principal.is_operator:
        raise Forbidden("only an administrator of the default tenant may manage tenants")


def visible_tenant(request: ApiRequest, tenant_id: str) -> Tenant:
    """A tenant that the caller may look at: its own, or any if it is an operator.

    Raises:
        TenantNotFound: if it is not the caller's to see, whether there is one or not.
    """
    tenant = Tenant(tenant_id)
    if tenant != request.tenant and not request.principal.is_operator:
        raise TenantNotFound(tenant_id)
    return tenant


def answer(
    model: BaseModel, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str | list[str]] | None = None
) -> Response[str]:
    """A model as a response."""
    body = orjson.dumps(model.model_dump(mode="json")).decode()
    return Response(status.value, "application/json", body, headers=headers or {})


def documented(model: type[BaseModel], description: str, status: int = 200) -> dict[int, Any]:
    """The documentation of a success that is written by hand."""
    return {status: {"description": description, "content": {"application/json": {"model": model}}}}


def _tagged(record: TenantRecord, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response[str]:
    return answer(TenantResponse.of(record), status, {"ETag": f'"{record.revision}"', **headers})


@route(
    routes.post,
    "/tenants",
    tag=TAG,
    success="",
    status=HTTPStatus.CREATED,
    problems=(400, 413, 415, 422, 503),
    also=documented(TenantResponse, "The tenant, which has no key yet.", 201) | _EXISTS,
    scope=Scope.ADMIN,
)
def create_tenant(
    body: Annotated[NewTenant, Body()], request: RequestDep, store: StoreDep, metering: MeteringDep, now: NowDep
) -> Response[str]:
    """Make a tenant.

    A team, department or customer, whose series no other tenant sees. It needs a key next. For operators.
    """
    check_operator(request)
    record = service.create_tenant(
        Tenant(body.tenant_id),
        body.tier,
        Limits(**body.limits.model_dump()),
        store=store,
        metering=metering,
        now=now,
    )
    return _tagged(record, HTTPStatus.CREATED, Location=f"/tenants/{record.tenant}")


@route(routes.get, "/tenants", tag=TAG, success="A page.", problems=(422, 503), scope=Scope.ADMIN)
def list_tenants(
    request: RequestDep, store: StoreDep, limit: Limit = 50, cursor: TenantCursor = None
) -> TenantListResponse:
    """List tenants.

    Those that were made, or changed, in the order of their ids. A new one may take a moment to appear. For operators.
    """
    check_operator(request)
    records, after = store.list_tenants(limit, decode_cursor(cursor))
    return TenantListResponse(
        tenants=[TenantResponse.of(record) for record in records], next_cursor=encode_cursor(after)
    )


@route(
    routes.get,
    "/tenants/<tenant_id>",
    tag=TAG,
    success="",
    problems=(404, 422, 503),
    also=documented(TenantWithUsageResponse, "The tenant."),
    scope=Scope.ADMIN,
)
def get_tenant(
    tenant_id: TenantIdPath,
    request: RequestDep,
    store: StoreDep,
    counters: CountersDep,
    versions: VersionsDep,
    now: NowDep,
) -> Response[str]:
    """Get a tenant.

    Its tier, its limits, and what it uses of them. For operators, and for administrators of the tenant itself.
    """
    record = service.get_tenant(visible_tenant(request, tenant_id), store=store)
    used = service.usage_of(record, counters=counters, count_series=versions.count_series, now=now)
    usage = TenantUsage.model_validate(used, from_attributes=True)
    told = TenantWithUsageResponse(**TenantResponse.of(record).model_dump(), usage=usage)
    return answer(told, headers={"ETag": f'"{record.revision}"'})


@route(
    routes.patch,
    "/tenants/<tenant_id>",
    tag=TAG,
    success="",
    problems=(400, 404, 413, 415, 422, 503),
    also=documented(TenantResponse, "The tenant as it stands now.") | _NOT_NOW | _CHANGED,
    scope=Scope.ADMIN,
)
def change_tenant(
    tenant_id: TenantIdPath,
    body: Annotated[TenantChange, Body()],
    request: RequestDep,
    store: StoreDep,
    metering: MeteringDep,
    now: NowDep,
    if_match: IfMatch = None,
) -> Response[str]:
    """Change, suspend or resume a tenant.

    Holds within half a minute. A suspended tenant's requests get 403, and its data stays. For operators.
    """
    check_operator(request)
    record = service.change_tenant(
        Tenant(tenant_id),
        tier=body.tier,
        limits=None if body.limits is None else Limits(**body.limits.model_dump()),
        status=None if body.status is None else TenantStatus(body.status),
        revision=None if if_match is None else int(if_match.strip('"')),
        store=store,
        metering=metering,
        now=now,
    )
    return _tagged(record)


@route(
    routes.delete,
    "/tenants/<tenant_id>",
    tag=TAG,
    status=HTTPStatus.ACCEPTED,
    success="The job was accepted.",
    problems=(404, 422, 503),
    also=ACCEPTED | _NOT_NOW,
    scope=Scope.ADMIN,
)
def delete_tenant(tenant_id: TenantIdPath, request: RequestDep, store: StoreDep, jobs: JobsDep) -> Response[str]:
    """Delete a tenant.

    Its requests are refused from now on. A job, which takes a minute at least, deletes its models, data, jobs, counters
    and keys, also what is noncurrent; its result says how much, and what remains for a while: backups of the tables for
    35 days, and locked exports of the audit trail. For operators.
    """
    check_operator(request)
    return accepted(service_of_deletion.start_deletion(Tenant(tenant_id), store=store, jobs=jobs))
