"""``jobs``: work that takes longer than a request."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.options import DEFAULT_URL, Cursor, Limit, Output, Timeout, Url
from cli.output import Format, show_document, show_list
from cli.service import Service
from cli.waiting import wait_for

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.")]

commands: Final = typer.Typer(no_args_is_help=True, help="List, show, await and cancel jobs.")


@commands.command("list")
def list_jobs(
    *,
    state: Annotated[str | None, typer.Option("--state", help="Such as running.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Such as reproduce.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """List jobs, newest first."""
    columns = ("job_id", "kind", "state", "created_at", "ended_at")
    answer = Service(url).get("jobs", state=state, kind=kind, limit=limit, cursor=cursor)
    show_list(answer, "jobs", columns, output)


@commands.command()
def show(job: JobId, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Show a job, with its result once it has one."""
    show_document(Service(url).get("jobs", job), output)


@commands.command()
def wait(job: JobId, *, timeout: Timeout = 900.0, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Wait until a job has ended, and show it. Exits with 3 if it failed, with 5 if it takes longer."""
    show_document(wait_for(Service(url), job, timeout), output)


@commands.command()
def cancel(job: JobId, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Cancel a job: at once while it is queued, at its next step while it runs."""
    show_document(Service(url).send("DELETE", "jobs", job), output)
