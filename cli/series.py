"""``series``, ``promote`` and ``rollback``: which versions there are, and which of them judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import typer

from cli.errors import WrongUsage
from cli.options import DEFAULT_URL, Cursor, Limit, Output, Reason, Series, Url, Version, Yes, confirm
from cli.output import Format, say, show_document, show_list
from cli.service import Service

commands: Final = typer.Typer(no_args_is_help=True, help="List, show and delete series and versions.")


@commands.command("list")
def list_series(
    *,
    label: Annotated[str | None, typer.Option("--label", help="Such as region:eu-1.")] = None,
    group_by: Annotated[
        str | None, typer.Option("--group-by", help="A label: how many series have each of its values.")
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """List what is trained."""
    if group_by is not None:
        query = {"label": label, "limit": limit, "cursor": cursor}
        show_list(Service(url).get("series", group_by=group_by, **query), "groups", ("value", "series"), output)
        return
    columns = ("series_id", "champion_version", "latest_version", "detector", "points_used", "trained_at")
    show_list(Service(url).get("series", label=label, limit=limit, cursor=cursor), "series", columns, output)


@commands.command("id")
def identify(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As another system has it.")],
    *,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="Or a tag or dimension; may be repeated.")
    ] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Find the id of a metric of another system."""
    labels: dict[str, str] = {}
    for pair in label or ():
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise WrongUsage(f"--label {pair!r} must be NAME=VALUE, such as host=web-1.")
        if key in labels:
            raise WrongUsage(f"--label {key!r} is given more than once: a label has one value.")
        labels[key] = value
    show_document(Service(url).send("POST", "series", body={"name": name, "labels": labels}), output)


@commands.command()
def show(series: Series, *, version: Version = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Show a series with its champion, or one version."""
    more = () if version is None else ("versions", version)
    show_document(Service(url).get("series", series, *more), output)


@commands.command()
def versions(
    series: Series, *, limit: Limit = None, cursor: Cursor = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE
) -> None:
    """List the versions of a series."""
    columns = ("version", "detector", "points_used", "data_from", "data_to", "trained_at")
    answer = Service(url).get("series", series, "versions", limit=limit, cursor=cursor)
    show_list(answer, "versions", columns, output)


@commands.command()
def delete(series: Series, *, version: Version = None, yes: Yes = False, url: Url = DEFAULT_URL) -> None:
    """Delete a series with all of its versions, or one version."""
    more = () if version is None else ("versions", version)
    confirm(yes, " ".join((series, *more[1:])))
    Service(url).send("DELETE", "series", series, *more)
    say(f"{' '.join((series, *more[1:]))} is deleted.")


def promote(
    series: Series,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Such as v2.")],
    reason: Reason,
    *,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Let a version judge."""
    body = {"version": version, "reason": reason}
    show_document(Service(url).send("PUT", "series", series, "champion", body=body), output)


def rollback(
    series: Series,
    reason: Reason,
    *,
    to: Annotated[str | None, typer.Option("--to", help="A version; else the champion before.")] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Let the champion before judge again; a second rollback goes to the one before that.

    Nothing is done if somebody else changes the series meanwhile.
    """
    service = Service(url)
    seen = service.get("series", series, "champion")
    champion = seen.json()["champion_version"]
    history = list(service.entries("series", series, "champion", "history", items="history"))
    wanted = to or champion_before(champion, reversed(history))
    if wanted is None:
        raise WrongUsage(f"No version judged before {champion} of {series}; --to names one.")
    headers = {"If-Match": seen.headers["etag"]}
    body = {"version": wanted, "reason": reason}
    show_document(service.send("PUT", "series", series, "champion", body=body, headers=headers), output)


def champion_before(champion: str, history: Iterable[Mapping[str, Any]]) -> str | None:
    """The version to roll back to; None if there is none.

    Args:
        champion: which judges now.
        history: the changes of the champion, oldest first. A rollback takes back all that came after its version, so
            that two in a row go two steps back.
    """
    standing: list[str] = []
    for change in history:
        version = change["version"]
        if version is None:
            standing.clear()
        elif change["action"] == "rolled_back" and version in standing:
            del standing[standing.index(version) + 1 :]
        else:
            standing.append(version)
    while standing and standing[-1] == champion:
        standing.pop()
    return standing[-1] if standing else None
