"""``audit``: who changed a series, whether the trail is intact, and the trail as a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.audit_file import entries_of, manifest_of, verify_file, write_trail
from cli.errors import ExitCode, WrongUsage
from cli.options import DEFAULT_URL, Cursor, Limit, Output, Series, Timeout, Url, Wait
from cli.output import Format, say, show_document, show_list
from cli.service import Service
from cli.waiting import wait_for

if TYPE_CHECKING:
    from tidewatch.registry import AuditEntry

OneSeries = Annotated[str | None, typer.Argument(metavar="SERIES", help="The id of a series.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Show, verify and export who changed a series.")


@commands.command()
def show(
    series: Series, *, limit: Limit = None, cursor: Cursor = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE
) -> None:
    """List the changes of a series, newest first."""
    columns = ("sequence", "at", "action", "version", "actor", "reason")
    show_list(Service(url).get("series", series, "audit", limit=limit, cursor=cursor), "entries", columns, output)


@commands.command()
def verify(
    series: OneSeries = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="An exported trail, with its manifest beside it: asks no service.")
    ] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Compute all hashes of a trail anew, here. Exits with 1 if they do not agree.

    The service is asked, too: it alone knows whether entries are missing at the end. What is written is its answer.
    With --file the manifest knows it.
    """
    if (series is None) == (file is None):
        raise WrongUsage("Give the id of a series, or --file; one of them.")
    intact = _verify_file(file) if file else _verify_series(series or "", url, output)
    if not intact:
        raise typer.Exit(ExitCode.FOUND)


@commands.command()
def export(
    series: Series,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the trail into this file instead, and its manifest beside it.")
    ] = None,
    wait: Wait = False,
    timeout: Timeout = 900.0,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Export a trail to the bucket of the stage, where it may be locked: a job. Or into a file, with --out."""
    service = Service(url)
    if out is not None:
        entries = entries_of(service.entries("series", series, "audit", items="entries", limit=100))[::-1]
        manifest = write_trail(series, entries, out)
        say(f"{out} has {len(entries)} entries, and {manifest} says what they are.")
        return
    answer = service.send("POST", "series", series, "audit", "exports")
    show_document(wait_for(service, answer.json()["job_id"], timeout) if wait else answer, output)


def _verify_series(series: str, url: str, output: Format) -> bool:
    service = Service(url)
    # Asked first: entries that are added meanwhile are no mistake.
    answer = service.get("series", series, "audit", "verification")
    told = answer.json()
    entries = entries_of(service.entries("series", series, "audit", items="entries", limit=100))
    problem = problem_of(reversed(entries))
    if problem is None and len(entries) < told["entries"]:
        problem = f"the service counts {told['entries']} entries and shows {len(entries)}"
    show_document(answer, output)
    say(f"Computed here: {len(entries)} entries, {problem or 'intact'}.")
    return problem is None and bool(told["intact"])


def _verify_file(file: Path) -> bool:
    found, compared = verify_file(file)
    if not compared:
        say(f"There is no {manifest_of(file)}: entries that are missing at the end are not found.")
    say(f"{file}: {found.entries} entries, {found.problem or 'intact'}.")
    return found.intact


def problem_of(entries: Iterable[AuditEntry]) -> str | None:
    """The first thing that is wrong with a trail, oldest entry first, in words; None if nothing is."""
    from tidewatch.registry.audit import verify

    return verify(entries).problem
