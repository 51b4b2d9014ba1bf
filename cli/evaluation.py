"""``evaluate``: how well detectors and models of this machine judge a file; with a gate, whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from cli.config import Detection, read_config
from cli.data_file import read_table
from cli.errors import ExitCode, WrongUsage
from cli.labels import read_labels
from cli.options import (
    DEFAULT_MODELS,
    Columns,
    ConfigFile,
    Data,
    DetectorOptions,
    LocalSeries,
    Models,
    Output,
    Time,
    check_series,
    option_values,
)
from cli.output import Format, say, write_csv, write_json, write_table
from cli.progress import progress
from cli.service import Answer
from cli.table import Table

if TYPE_CHECKING:
    from tidewatch.lifecycle.evaluation import Contender, ContenderReport, Report

    from cli.gate import Check

_LABELS = "anomaly"


def evaluate(
    data: Data,
    *,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="COLUMN", help="The column of labels: 1 for an anomaly, else 0.")
    ] = None,
    labels_file: Annotated[
        str | None, typer.Option("--labels-file", metavar="FILE", help="Where labels are, if not in the data.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", "--detector", help="A detector that learns; may be repeated.")
    ] = None,
    option: DetectorOptions = None,
    series: LocalSeries = None,
    version: Annotated[
        list[str] | None, typer.Option("--version", help="Of the series; may be repeated; else the newest.")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option("--gate", metavar="FILE", help="Bounds that must be kept, else it exits with 1.")
    ] = None,
    folds: Annotated[int, typer.Option("--folds", help="Into how many parts the judged points are split.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Of the anomalies that are injected.")] = 0,
    time: Time = None,
    column: Columns = None,
    config: ConfigFile = None,
    models: Models = DEFAULT_MODELS,
    output: Output = Format.TABLE,
) -> None:
    """Evaluate detectors that learn from the first half of a file, or models of .tidewatch/, on this machine.

    Without labels: how steadily they alarm, and whether they find injected anomalies. The same data, options and seed
    give the same report.
    """
    check_series(series)
    detection = read_config(config).detection
    if version and series is None:
        raise WrongUsage("--version needs --series.")
    if option and len(method or ()) > 1:
        raise WrongUsage("--option needs exactly one --method.")
    table, truth = _read(data, time, column, labels, labels_file)
    # What evaluates takes a while to import.
    from tidewatch.lifecycle.evaluation import CannotEvaluate, EvaluationOptions
    from tidewatch.lifecycle.evaluation import evaluate as evaluate_all

    from cli.gate import check, read_policy
    from cli.points import frame_of, series_of, told

    policy = None if gate is None else read_policy(gate, labelled=truth is not None)
    try:
        options = EvaluationOptions(folds=folds, seed=seed)
    except ValueError as error:
        raise WrongUsage(f"--{error}.") from None
    with told(data):
        contenders = _contenders(table, method, option_values(option), detection, series, version, models)
        of = "an evaluation"
        judged = series_of(table, of) if table.is_series else frame_of(table, of, nulls=True)
        try:
            with progress() as update:
                report = evaluate_all(
                    judged,
                    contenders,
                    labels=truth,
                    options=options,
                    progress=lambda done, total: update("evaluate", done, total),
                )
        except CannotEvaluate as error:
            raise WrongUsage(f"{data}: {error}.") from None
    checks = None if policy is None else check(policy, report.contenders)
    _show(report, checks, output)
    _end(data, report.contenders, checks)


def _read(
    data: str, time: str | None, column: list[str] | None, labels: str | None, labels_file: str | None
) -> tuple[Table, dict[int, bool] | None]:
    """The data without its labels, and the labels; None if there are none."""
    if labels_file is not None:
        of_labels = read_table(labels_file, None, [labels or _LABELS])
        where = f"{labels_file}, {labels or _LABELS}"
        return read_table(data, time, column), read_labels(of_labels.timestamps, of_labels.values, where)
    if labels is None:
        return read_table(data, time, column), None
    if column and labels in column:
        raise WrongUsage(f"--labels {labels} is a column of numbers, too: --column names it.")
    table = read_table(data, time, [*column, labels] if column else None)
    if labels not in table.columns:
        raise WrongUsage(f"{data} has no column {labels!r}; it has {', '.join(table.columns)}.")
    rest = {name: values for name, values in table.columns.items() if name != labels}
    if not rest:
        raise WrongUsage(f"{data} must have a column of numbers beside the labels.")
    truth = read_labels(table.timestamps, table.columns[labels], f"{data}, {labels}", unknown=True)
    return Table(table.timestamps, rest), truth


def _contenders(
    table: Table,
    methods: list[str] | None,
    given: dict[str, Any],
    detection: Detection,
    series: str | None,
    versions: list[str] | None,
    models: Path,
) -> list[Contender]:
    """Models where a series is named, and detectors where they are named or no series is."""
    from tidewatch.detectors import DEFAULT_OF_ROWS
    from tidewatch.lifecycle.evaluation import Candidate, Fitted
    from tidewatch.services.detect import default_detector

    from cli.detectors import choose, options_of
    from cli.store.workspace import Workspace

    found: list[Contender] = []
    if series is not None:
        workspace = Workspace(models)
        chosen: list[str | None] = list(versions) if versions else [None]
        for version in chosen:
            loaded = workspace.load(series, version)
            name = f"{series} {loaded.version.version}"
            found.append(Fitted(name, loaded.model, loaded.version.start, loaded.version.end))
    rows = not table.is_series
    default = DEFAULT_OF_ROWS if rows else default_detector(len(table.timestamps))
    named: list[str | None] = list(methods or ())
    if not named and not found:
        named = [None]
    for method in named:
        choice = choose(method, given, detection, rows=rows, default=default)
        for remark in choice.remarks:
            say(f"config.yaml: {remark}.")
        found.append(Candidate(choice.name, options_of(choice, rows=rows)))
    return found


def _show(report: Report, checks: list[Check] | None, output: Format) -> None:
    from tidewatch.lifecycle.evaluation import figures_of

    figures = {each.name: figures_of(each) for each in report.contenders}
    if output is Format.JSON:
        passed = (
            None
            if checks is None
            else {
                "passed": all(each.problem is None for each in checks),
                "checks": [each.to_json() for each in checks],
            }
        )
        write_json(Answer({}, orjson.dumps(report.to_json() | {"figures": figures, "gate": passed})))
        return
    names = list(dict.fromkeys(name for each in figures.values() for name in each))
    if output is Format.CSV:
        write_csv(
            {"contender": contender, "figure": name, "value": told.get(name)}
            for contender, told in figures.items()
            for name in names
        )
        return
    shown = ([name, *(_short(told.get(name)) for told in figures.values())] for name in names)
    write_table(("figure", *figures), shown)
    labelled = f", {report.labelled_anomalies} of them labelled as anomalies" if report.labelled else ""
    typer.echo(f"{report.points} points judged in {report.folds} parts, after {report.points_before}{labelled}.")


def _end(data: str, contenders: Sequence[ContenderReport], checks: list[Check] | None) -> None:
    problems = [each for each in contenders if each.problem is not None]
    for each in problems:
        say(f"{data}: {each.problem}.")
    if len(problems) == len(contenders):
        raise typer.Exit(ExitCode.USAGE)
    failed = [each for each in checks or () if each.problem is not None]
    for failure in failed:
        say(f"Gate: {failure.contender}: {failure.problem}.")
    if failed:
        raise typer.Exit(ExitCode.FOUND)
    if checks is not None:
        say(f"Gate: all {len(checks)} bounds are kept.")


def _short(figure: float | None) -> str | None:
    return None if figure is None else f"{figure:.4g}"
