"""``audit``: who changed a series, and whether the trail is intact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import typer

from cli.errors import ExitCode
from cli.options import DEFAULT_URL, Cursor, Limit, Output, Series, Url
from cli.output import Format, say, show_document, show_list
from cli.service import Service

commands: Final = typer.Typer(no_args_is_help=True, help="Show and verify who changed a series.")


@commands.command()
def show(
    series: Series, *, limit: Limit = None, cursor: Cursor = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE
) -> None:
    """List the changes of a series, newest first."""
    columns = ("sequence", "at", "action", "version", "actor", "reason")
    show_list(Service(url).get("series", series, "audit", limit=limit, cursor=cursor), "entries", columns, output)


@commands.command()
def verify(series: Series, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Compute all hashes of a trail anew, here. Exits with 1 if they do not agree.

    The service is asked, too: it alone knows whether entries are missing at the end. What is written is its answer.
    """
    service = Service(url)
    # Asked first: entries that are added meanwhile are no mistake.
    answer = service.get("series", series, "audit", "verification")
    told = answer.json()
    entries = list(service.entries("series", series, "audit", items="entries", limit=100))
    problem = problem_of(reversed(entries))
    if problem is None and len(entries) < told["entries"]:
        problem = f"the service counts {told['entries']} entries and shows {len(entries)}"
    show_document(answer, output)
    say(f"Computed here: {len(entries)} entries, {problem or 'intact'}.")
    if problem is not None or not told["intact"]:
        raise typer.Exit(ExitCode.FOUND)


def problem_of(entries: Iterable[Mapping[str, Any]]) -> str | None:
    """The first thing that is wrong with a trail, in words; None if nothing is.

    Args:
        entries: as the service shows them, oldest first.
    """
    # Of all commands this alone needs the service's own code, which takes a while to import.
    from tidewatch.registry.audit import AuditEntry, verify

    found = []
    for entry in entries:
        version = entry["version"]
        changed = {
            "at": datetime.fromisoformat(entry["at"]),
            "version": None if version is None else int(version.removeprefix("v")),
        }
        found.append(AuditEntry(**{**entry, **changed}))
    return verify(found).problem
