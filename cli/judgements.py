"""Judgements on the screen, and what a script makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from cli.errors import ExitCode
from cli.output import Format, write_csv, write_json, write_table
from cli.service import Answer

_COLUMNS: Final = ("timestamp", "value", "score", "p_value", "severity", "direction", "contributions")


def show_judged(answer: Answer, points: Sequence[Mapping[str, Any]], output: Format) -> None:
    """Writes judgements: all as JSON or CSV, the anomalies as a table."""
    if output is Format.JSON:
        write_json(answer)
    elif output is Format.CSV:
        write_csv(points)
    else:
        found = [point for point in points if point["anomaly"]]
        columns = [column for column in _COLUMNS if points and column in points[0]]
        if found:
            write_table(columns, ([_short(point[column]) for column in columns] for point in found))
        typer.echo(f"{len(found)} of {len(points)} are anomalous.")


def _short(cell: Any) -> Any:
    """A number of few digits, for people."""
    return f"{cell:.6g}" if isinstance(cell, float) else cell


def end(fail_on_anomaly: bool, points: Sequence[Mapping[str, Any]]) -> None:
    """Ends the command with 1 if that is wanted where there is an anomaly."""
    if fail_on_anomaly and any(point["anomaly"] for point in points):
        raise typer.Exit(ExitCode.FOUND)
