"""The part of docs/benchmarks.md that tells of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.load import prose, shares, targets
from benchmarks.load.outcome import Outcome
from benchmarks.load.run import QUIET_CORES, Run, Where
from benchmarks.load.stages import MIX, PREDICT, STAGES, Stage

MOST_P99_MS: Final = 400
TO_REACH: Final = ((targets.CONSISTENT, 400), (targets.CACHED, 1500))
"""Predictions a second."""


def write(run: Run, where: Where, pictures: Sequence[Path], *, now: datetime | None = None) -> str:
    """The part, in Markdown; pictures are told by their place beside the page."""
    local = all(target.url is None for target in run.targets)
    parts = [
        "## Load" if local else "## Load: a deployed stage",
        prose.introduction(where, now or datetime.now(UTC), run.seconds, local=local, with_wrk=_has_wrk(run)),
    ]
    if (others := run.other_cores()) > QUIET_CORES:
        parts.append(prose.of_others(others))
    if local:
        parts.append(_reached(run))
    parts.append(f"![Throughput and times, stage by stage]({_beside(pictures[0])})")
    for stage in STAGES:
        parts += [f"**{stage.title}**", _table(run, stage)]
    parts.append(_errors(run))
    if len(pictures) > 1:
        parts += ["### Where the time goes", f"![Processor time by part]({_beside(pictures[1])})", _cpu_table(run)]
    if run.storage is not None:
        parts.append(prose.of_storage(run.storage))
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
        f"| target | stage | {' | '.join(shares.PARTS.values())} | storage's share | cores busy | other work |",
        f"|---|---|{'---:|' * (len(shares.PARTS) + 3)}",
    ]
    for target in run.targets:
        for stage in STAGES:
            found = run.find(stage.name, target.name)
            if found is None or not found.cpu_seconds.get("server"):
                continue
            spent = shares.cpu_by_part(found, run.storage)
            served = sum(spent.values()) - spent.get("load generator", 0.0)
            cells = [f"{spent[part]:.2f}" if part in spent else "" for part in shares.PARTS]
            share = f"{100 * spent.get('storage', 0.0) / served:.0f} %" if served else ""
            busy = sum(found.cpu_seconds.values()) / found.seconds - found.other_cores
            figures = f"{share} | {busy:.2f} | {found.other_cores:.2f}"
            lines.append(f"| {target.name} | {stage.name} | {' | '.join(cells)} | {figures} |")
    return "\n".join([*lines, "", prose.of_shares()])
