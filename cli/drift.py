"""``monitor``, ``drift`` and ``retrain``: whether what a model judges is still what it learned, and what to do."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.errors import ExitCode
from cli.options import (
    DEFAULT_URL,
    Detector,
    DetectorOptions,
    Output,
    Reason,
    Series,
    Timeout,
    Url,
    Wait,
    option_values,
)
from cli.output import Format, show_document, show_result
from cli.service import Service
from cli.waiting import wait_for


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


def retrain(
    series: Series,
    *,
    detector: Detector = None,
    option: DetectorOptions = None,
    window: Annotated[int | None, typer.Option("--window", help="The last points to train on.")] = None,
    least_new_points: Annotated[
        int | None, typer.Option("--least-new-points", help="With fewer since the champion nothing is trained.")
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", help="What is not learned from: labelled, alarms or none.")
    ] = None,
    promote: Annotated[
        str | None, typer.Option("--promote", help="What the version becomes: challenger, always or never.")
    ] = None,
    auto_promote: Annotated[
        bool, typer.Option("--auto-promote", help="A challenger becomes the champion once labels decide for it.")
    ] = False,
    reason: Reason = "",
    wait: Wait = False,
    timeout: Timeout = 900.0,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Train the champion's detector on its data and what came since. A job does it."""
    given = {"window": window, "least_new_points": least_new_points, "exclude": exclude, "promote": promote}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    body |= {"auto_promote": True} if auto_promote else {}
    body |= {"reason": reason} if reason else {}
    options = option_values(option)
    if detector is not None or options:
        body["detector"] = ({} if detector is None else {"name": detector}) | options
    service = Service(url)
    answer = service.send("POST", "series", series, "retrain", body=body)
    if wait:
        show_result(wait_for(service, answer.json()["job_id"], timeout), output)
    else:
        show_document(answer, output)
