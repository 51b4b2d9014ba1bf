"""``make bench-nab NAB=<folder>``: the Numenta Anomaly Benchmark, every detector beside the published scoreboard."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "shared"))

from tidewatch.detectors.ensemble.auto import THRESHOLD

from benchmarks.nab.contenders import CONTENDERS, RECOVERIES_TRIED, Contender, Scores, apply, choose
from benchmarks.nab.corpus import LabelledSeries, halves, load
from benchmarks.nab.scoring import PROFILES

PUBLISHED: Final = {
    "ARTime": (74.9, 65.1, 80.4),
    "HTM": (70.5, 62.6, 75.2),
    "CAD OSE": (69.9, 67.0, 73.2),
    "Skyline": (58.2, 46.2, 63.9),
    "KNN-CAD": (58.0, 43.4, 64.8),
    "relative entropy": (54.6, 47.6, 58.8),
    "random cut forest": (51.7, 38.4, 59.7),
    "Twitter": (47.1, 33.6, 53.5),
    "windowed Gaussian": (39.6, 20.9, 47.4),
    "random": (11.0, 1.2, 19.5),
    "null": (0.0, 0.0, 0.0),
}
"""The scoreboard of the benchmark's repository: standard, reward low FP, reward low FN."""


def main() -> None:
    """Runs every contender, or those named, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nab", description=__doc__)
    parser.add_argument("folder", type=Path, help="with NAB's data and labels in it")
    parser.add_argument("detectors", nargs="*", help="their names; all if none")
    arguments = parser.parse_args()
    corpus = load(arguments.folder)
    chosen = [c for c in CONTENDERS if not arguments.detectors or c.name in arguments.detectors]
    points = sum(len(file.series) for file in corpus)
    print(f"{len(corpus)} files, {points:,} points, {sum(file.layout.windows for file in corpus)} labelled windows\n")
    print(f"{'':36}{'standard':>10}{'low FP':>9}{'low FN':>9}{'halves':>9}{'threshold':>12}{'points/s':>12}")
    for contender in chosen:
        _measure(contender, corpus, points)
    print("\npublished")
    for name, scores in PUBLISHED.items():
        print(f"{name:36}{scores[0]:10.1f}{scores[1]:9.1f}{scores[2]:9.1f}")
    print(
        "\nhalves: threshold, and recovery of alert-once, chosen on half of the files, scored on the other, both ways"
    )


def _measure(contender: Contender, corpus: Sequence[LabelledSeries], points: int) -> None:
    scores, seconds = _run(contender, corpus)
    choices = [choose(contender, corpus, scores, profile) for profile in PROFILES]
    figures = "".join(f"{choice.outcome.score:{width}.1f}" for choice, width in zip(choices, (10, 9, 9), strict=True))
    honest = _across_halves(contender, corpus, scores)
    threshold = choices[0].outcome.threshold
    print(f"{contender.name:36}{figures}{honest:9.1f}{threshold:12.4g}{points / seconds:12,.0f}")
    if contender.name == "auto":
        untuned = [apply(corpus, scores, profile, THRESHOLD, contender.recoveries[0]) for profile in PROFILES]
        print(f"{'  as it ships':36}{untuned[0]:10.1f}{untuned[1]:9.1f}{untuned[2]:9.1f}{'':9}{THRESHOLD:12.4g}")


def _run(contender: Contender, corpus: Sequence[LabelledSeries]) -> tuple[Scores, float]:
    scores = {}
    begin = time.perf_counter()
    for number, file in enumerate(corpus, 1):
        print(f"\r{contender.name}: {number} of {len(corpus)} files", end="", file=sys.stderr, flush=True)
        scores[file.name] = contender.score(file.series)
    print(end="\r", file=sys.stderr, flush=True)
    return scores, time.perf_counter() - begin


def _across_halves(contender: Contender, corpus: Sequence[LabelledSeries], scores: Scores) -> float:
    """The mean over the two halves, each weighted by its windows, of the score under what the other one chose."""
    standard = PROFILES[0]
    free = replace(contender, recoveries=RECOVERIES_TRIED if contender.recoveries else ())
    gained = windows = 0.0
    one, other = halves(corpus)
    for chosen_on, scored_on in ((one, other), (other, one)):
        choice = choose(free, chosen_on, scores, standard)
        weight = sum(file.layout.windows for file in scored_on)
        gained += weight * apply(scored_on, scores, standard, choice.outcome.threshold, choice.recovery)
        windows += weight
    return gained / windows


if __name__ == "__main__":
    main()
