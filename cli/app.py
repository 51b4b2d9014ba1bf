"""The command itself: which commands there are, and how they end."""

from __future__ import annotations

from typing import Any, Final

import typer
from typer.core import TyperGroup

from cli import audit, challenger, drift, evaluations, jobs, judging, keys, series, tenants
from cli.detection import detect
from cli.errors import CommandFailed
from cli.evaluation import evaluate
from cli.fitting import fit
from cli.ingest import ingest
from cli.output import say
from cli.training import train


class Commands(TyperGroup):
    """All commands; what fails ends with its message on standard error and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was named."""
        try:
            return super().invoke(ctx)
        except CommandFailed as failure:
            say(str(failure))
            raise typer.Exit(failure.code) from failure


app: Final = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    # Plain messages: scripts read them, too.
    rich_markup_mode=None,
    # A traceback with its variables would show keys and values.
    pretty_exceptions_enable=False,
    help="Anomaly detection on this machine, or by a stage of Tidewatch. The API key comes from TIDEWATCH_API_KEY. "
    "Exit codes: 0 done; 1 what was looked for: anomalies or drift, with --fail-on-…, a trail that is not intact, a "
    "version that comes out otherwise, a gate that is not passed; 2 wrong usage; 3 the service refused, or its job "
    "failed; 4 it does not answer; 5 a job takes longer.",
)
for command in (
    ingest,
    train,
    detect,
    evaluate,
    fit,
    judging.predict,
    judging.plot,
    series.promote,
    series.rollback,
    challenger.comparison,
    challenger.label,
    challenger.reproduce,
    drift.monitor,
    drift.drift,
    drift.retrain,
):
    app.command()(command)
app.add_typer(series.commands, name="series")
app.add_typer(challenger.commands, name="challenger")
app.add_typer(evaluations.commands, name="evaluations")
app.add_typer(audit.commands, name="audit")
app.add_typer(jobs.commands, name="jobs")
app.add_typer(tenants.commands, name="tenants")
app.add_typer(keys.commands, name="keys")
