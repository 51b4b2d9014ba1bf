"""Reports of evaluations on the screen, and what a gate says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from tidewatch.lifecycle.evaluation import figures_of

from cli.errors import ExitCode
from cli.output import Format, say, write_csv, write_table

if TYPE_CHECKING:
    from cli.gate import Check

Report = Mapping[str, Any]
"""As JSON, see :class:`tidewatch.lifecycle.evaluation.Report`."""


def figures_by_contender(report: Report) -> dict[str, dict[str, float | None]]:
    """The figures of each contender, by its name."""
    return {each["name"]: figures_of(each) for each in report["contenders"]}


def show_report(report: Report, output: Format) -> None:
    """Writes the figures as a table, or as CSV with a line for each."""
    figures = figures_by_contender(report)
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
    labelled = f", {report['labelled_anomalies']} of them labelled as anomalies" if report["labelled"] else ""
    typer.echo(
        f"{report['points']} points judged in {report['folds']} parts, after {report['points_before']}{labelled}."
    )


def end_with(where: str, report: Report, checks: Sequence[Check] | None) -> None:
    """Tells what could not be evaluated, and what the gate says; ends the command if either is a failure."""
    problems = [each["problem"] for each in report["contenders"] if each["problem"] is not None]
    for problem in problems:
        say(f"{where}: {problem}.")
    if len(problems) == len(report["contenders"]):
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
