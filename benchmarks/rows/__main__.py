"""``make bench-rows SKAB=<folder>``: detectors of rows on the Skoltech Anomaly Benchmark."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.quality.halves import part_of
from benchmarks.rows.contenders import contenders
from benchmarks.rows.figures import Figures, Judged, chosen
from benchmarks.rows.testbed import load


def judge(folder: Path, keep: Path | None) -> list[Judged]:
    """Every experiment by every contender; those that are kept in a file are not judged again."""
    kept = [Judged(**json.loads(line)) for line in keep.read_text().splitlines()] if keep and keep.exists() else []
    known = {(one.experiment, one.contender, one.variant) for one in kept}
    for experiment in load(folder):
        for contender, variant, judge_by in contenders():
            if (experiment.name, contender, variant) in known:
                continue
            begin = time.perf_counter()
            one = Judged.of(experiment.name, contender, variant, experiment.labels, judge_by(experiment))
            took = time.perf_counter() - begin
            print(
                f"{experiment.name} {contender} {variant}: {one.average_precision:.3f} in {took:.1f} s", file=sys.stderr
            )
            kept.append(one)
            if keep:
                with keep.open("a") as file:
                    file.write(json.dumps(asdict(one)) + "\n")
    return kept


def table(judged: Sequence[Judged]) -> str:
    """The figures of the half that no option was chosen on, the best average precision first."""
    experiments = sorted({one.experiment for one in judged})
    choosing, reported = (set(part_of(experiments, half)) for half in ("even", "odd"))
    lines = []
    for contender in dict.fromkeys(one.contender for one in judged):
        own = [one for one in judged if one.contender == contender]
        variant, rate = chosen([one for one in own if one.experiment in choosing])
        figures = Figures.of([one for one in own if one.experiment in reported and one.variant == variant], rate)
        lines.append((figures, contender, f"{variant}, {rate:g}".lstrip(", ")))
    lines.sort(key=lambda line: -line[0].average_precision)
    first = [one for one in judged if one.contender == judged[0].contender and one.variant == judged[0].variant]
    everything = Figures.of_everything([one for one in first if one.experiment in reported])
    lines.append((everything, "flag everything", ""))
    head = "| contender | chosen on the other half | AP | F1 | precision | recall | false alarms |\n"
    head += "|---|---|---:|---:|---:|---:|---:|\n"
    return head + "\n".join(
        f"| {name} | {options} | {f.average_precision:.3f} | {f.f1:.3f} | {f.precision:.3f} | {f.recall:.3f} "
        f"| {100 * f.false_alarms:.2f} % |"
        for f, name, options in lines
    )


def main() -> None:
    """Judges, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("folder", type=Path, help="data of github.com/waico/SKAB")
    parser.add_argument("--keep", type=Path, help="a file of what was judged, to go on with later")
    given = parser.parse_args()
    try:
        print(table(judge(given.folder, given.keep)))
    except FileNotFoundError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
