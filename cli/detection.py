"""``detect``: judge a file, on this machine or by a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from cli.config import CONSOLE, Alerting, Config, read_config
from cli.data_file import read_table
from cli.errors import WrongUsage
from cli.judgements import end, show_judged
from cli.options import (
    DEFAULT_MODELS,
    Columns,
    ConfigFile,
    Data,
    Detector,
    DetectorOptions,
    FailOnAnomaly,
    LocalSeries,
    Models,
    Output,
    Time,
    Timezone,
    Version,
    check_series,
    detector_document,
    option_values,
    picture_format,
    save,
)
from cli.output import Format, say
from cli.service import Answer, Service
from cli.table import Table


def detect(
    data: Data,
    *,
    series: LocalSeries = None,
    version: Version = None,
    time: Time = None,
    column: Columns = None,
    detector: Detector = None,
    option: DetectorOptions = None,
    timezone: Timezone = None,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it, too: .png or .svg.")] = None,
    fail_on_anomaly: FailOnAnomaly = False,
    config: ConfigFile = None,
    models: Models = DEFAULT_MODELS,
    url: Annotated[str | None, typer.Option("--url", help="A stage that is to do it; else this machine does.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Judge a whole file on this machine; with --series by a model of .tidewatch/, else by what the file itself tells.

    The table has the anomalies, CSV and JSON have all points.
    """
    read = read_config(config)
    kind = None if plot is None else picture_format(plot)
    _check(series, version, url, named=bool(detector or option or timezone))
    table = read_table(data, time, column)
    if url is not None:
        answer, points, picture = _by_stage(table, Service(url), detector, option, read, kind, timezone)
    else:
        # What judges takes a while to import.
        from cli.judging_here import judge_alone, judge_by_model
        from cli.points import check_zone, told
        from cli.store.workspace import Workspace

        with told(data):
            if series is None:
                check_zone(timezone)
                judged = judge_alone(table, detector, option_values(option), read.detection, timezone or "UTC")
            else:
                if read.detection.given:
                    say(f"config.yaml: detection has no effect: {series} was trained before.")
                judged = judge_by_model(table, Workspace(models), series, version)
            picture = None if kind is None else judged.draw(kind)
        answer, points = Answer({}, orjson.dumps(judged.document)), judged.document["predictions"]
    if plot is not None and picture is not None:
        save(plot, picture)
    show_judged(answer, points, output)
    _alert(read.alerting, answer.json()["events"])
    end(fail_on_anomaly, points)


def _check(series: str | None, version: str | None, url: str | None, *, named: bool) -> None:
    check_series(series)
    if url is not None and series is not None:
        raise WrongUsage("--series is a model of this machine, --url a stage; `predict` asks a stage's models.")
    if series is None and version is not None:
        raise WrongUsage("--version needs --series.")
    if series is not None and named:
        raise WrongUsage("--method, --option and --timezone are for learning from the file; --series was trained.")


def _by_stage(
    table: Table,
    service: Service,
    detector: str | None,
    option: list[str] | None,
    config: Config,
    kind: str | None,
    timezone: str | None,
) -> tuple[Answer, list[dict[str, Any]], bytes | None]:
    if not table.is_series:
        raise WrongUsage(f"A stage detects in one column; --column chooses one of {', '.join(table.columns)}.")
    body = table.as_fit() | detector_document(detector, option, config, rows=False, default=_default(table))
    body |= {"timezone": timezone} if timezone else {}
    answer = service.send("POST", "detect", body=body)
    picture = None if kind is None else service.send("POST", "detect", body=body, query={"format": kind}).body
    return answer, _points(table, answer.json()), picture


def _default(table: Table) -> str:
    from tidewatch.services.detect import default_detector

    return default_detector(len(table.timestamps))


def _points(table: Table, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arrays of a detection, point by point, with times as predictions have them."""
    count = document["points"]
    names = [name for name in document if isinstance(document[name], list) and len(document[name]) == count]
    names = [name for name in names if name != "events"]
    arrays = zip(*(document[name] for name in names), strict=True)
    pairs = zip(map(_written, table.timestamps), table.values, arrays, strict=True)
    return [{"timestamp": time, "value": value, **dict(zip(names, cells, strict=True))} for time, value, cells in pairs]


def _alert(alerting: Alerting, events: Sequence[Mapping[str, Any]]) -> None:
    """Tells of the events that are severe enough."""
    if not alerting.enabled:
        return
    if (problem := alerting.without_effect()) is not None:
        say(f"config.yaml: {problem}.")
    if CONSOLE not in alerting.channels:
        return
    for event in events:
        if event["severity"] >= alerting.threshold:
            span = " to ".join(dict.fromkeys(map(_written, (event["start"], event["end"]))))
            points = f"{event['points']} anomalous point{'' if event['points'] == 1 else 's'}"
            say(f"ALERT {span}: {points}, severity {event['severity']:.2f}.")


def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
