"""``monitor`` and ``drift``: whether what a model judges is still what it learned."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.errors import ExitCode
from cli.options import DEFAULT_URL, Output, Reason, Series, Url
from cli.output import Format, show_document
from cli.service import Service


def monitor(
    series: Series,
    state: Annotated[bool, typer.Option("--on/--off", help="Whether judgements are kept.")],
    *,
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Keep what is judged, so that drift is seen, or no longer."""
    body = {"monitor": state, "reason": reason}
    show_document(Service(url).send("PUT", "series", series, "monitoring", body=body), output)


def drift(
    series: Series,
    *,
    points_per_false_alarm: Annotated[
        float | None,
        typer.Option("--points-per-false-alarm", help="While nothing changes, one alarm in so many points."),
    ] = None,
    fail_on_drift: Annotated[bool, typer.Option("--fail-on-drift", help="Exit with 1 if there is drift.")] = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Look for drift in what the champion of a monitored series judged."""
    answer = Service(url).get("series", series, "drift", points_per_false_alarm=points_per_false_alarm)
    show_document(answer, output)
    if fail_on_drift and answer.json()["drifting"]:
        raise typer.Exit(ExitCode.FOUND)
