"""``fit``: train by a stage, one series or each column as a series of its own."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from cli.config import read_config
from cli.data_file import read_table
from cli.errors import ExitCode, Refused
from cli.options import (
    DEFAULT_URL,
    Columns,
    ConfigFile,
    Data,
    Detector,
    DetectorOptions,
    Output,
    Reason,
    Series,
    Time,
    Timezone,
    Url,
    detector_document,
)
from cli.output import Format, say, show_document, show_list
from cli.progress import progress
from cli.service import Answer, Service
from cli.table import Table


def fit(
    series: Series,
    data: Data,
    *,
    time: Time = None,
    column: Columns = None,
    each: Annotated[
        bool,
        typer.Option("--each", help="Each column is a series, SERIES.COLUMN; where it is empty there is no point."),
    ] = False,
    detector: Detector = None,
    option: DetectorOptions = None,
    timezone: Timezone = None,
    promote: Annotated[bool, typer.Option("--promote/--no-promote", help="Whether the version is to judge.")] = True,
    reason: Reason = "",
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Sent again with the same key, it trains nothing.")
    ] = None,
    config: ConfigFile = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Train the next version of a series on a CSV or Parquet file."""
    settings, table = read_config(config), read_table(data, time, column)
    more: dict[str, Any] = {} if promote else {"promote": False}
    more |= {"reason": reason} if reason else {}
    more |= {"timezone": timezone} if timezone else {}
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    service = Service(url)
    if each:
        more |= detector_document(detector, option, settings, rows=False)
        _fit_each(service, series, table, more, headers, output)
        return
    more |= detector_document(detector, option, settings, rows=not table.is_series)
    show_document(service.send("POST", "fit", series, body=table.as_fit() | more, headers=headers), output)


def _fit_each(
    service: Service,
    prefix: str,
    table: Table,
    more: dict[str, Any],
    headers: dict[str, str],
    output: Format,
) -> None:
    """Trains one series after the other. What is refused does not keep the others from being trained."""
    fitted, refused = [], 0
    with progress() as update:
        for number, (name, series) in enumerate(table.each().items()):
            update(name, number, len(table.columns))
            try:
                answer = service.send("POST", "fit", f"{prefix}.{name}", body=series.as_fit() | more, headers=headers)
            except Refused as refusal:
                refused += 1
                say(f"{prefix}.{name}: {refusal}")
            else:
                fitted.append(answer.json())
    columns = ("series_id", "version", "detector", "points_used", "warnings")
    show_list(Answer({}, orjson.dumps({"series": fitted})), "series", columns, output)
    if refused:
        say(f"{refused} of {len(table.columns)} series were not trained.")
        raise typer.Exit(ExitCode.REFUSED)
