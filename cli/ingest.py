"""``tidewatch ingest``: made-up data with known anomalies, to try the service on."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import WrongUsage
from cli.options import save
from cli.synthetic import NAMES, Kind, Line, generate


def ingest(
    kind: Annotated[Kind, typer.Option("--kind", help="What the variables x1, x2 and x3 are.")] = Kind.SENSORS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 0,
    points: Annotated[int, typer.Option("--points", min=1, max=250_000, help="How many lines.")] = 2016,
    step: Annotated[int, typer.Option("--step", min=1, max=86_400, help="Seconds between two lines.")] = 300,
    start: Annotated[str, typer.Option("--start", help="The first time, ISO 8601.")] = "2026-01-01T00:00:00Z",
    anomalies: Annotated[int, typer.Option("--anomalies", min=0, help="How many are put in.")] = 8,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="- is standard output.")] = "-",
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Where the labels go: timestamp, anomaly, kind.")
    ] = None,
) -> None:
    """Make data of three variables with anomalies put in, as CSV. It needs no service.

    The first quarter has no anomaly. The labels name each line's: spike, shift, broken_correlation or stuck.
    """
    try:
        moment = datetime.fromisoformat(start)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        lines = generate(kind, seed=seed, points=points, step=step, start=moment, anomalies=anomalies)
    except (ValueError, OverflowError) as error:
        raise WrongUsage(str(error)) from error
    data = _csv(["timestamp", *NAMES], ([line.time, *map(str, line.values)] for line in lines))
    if out == "-":
        sys.stdout.write(data)
    else:
        save(Path(out), data.encode())
    if labels is not None:
        save(labels, _csv(["timestamp", "anomaly", "kind"], map(_label, lines)).encode())


def _label(line: Line) -> list[str]:
    return [line.time, str(int(bool(line.anomaly))), line.anomaly]


def _csv(header: list[str], rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
