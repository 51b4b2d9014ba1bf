"""``evaluations``: of a stage's versions and of detectors, as jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.errors import WrongUsage
from cli.labels import read_labelled
from cli.options import (
    DEFAULT_URL,
    Columns,
    DetectorOptions,
    Output,
    Series,
    Time,
    Timeout,
    Url,
    Wait,
    option_values,
    picture_format,
    save,
)
from cli.output import Format, show_document, write_json
from cli.service import Service
from cli.table import Table
from cli.waiting import wait_for

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of an evaluation, which is a job.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw the report, too: .png or .svg.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Evaluate versions and detectors by a stage.")


@commands.command()
def start(
    series: Series,
    *,
    version: Annotated[
        list[str] | None, typer.Option("--version", help="May be repeated; without any, nor --method, the champion.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", "--detector", help="A detector that learns; may be repeated.")
    ] = None,
    option: DetectorOptions = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE", help="CSV or Parquet; else what the stage has stored.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="COLUMN", help="Of the data: 1 for an anomaly.")
    ] = None,
    labels_file: Annotated[
        str | None, typer.Option("--labels-file", metavar="FILE", help="If not in the data.")
    ] = None,
    time: Time = None,
    column: Columns = None,
    folds: Annotated[int | None, typer.Option("--folds", help="Into how many parts the points are split.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the anomalies that are injected.")] = None,
    gate: Annotated[
        Path | None, typer.Option("--gate", metavar="FILE", help="With --wait: bounds, else it exits with 1.")
    ] = None,
    plot: Plot = None,
    wait: Wait = False,
    timeout: Timeout = 900.0,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Evaluate versions of a series, and detectors. With --wait the figures are shown once there are any."""
    if not wait and (gate is not None or plot is not None):
        raise WrongUsage("--gate and --plot need --wait: they are for the report.")
    kind = None if plot is None else picture_format(plot)
    body = _contenders(version, method, option)
    body |= {name: value for name, value in (("folds", folds), ("seed", seed)) if value is not None}
    if data is not None:
        body["data"] = _data(*read_labelled(data, time, column, labels, labels_file))
    elif labels or labels_file or time or column:
        raise WrongUsage("--labels, --labels-file, --time and --column are for a file: --data names it.")
    service = Service(url)
    if not wait:
        show_document(service.send("POST", "series", series, "evaluations", body=body), output)
        return
    # What reads reports takes a while to import.
    from cli.gate import check, read_policy
    from cli.reports import end_with, show_report

    # What is stored may have labels: whether it has, the gate sees by the figures.
    policy = None if gate is None else read_policy(gate, labelled=True)
    job_id = service.send("POST", "series", series, "evaluations", body=body).json()["job_id"]
    wait_for(service, job_id, timeout)
    answer = service.get("series", series, "evaluations", job_id)
    report = answer.json()["report"]
    if plot is not None:
        save(plot, service.get("series", series, "evaluations", job_id, "plot", format=kind).body)
    if output is Format.JSON:
        write_json(answer)
    else:
        show_report(report, output)
    end_with(series, report, None if policy is None else check(policy, report["contenders"]))


@commands.command()
def show(
    series: Series, job: JobId, *, plot: Plot = None, url: Url = DEFAULT_URL, output: Output = Format.TABLE
) -> None:
    """Show an evaluation: its figures, or where it stands."""
    service = Service(url)
    answer = service.get("series", series, "evaluations", job)
    if plot is not None:
        save(plot, service.get("series", series, "evaluations", job, "plot", format=picture_format(plot)).body)
    report = answer.json()["report"]
    if output is Format.JSON or report is None:
        show_document(answer, output)
        return
    # What reads reports takes a while to import.
    from cli.reports import show_report

    show_report(report, output)


def _contenders(versions: list[str] | None, methods: list[str] | None, option: list[str] | None) -> dict[str, Any]:
    options = option_values(option)
    if options and len(methods or ()) != 1:
        raise WrongUsage("--option needs exactly one --method.")
    more = {"options": options} if options else {}
    found: list[dict[str, Any]] = [{"version": version} for version in versions or ()]
    found += [{"detector": method, **more} for method in methods or ()]
    return {"contenders": found} if found else {}


def _data(table: Table, truth: dict[int, bool] | None) -> dict[str, Any]:
    labels = {} if truth is None else {"anomaly": [truth.get(second) for second in table.timestamps]}
    return table.as_fit() | labels
