"""``keys``: of a tenant. The secret of a new one goes to standard output, alone, and is shown only then."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from cli.options import DEFAULT_URL, Output, Url, Yes, confirm
from cli.output import Format, say, show_list
from cli.service import Service

TenantId = Annotated[str, typer.Argument(metavar="TENANT", help="The id of a tenant.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The id of a key, not its secret.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke API keys.")


@commands.command("list")
def list_keys(tenant: TenantId, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """List the keys of a tenant. None is shown itself."""
    columns = ("key_id", "name", "scopes", "status", "created_at", "expires_at")
    show_list(Service(url).get("tenants", tenant, "keys"), "keys", columns, output)


@commands.command()
def make(
    tenant: TenantId,
    name: Annotated[str, typer.Option("--name", help="What you call it.")],
    *,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="read, write or admin; may be repeated.")] = None,
    expires_at: Annotated[str | None, typer.Option("--expires-at", help="ISO 8601; else never.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Make a key. Standard output has the secret and nothing else; it is not shown again."""
    body: dict[str, Any] = {"name": name}
    body |= {"scopes": scope} if scope else {}
    body |= {"expires_at": expires_at} if expires_at else {}
    _show_once(Service(url).send("POST", "tenants", tenant, "keys", body=body).json())


@commands.command()
def rotate(
    tenant: TenantId,
    key: KeyId,
    *,
    grace: Annotated[int, typer.Option("--grace", help="How many seconds the old key holds.")] = 0,
    url: Url = DEFAULT_URL,
) -> None:
    """Make a key in the place of another. Standard output has the secret and nothing else."""
    body = {"grace_seconds": grace}
    _show_once(Service(url).send("POST", "tenants", tenant, "keys", key, "rotation", body=body).json())


@commands.command()
def revoke(tenant: TenantId, key: KeyId, *, yes: Yes = False, url: Url = DEFAULT_URL) -> None:
    """Revoke a key. It opens nothing from half a minute later on."""
    confirm(yes, f"key {key} of {tenant}")
    Service(url).send("DELETE", "tenants", tenant, "keys", key)
    say(f"Key {key} is revoked.")


def _show_once(made: dict[str, Any]) -> None:
    typer.echo(made["key"])
    expiry = made["expires_at"] or "never"
    say(f"Key {made['key_id']} ({made['name']}): {', '.join(made['scopes'])}; expires: {expiry}.")
