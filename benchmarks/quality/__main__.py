"""How well detectors find anomalies, part by part or all at once.

``cloud --cloud <folder>``: labelled series of cloud services.
``refitted --cloud <folder>``: the same, fitted anew whenever the points so far have doubled.
``nab --nab <folder>``: the Numenta Anomaly Benchmark, three profiles.
``suite``: made-up series, each kind of anomaly on each kind of background.
``calibration``: small p-values on normal series of ten kinds.
``all --cloud <folder> --nab <folder>``: all four; the figures are kept beside this file, and written with the picture
into docs/benchmarks.md, which has those of other detectors from earlier runs.
``page``: writes the page and the picture anew, from what was kept.

``--detectors auto,mad:threshold=5`` chooses detectors and their options; all of them by default options otherwise.
``--half even`` and ``--half odd`` give every other file: choose options on one half, and report them on the other.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "shared"))

from tidewatch.detectors import CATALOGUE

from benchmarks.quality import run
from benchmarks.quality.contenders import Contender
from benchmarks.quality.halves import HALVES

_FOLDERS: Final = {"cloud": ("cloud",), "refitted": ("cloud",), "nab": ("nab",), "all": ("cloud", "nab")}


def main() -> None:
    """Prints what was asked for, detector by detector."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*run.PARTS, "all", "page"])
    parser.add_argument("--cloud", "--data", type=Path, help="the folder of the cloud series")
    parser.add_argument("--nab", type=Path, help="the folder with NAB's data and labels")
    parser.add_argument("--detectors", type=_contenders, default=_contenders(",".join(CATALOGUE)))
    parser.add_argument("--half", choices=HALVES, help="all three unless given")
    parser.add_argument("--each", action="store_true", help="cloud, suite: each series, or pair, as well")
    arguments = parser.parse_args()
    missing = [f"--{name}" for name in _FOLDERS.get(arguments.part, ()) if getattr(arguments, name) is None]
    if missing:
        parser.error(f"{arguments.part} needs {' and '.join(missing)}")
    if arguments.part != "page":
        asked = run.Asked(
            halves=(arguments.half,) if arguments.half else HALVES,
            cloud=arguments.cloud,
            nab=arguments.nab,
            each=arguments.each,
        )
        run.measure(arguments.part, arguments.detectors, asked)
    if arguments.part in {"all", "page"}:
        print(f"Written: {', '.join(run.write_page())}")


def _contenders(text: str) -> list[Contender]:
    try:
        return [Contender.parse(name) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
