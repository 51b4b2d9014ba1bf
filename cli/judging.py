"""``predict`` and ``plot``, by a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data_file import read_table
from cli.errors import WrongUsage
from cli.judgements import end, show_judged
from cli.options import (
    DEFAULT_URL,
    Columns,
    FailOnAnomaly,
    Output,
    Series,
    Time,
    Url,
    Version,
    picture_format,
    save,
)
from cli.output import Format, show_document
from cli.service import Service


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
        end(fail_on_anomaly, [document])
        return
    show_judged(answer, document["predictions"], output)
    end(fail_on_anomaly, document["predictions"])


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
