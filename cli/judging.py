"""``fit``, ``predict``, ``detect`` and ``plot``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.data_file import read_table
from cli.errors import ExitCode, WrongUsage
from cli.options import (
    DEFAULT_URL,
    Columns,
    Data,
    Detector,
    DetectorOptions,
    FailOnAnomaly,
    Output,
    Reason,
    Series,
    Time,
    Url,
    Version,
    detector_document,
    picture_format,
    save,
)
from cli.output import Format, show_document, write_csv, write_json, write_table
from cli.service import Answer, Service
from cli.table import Table

_COLUMNS: Final = ("timestamp", "value", "score", "p_value", "severity", "direction", "contributions")


def fit(
    series: Series,
    data: Data,
    *,
    time: Time = None,
    column: Columns = None,
    detector: Detector = None,
    option: DetectorOptions = None,
    promote: Annotated[bool, typer.Option("--promote/--no-promote", help="Whether the version is to judge.")] = True,
    reason: Reason = "",
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="Sent again with the same key, it trains nothing.")
    ] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Train the next version of a series on a CSV or Parquet file."""
    body = read_table(data, time, column).as_fit() | detector_document(detector, option)
    body |= {} if promote else {"promote": False}
    body |= {"reason": reason} if reason else {}
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    show_document(Service(url).send("POST", "fit", series, body=body, headers=headers), output)


def predict(
    series: Series,
    data: Annotated[str | None, typer.Option("--data", metavar="FILE", help="CSV or Parquet; - is stdin.")] = None,
    *,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", help="Of one point: Unix seconds or ISO 8601.")
    ] = None,
    value: Annotated[float | None, typer.Option("--value", help="Of one point.")] = None,
    time: Time = None,
    column: Columns = None,
    version: Version = None,
    fail_on_anomaly: FailOnAnomaly = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Judge points, or rows of variables, by a model. The table has the anomalies, CSV and JSON have all."""
    one = timestamp is not None and value is not None
    if (data is not None) == one or (data is not None and (timestamp is not None or value is not None)):
        raise WrongUsage("Give --data, or else both --timestamp and --value.")
    body = {"timestamp": timestamp, "value": value} if data is None else read_table(data, time, column).as_predict()
    answer = Service(url).send("POST", "predict", series, body=body, query={"version": version})
    document = answer.json()
    if data is None:
        show_document(answer, output)
        _end(fail_on_anomaly, [document])
        return
    _show_judged(answer, document["predictions"], output)
    _end(fail_on_anomaly, document["predictions"])


def detect(
    data: Data,
    *,
    time: Time = None,
    column: Columns = None,
    detector: Detector = None,
    option: DetectorOptions = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it, too: .png or .svg.")] = None,
    fail_on_anomaly: FailOnAnomaly = False,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Judge a whole series; nothing is stored. The table has the anomalies, CSV and JSON have all points."""
    table = read_table(data, time, column)
    if not table.is_series:
        raise WrongUsage(f"detect judges one column; --column chooses one of {', '.join(table.columns)}.")
    kind = None if plot is None else picture_format(plot)
    service = Service(url)
    body = table.as_fit() | detector_document(detector, option)
    answer = service.send("POST", "detect", body=body)
    points = _points(table, answer.json())
    if plot is not None:
        save(plot, service.send("POST", "detect", body=body, query={"format": kind}).body)
    _show_judged(answer, points, output)
    _end(fail_on_anomaly, points)


def plot(
    series: Series,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Ends with .png or .svg.")],
    *,
    version: Version = None,
    width: Annotated[int | None, typer.Option("--width", help="In pixels.")] = None,
    height: Annotated[int | None, typer.Option("--height", help="In pixels.")] = None,
    theme: Annotated[str | None, typer.Option("--theme", help="light or dark.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Draw what a version learned."""
    query = {"series_id": series, "version": version, "width": width, "height": height, "theme": theme}
    save(out, Service(url).get("plot", format=picture_format(out), **query).body)


def _points(table: Table, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arrays of a detection, point by point, with times as predictions have them."""
    count = document["points"]
    names = [name for name in document if isinstance(document[name], list) and len(document[name]) == count]
    names = [name for name in names if name != "events"]
    arrays = zip(*(document[name] for name in names), strict=True)
    times = (datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z") for second in table.timestamps)
    pairs = zip(times, table.values, arrays, strict=True)
    return [{"timestamp": time, "value": value, **dict(zip(names, cells, strict=True))} for time, value, cells in pairs]


def _show_judged(answer: Answer, points: Sequence[Mapping[str, Any]], output: Format) -> None:
    if output is Format.JSON:
        write_json(answer)
    elif output is Format.CSV:
        write_csv(points)
    else:
        found = [point for point in points if point["anomaly"]]
        columns = [column for column in _COLUMNS if points and column in points[0]]
        if found:
            write_table(columns, ([point[column] for column in columns] for point in found))
        typer.echo(f"{len(found)} of {len(points)} are anomalous.")


def _end(fail_on_anomaly: bool, points: Sequence[Mapping[str, Any]]) -> None:
    if fail_on_anomaly and any(point["anomaly"] for point in points):
        raise typer.Exit(ExitCode.FOUND)
