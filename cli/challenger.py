"""``challenger``, ``comparison``, ``label`` and ``reproduce``: how versions are tried and proved."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.data_file import read_table
from cli.errors import ExitCode
from cli.labels import read_labels
from cli.options import DEFAULT_URL, Output, Reason, Series, Time, Timeout, Url, Wait
from cli.output import Format, say, show_document, show_result
from cli.progress import progress
from cli.service import Service
from cli.waiting import wait_for

_LABELS_AT_ONCE: Final = 500
"""The service takes no more in a request."""

Version = Annotated[str, typer.Argument(metavar="VERSION", help="Such as v2.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Let a version judge beside the champion.")


@commands.command("set")
def set_challenger(
    series: Series,
    version: Version,
    *,
    auto_promote: Annotated[
        bool, typer.Option("--auto-promote", help="It becomes the champion once the comparison says so.")
    ] = False,
    error_rate: Annotated[
        float | None, typer.Option("--error-rate", help="At which the comparison may be wrong, such as 0.05.")
    ] = None,
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Let a version judge beside the champion. It decides nothing."""
    body = {"version": version, "reason": reason, "auto_promote": auto_promote}
    body |= {} if error_rate is None else {"error_rate": error_rate}
    show_document(Service(url).send("PUT", "series", series, "challenger", body=body), output)


@commands.command()
def drop(series: Series, *, url: Url = DEFAULT_URL, output: Output = Format.TABLE) -> None:
    """Let the champion judge alone. The version stays."""
    show_document(Service(url).send("DELETE", "series", series, "challenger"), output)


def comparison(
    series: Series,
    *,
    miss_cost: Annotated[
        float | None, typer.Option("--miss-cost", help="What a missed anomaly costs, in false alarms; else 1.")
    ] = None,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Compare champion and challenger on the points that both judged."""
    show_document(Service(url).get("series", series, "comparison", miss_cost=miss_cost), output)


def label(
    series: Series,
    data: Annotated[
        str, typer.Option("--data", metavar="FILE", help="CSV or Parquet: a time, and 0 or 1; - is stdin.")
    ],
    *,
    time: Time = None,
    column: Annotated[str, typer.Option("--column", help="The column of labels: 1 for an anomaly.")] = "anomaly",
    url: Url = DEFAULT_URL,
) -> None:
    """Say of points whether they were anomalies. The file may be one that `ingest --labels` wrote."""
    table = read_table(data, time, [column])
    told = read_labels(table.timestamps, table.values, f"{data}, {column}")
    labels = [{"timestamp": second, "anomaly": anomaly} for second, anomaly in told.items()]
    service = Service(url)
    with progress() as update:
        for start in range(0, len(labels), _LABELS_AT_ONCE):
            update("labels", start, len(labels))
            body = {"labels": labels[start : start + _LABELS_AT_ONCE]}
            service.send("POST", "series", series, "labels", body=body)
    say(f"{len(labels)} labels of {series} are kept, {sum(each['anomaly'] for each in labels)} of them anomalies.")


def reproduce(
    series: Series,
    version: Version,
    *,
    wait: Wait = False,
    timeout: Timeout = 900.0,
    url: Url = DEFAULT_URL,
    output: Output = Format.TABLE,
) -> None:
    """Train a version again from its stored data. With --wait, exits with 1 if it is not equal to the bit."""
    service = Service(url)
    answer = service.send("POST", "series", series, "versions", version, "reproduce")
    if not wait:
        show_document(answer, output)
        return
    job = wait_for(service, answer.json()["job_id"], timeout)
    show_result(job, output)
    if job.json()["result"]["outcome"] != "equal":
        raise typer.Exit(ExitCode.FOUND)
