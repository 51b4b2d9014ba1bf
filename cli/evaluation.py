"""``evaluate``: how well detectors and models of this machine judge a file; with a gate, whether that is enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from cli.config import Detection, read_config
from cli.errors import WrongUsage
from cli.labels import read_labelled
from cli.options import (
    DEFAULT_MODELS,
    Columns,
    ConfigFile,
    Data,
    DetectorOptions,
    LabelColumn,
    LabelsFile,
    LocalSeries,
    Models,
    Output,
    Time,
    Timezone,
    check_series,
    option_values,
)
from cli.output import Format, say, write_json
from cli.progress import progress
from cli.service import Answer
from cli.table import Table

if TYPE_CHECKING:
    from tidewatch.lifecycle.evaluation import Contender


def evaluate(
    data: Data,
    *,
    labels: LabelColumn = None,
    labels_file: LabelsFile = None,
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
    timezone: Timezone = None,
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
    table, truth = read_labelled(data, time, column, labels, labels_file)
    # What evaluates takes a while to import.
    from tidewatch.lifecycle.evaluation import CannotEvaluate, EvaluationOptions
    from tidewatch.lifecycle.evaluation import evaluate as evaluate_all

    from cli.gate import check, gate_document, read_policy
    from cli.points import check_zone, frame_of, series_of, told
    from cli.reports import end_with, figures_by_contender, show_report

    policy = None if gate is None else read_policy(gate, labelled=truth is not None)
    try:
        options = EvaluationOptions(folds=folds, seed=seed)
    except ValueError as error:
        raise WrongUsage(f"--{error}.") from None
    check_zone(timezone)
    with told(data):
        contenders = _contenders(table, method, option_values(option), detection, series, version, models, timezone)
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
    document = report.to_json()
    checks = None if policy is None else check(policy, document["contenders"])
    if output is Format.JSON:
        gated = None if checks is None else gate_document(checks)
        figures = {"figures": figures_by_contender(document), "gate": gated}
        write_json(Answer({}, orjson.dumps(document | figures)))
    else:
        show_report(document, output)
    end_with(data, document, checks)


def _contenders(
    table: Table,
    methods: list[str] | None,
    given: dict[str, Any],
    detection: Detection,
    series: str | None,
    versions: list[str] | None,
    models: Path,
    timezone: str | None,
) -> list[Contender]:
    """Models where a series is named, and detectors where they are named or no series is."""
    from tidewatch.detectors import DEFAULT_OF_ROWS
    from tidewatch.lifecycle.evaluation import Candidate, Fitted
    from tidewatch.series import UTC_NAME
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
        found.append(Candidate(choice.name, options_of(choice, rows=rows), timezone or UTC_NAME))
    return found
