"""``train``: a model of this machine, without a stage."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from cli.config import read_config
from cli.data_file import read_table
from cli.errors import WrongUsage
from cli.options import (
    DEFAULT_MODELS,
    DEFAULT_SERIES,
    Columns,
    ConfigFile,
    Data,
    Detector,
    DetectorOptions,
    LocalSeries,
    Models,
    Output,
    Reason,
    Time,
    Timezone,
    check_series,
    option_values,
)
from cli.output import Format, say, show_document
from cli.service import Answer


def train(
    data: Data,
    *,
    series: LocalSeries = DEFAULT_SERIES,
    time: Time = None,
    column: Columns = None,
    detector: Detector = None,
    option: DetectorOptions = None,
    allow_constant: Annotated[
        bool, typer.Option("--allow-constant", help="Learn a series of equal values, so that any change is an anomaly.")
    ] = False,
    timezone: Timezone = None,
    reason: Reason = "",
    config: ConfigFile = None,
    models: Models = DEFAULT_MODELS,
    output: Output = Format.TABLE,
) -> None:
    """Train the next version of a model on this machine. No stage is asked; the model goes into .tidewatch/."""
    check_series(series)
    detection = read_config(config).detection
    given = option_values(option)
    table = read_table(data, time, column)
    # What trains takes a while to import.
    from tidewatch.deadline import Deadline
    from tidewatch.detectors import DEFAULT_DETECTOR, DEFAULT_OF_ROWS
    from tidewatch.registry import Cause
    from tidewatch.services import fit, fit_rows

    from cli.detectors import choose, options_of
    from cli.points import check_zone, frame_of, series_of, told
    from cli.store.workspace import Workspace

    check_zone(timezone)
    rows = not table.is_series
    if rows and allow_constant:
        raise WrongUsage("--allow-constant is for one column: of rows, constant variables are told and left out.")
    default = DEFAULT_OF_ROWS if rows else DEFAULT_DETECTOR
    choice = choose(detector, given, detection, rows=rows, default=default)
    options = options_of(choice, rows=rows)
    for remark in choice.remarks:
        say(f"config.yaml: {remark}.")
    workspace, cause = Workspace(models), Cause("command line", reason)
    key, never, publisher = workspace.key(series or DEFAULT_SERIES), Deadline.never(), workspace.publisher
    with told(data):
        if rows:
            frame = frame_of(table, "training", nulls=getattr(options, "missing", "refuse") != "refuse")
            done = fit_rows.fit(
                key,
                frame,
                options,
                publisher=publisher,
                cause=cause,
                timezone=timezone,
                deadline=never,
                field=data,
            )
        else:
            points = series_of(table, "training", constant=allow_constant)
            done = fit.fit(
                key,
                points,
                options,
                publisher=publisher,
                allow_constant=allow_constant,
                cause=cause,
                timezone=timezone,
                deadline=never,
            )
    version = done.version
    document: dict[str, Any] = {
        "series_id": version.series_id,
        "version": version.version,
        "points_used": version.points_used,
        "detector": version.detector,
        "options": dict(version.options),
        "timezone": version.timezone,
        "trained_at": version.trained_at,
        "learned": dict(done.learned),
        "kind": version.kind,
        "variables": list(version.variables),
        "warnings": list(done.warnings),
    }
    show_document(Answer({}, orjson.dumps(document)), output)
