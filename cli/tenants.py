"""``tenants``: for operators."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from cli.errors import WrongUsage
from cli.options import DEFAULT_URL, Cursor, Limit, Output, Url, Yes, confirm
from cli.output import Format, show_document, show_list
from cli.service import Service

TenantId = Annotated[str, typer.Argument(metavar="TENANT", help="The id of a tenant.")]
Tier = Annotated[str | None, typer.Option("--tier", help="standard or large.")]
Points = Annotated[int | None, typer.Option("--points-per-day", help="What it may send from midnight to midnight UTC.")]
SeriesCount = Annotated[int | None, typer.Option("--series", help="How many series it may have.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Make, limit, suspend and delete tenants.")


class Status(StrEnum):
    """Whether a tenant is served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@commands.command("list")
def list_tenants(
    *, limit: Limit = None, cursor: Cursor = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE
) -> None:
    """List all tenants."""
    columns = ("tenant_id", "status", "tier", "limits", "created_at")
    show_list(Service(url).get("tenants", limit=limit, cursor=cursor), "tenants", columns, output)


@commands.command()
def show(tenant: TenantId, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Show a tenant."""
    show_document(Service(url).get("tenants", tenant), output)


@commands.command()
def make(
    tenant: TenantId,
    *,
    tier: Tier = None,
    points_per_day: Points = None,
    series: SeriesCount = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Make a tenant."""
    body = {"tenant_id": tenant} | _changes(tier, points_per_day, series)
    show_document(Service(url).send("POST", "tenants", body=body), output)


@commands.command()
def change(
    tenant: TenantId,
    *,
    tier: Tier = None,
    points_per_day: Points = None,
    series: SeriesCount = None,
    status: Annotated[Status | None, typer.Option("--status", help="A suspended tenant's requests get 403.")] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Change a tenant. Of its limits all are replaced by those that are given."""
    body = _changes(tier, points_per_day, series)
    body |= {} if status is None else {"status": status.value}
    if not body:
        raise WrongUsage("Give what to change: --tier, --points-per-day, --series or --status.")
    show_document(Service(url).send("PATCH", "tenants", tenant, body=body), output)


@commands.command()
def delete(tenant: TenantId, *, yes: Yes = False, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Delete a tenant with all that it has. A job does it, and is shown."""
    confirm(yes, f"tenant {tenant}, its series, models and keys,")
    show_document(Service(url).send("DELETE", "tenants", tenant), output)


def _changes(tier: str | None, points_per_day: int | None, series: int | None) -> dict[str, Any]:
    limits = {"points_per_day": points_per_day, "series": series}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return ({} if tier is None else {"tier": tier}) | ({"limits": given} if given else {})
