"""The part of docs/benchmarks.md that tells of a run: where it was measured, in sentences and tables."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.load import targets, wrk
from benchmarks.load.outcome import Outcome
from benchmarks.load.run import QUIET_CORES, Run, Where
from benchmarks.load.stages import CLIENTS, MIX, POINTS, PREDICT, RAMP_SECONDS, SERIES, STAGES, Stage
from benchmarks.load.storage_share import PARTS, Clocked, cpu_by_part

_LOCUST_VERSION: Final = "from importlib.metadata import version; print(version('locust'))"


def machine() -> str:
    """Cores that this process may use, the processor, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = platform.system()
    with suppress(OSError):
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    number = re.match(r"\d+(\.\d+)?", platform.release())
    kernel = f", {platform.system()} {number[0]}" if number else ""
    return f"{cores} cores of {processor()} ({platform.machine()}), {system}{kernel}"


def processor() -> str:
    """The processor's name as it calls itself."""
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or "an unknown processor"


def versions(locust_python: Path, wrk: str | None) -> str:
    """Of Python and the load generators."""
    asked = subprocess.run([locust_python, "-c", _LOCUST_VERSION], capture_output=True, text=True, check=True)
    parts = [f"Python {platform.python_version()}", f"locust {asked.stdout.strip()}"]
    return ", ".join([*parts, f"wrk {wrk}"] if wrk else [*parts, "wrk not installed"])


_LINE: Final = 124

_WHERE: Final = "`{command}`, on {date}: {machine}; {versions}. {same}"
_HOW: Final = """
    {clients} parallel clients over {series} series. Each sends its next request when the last one is answered, so
    a time is about {clients} divided by the throughput: most of it is waiting. A fit has {points} points. Each
    stage takes {seconds} s; locust's first {ramp} s do not count, nor do the requests before them that give every
    series a version. Failed requests are errors, and in neither rates nor times.
"""
_GENERATORS: Final = """
    A stage is `locust -f benchmarks/load/locustfile.py --headless -u {clients} -r {clients} -t {seconds}s --host
    <base> Predict`, or `Mix`, or `Fit`, but with locust as a library, so that every time is kept; {wrk}.
"""
_STAND_IN: Final = """
    Storage is moto: within the one process of the local stack; for the [real runtime](runtime.md) in one of its
    own, which takes one request at a time.
"""
_SHARES: Final = """
    *Storage's share* is of all but the load generator. The local stack is one process: what of it is the storage
    stand-in comes from a clock, as told below, and all else stands under functions. *Other work* is the cores that
    anything else on the machine had.
"""
_OTHERS: Final = """
    **The machine was not quiet**: other work took {cores:.1f} of its cores on average, so throughput is too low here
    and times are too long.
"""
_CLOCKED: Final = """
    **The storage stand-in.** The application of the local stack, without sockets, one request after the other,
    with a clock around each call of botocore and around the stand-in within it. A prediction takes {predict}. A fit
    takes {fit}. What is the stand-in's here is on AWS the work of DynamoDB and S3, and time on the network. GetItem is
    answered from moto's tables before botocore signs and sends anything, so a prediction on AWS has more of
    botocore's work than here: the [real runtime](#under-lambdas-own-runtime) shows how much.
"""
_PARTS: Final = (
    "{all:.2f} ms: {calls:.2f} ms ({calls_share:.0f} %) are {what}, "
    "of which {stand_in:.2f} ms ({share:.0f} % of all) are the stand-in"
)


def introduction(where: Where, now: datetime, seconds: int, *, local: bool, with_wrk: bool) -> str:
    """Where, when and how it was measured."""
    date = f"{now.day} {now:%B %Y}"
    same = "Load generator, server and storage share these cores." if local else "This is the load generator's machine."
    by_wrk = f"wrk is `{' '.join(wrk.command('<base>', seconds))}`" if with_wrk else "wrk was not installed"
    paragraphs = [
        _WHERE.format(command=where.command, date=date, machine=where.machine, versions=where.versions, same=same),
        _HOW.format(clients=CLIENTS, series=SERIES, points=POINTS, seconds=seconds, ramp=RAMP_SECONDS),
        _GENERATORS.format(clients=CLIENTS, seconds=seconds, wrk=by_wrk),
    ]
    return "\n\n".join(map(paragraph, [*paragraphs, _STAND_IN] if local else paragraphs))


def of_others(cores: float) -> str:
    """That the machine was not quiet."""
    return paragraph(_OTHERS.format(cores=cores))


def of_shares() -> str:
    """How the table of processor time is to be read."""
    return paragraph(_SHARES)


def of_storage(clocked: Clocked) -> str:
    """What of a request is the storage stand-in's."""
    parts = {}
    for kind, what in (("predict", "GetItem"), ("fit", "calls of AWS")):
        times = clocked[kind]
        shares = {"calls_share": 100 * times["calls"] / times["all"], "share": 100 * times["stand_in"] / times["all"]}
        parts[kind] = _PARTS.format(what=what, **times, **shares)
    return paragraph(_CLOCKED.format(**parts))


def paragraph(text: str) -> str:
    """Text in lines of the width that the page has."""
    return textwrap.fill(" ".join(text.split()), _LINE, break_long_words=False, break_on_hyphens=False)


MOST_P99_MS: Final = 400
TO_REACH: Final = ((targets.CONSISTENT, 400), (targets.CACHED, 1500))
"""Predictions a second."""


def write(run: Run, where: Where, pictures: Sequence[Path], *, now: datetime | None = None) -> str:
    """The part, in Markdown; pictures are told by their place beside the page."""
    local = all(target.url is None for target in run.targets)
    parts = [
        "## Load" if local else "## Load: a deployed stage",
        introduction(where, now or datetime.now(UTC), run.seconds, local=local, with_wrk=_has_wrk(run)),
    ]
    if (others := run.other_cores()) > QUIET_CORES:
        parts.append(of_others(others))
    if local:
        parts.append(_reached(run))
    parts.append(f"![Throughput and times, stage by stage]({_beside(pictures[0])})")
    for stage in STAGES:
        parts += [f"**{stage.title}**", _table(run, stage)]
    parts.append(_errors(run))
    if len(pictures) > 1:
        parts += ["### Where the time goes", f"![Processor time by part]({_beside(pictures[1])})", _cpu_table(run)]
    if run.storage is not None:
        parts.append(of_storage(run.storage))
    return "\n\n".join(parts)


def _beside(picture: Path) -> str:
    return f"{picture.parent.name}/{picture.name}"


def _has_wrk(run: Run) -> bool:
    return any(outcome.generator == "wrk" for outcome in run.outcomes)


def _reached(run: Run) -> str:
    rows = [
        "| predictions a second | to reach | by | measured | p99 | errors | reached |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    for target, least in TO_REACH:
        for generator in ("wrk", "locust"):
            found = run.find(PREDICT.name, target.name, of=generator)
            if found is None:
                continue
            p99 = found.times["all"].p99 if "all" in found.times else float("inf")
            well = found.rate > least and p99 < MOST_P99_MS and not found.failed
            rows.append(
                f"| {target.name} | > {least:,}, p99 < {MOST_P99_MS} ms, no error | {generator} | {found.rate:,.0f} "
                f"| {_ms(p99)} | {found.failed:,} | {'yes' if well else '**no**'} |"
            )
    return "\n".join(rows)


def _table(run: Run, stage: Stage) -> str:
    head = "| target | by | requests a second | p50 | p95 | p99 | errors |"
    return "\n".join([head, "|---|---|---:|---:|---:|---:|---:|", *_rows(run, stage)])


def _rows(run: Run, stage: Stage) -> Iterator[str]:
    for target in run.targets:
        for generator in ("wrk", "locust"):
            found = run.find(stage.name, target.name, of=generator)
            if found is None:
                continue
            yield f"| {target.name} | {generator} | {_rate(found.rate)} | {_times(found, 'all')} | {found.failed:,} |"
            if stage is MIX:
                for kind, plural in (("predict", "predictions"), ("fit", "fits")):
                    rate = found.answered.get(kind, 0) / found.seconds
                    yield f"| – its {plural} | | {_rate(rate)} | {_times(found, kind)} | |"


def _times(outcome: Outcome, kind: str) -> str:
    times = outcome.times.get(kind)
    return " | ".join(map(_ms, (times.p50, times.p95, times.p99))) if times else "– | – | –"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _errors(run: Run) -> str:
    failed = [outcome for outcome in run.outcomes if outcome.failed]
    if not failed:
        return "No request of any stage failed."
    lines = ["What failed:", ""]
    for outcome in failed:
        reasons = "; ".join(f"{count:,} × {reason}" for reason, count in outcome.errors.items())
        lines.append(f"- {outcome.target}, {outcome.stage} by {outcome.generator}: {reasons}")
    return "\n".join(lines)


def _cpu_table(run: Run) -> str:
    lines = [
        "Seconds of processor time for 1,000 requests, by process, while locust ran.",
        "",
        f"| target | stage | {' | '.join(PARTS.values())} | storage's share | cores busy | other work |",
        f"|---|---|{'---:|' * (len(PARTS) + 3)}",
    ]
    for target in run.targets:
        for stage in STAGES:
            found = run.find(stage.name, target.name)
            if found is None or not found.cpu_seconds.get("server"):
                continue
            spent = cpu_by_part(found, run.storage)
            served = sum(spent.values()) - spent.get("load generator", 0.0)
            cells = [f"{spent[part]:.2f}" if part in spent else "" for part in PARTS]
            share = f"{100 * spent.get('storage', 0.0) / served:.0f} %" if served else ""
            busy = sum(found.cpu_seconds.values()) / found.seconds - found.other_cores
            figures = f"{share} | {busy:.2f} | {found.other_cores:.2f}"
            lines.append(f"| {target.name} | {stage.name} | {' | '.join(cells)} | {figures} |")
    return "\n".join([*lines, "", of_shares()])
