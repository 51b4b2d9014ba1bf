"""How well detectors find anomalies, part by part.

``python -m benchmarks.quality cloud --data <folder>``: labelled series of cloud services.
``python -m benchmarks.quality suite``: made-up series, each kind of anomaly on each kind of background.
``python -m benchmarks.quality calibration``: small p-values on normal series of ten kinds.

``--detectors auto,mad:threshold=5`` chooses detectors and their options; all of them by default options otherwise.
``--half even`` gives the half on which options are chosen, ``--half odd`` the one on which they are reported.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "shared"))

from tidewatch.detectors import CATALOGUE

from benchmarks.quality import calibration, cloud, report, suite
from benchmarks.quality.contenders import Contender
from benchmarks.quality.halves import HALVES, Half


def main() -> None:
    """Prints what was asked for, detector by detector."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["cloud", "suite", "calibration"])
    parser.add_argument("--data", type=Path, help="the folder of the cloud series")
    parser.add_argument("--detectors", type=_contenders, default=_contenders(",".join(CATALOGUE)))
    parser.add_argument("--half", choices=HALVES, help="all three unless given")
    parser.add_argument("--refit", action="store_true", help="cloud: fit anew whenever the points so far have doubled")
    parser.add_argument("--each", action="store_true", help="cloud, suite: each series, or pair, as well")
    arguments = parser.parse_args()
    if arguments.part == "cloud" and arguments.data is None:
        parser.error("--data names the folder of the cloud series")
    halves: tuple[Half, ...] = (arguments.half,) if arguments.half else HALVES
    if arguments.part == "cloud":
        _print_cloud(arguments, halves)
    elif arguments.part == "suite":
        print(report.suite_heading())
        for contender in arguments.detectors:
            rows = report.suite_rows(contender.name, suite.measure(contender), halves, each=arguments.each)
            print(*rows, sep="\n", flush=True)
    else:
        print(report.calibration_heading())
        for contender in arguments.detectors:
            figures = calibration.measure(contender)
            print(*report.calibration_rows(contender.name, figures, halves), sep="\n", flush=True)


def _print_cloud(arguments: argparse.Namespace, halves: tuple[Half, ...]) -> None:
    corpus = cloud.load(arguments.data)
    print(report.cloud_heading())
    for contender in arguments.detectors:
        begin = time.perf_counter()
        figures = cloud.measure(contender, corpus, refit=arguments.refit)
        seconds = time.perf_counter() - begin
        if arguments.each:
            print(*report.cloud_each(figures), sep="\n")
        name = contender.name + (", refitted" if arguments.refit else "")
        print(*report.cloud_rows(name, figures, halves), f"  in {seconds:.1f} s", sep="\n", flush=True)


def _contenders(text: str) -> list[Contender]:
    try:
        return [Contender.parse(name) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
