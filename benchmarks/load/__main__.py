"""``make bench-load``: the local targets, or with ``--url`` somebody's deployed stage, whose API key is KEY's value.

Requests to a deployed stage are real: 50 series named bench-0 to bench-49 get versions that stay, and AWS charges.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "shared"))

from benchmarks.load import generator, plots, report, targets, wrk
from benchmarks.load.generator import ROOT
from benchmarks.load.run import Where, run_all
from benchmarks.load.targets import Target
from benchmarks.pages import replace_part
from local.project import PROJECT
from local.sam.runtime import artifacts, tools

_DURATION: Final = 15
_LONGEST: Final = 600
_OVERHEAD_SECONDS: Final = 25
"""For a target to start, to be seeded and to end, and between its stages."""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line: ``url`` (None for the local targets) and ``duration`` in seconds; ends the process if wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description="Puts the service under load.")
    parser.add_argument("--url", type=_base_url, help="a deployed stage instead of what is started here")
    parser.add_argument("--duration", type=_duration, default=_DURATION, metavar="SECONDS", help="of each stage")
    return parser.parse_args(words)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    # The key would travel for all to read, but on this machine.
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme not in (("http", "https") if loopback else ("https",)) or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text} is not a URL such as https://api.example.com/dev")
    if parts.query or parts.fragment or parts.username:
        raise argparse.ArgumentTypeError("a base URL has no query, fragment or user")
    return text.rstrip("/")


def _duration(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LONGEST):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds from 1 to {_LONGEST}")
    return int(text)


def make_command(chosen: argparse.Namespace) -> str:
    """How to do it again; neither the address of a deployed stage nor its key is told."""
    words = ["make bench-load"]
    if chosen.url:
        words.append("URL=... KEY=...")
    if chosen.duration != _DURATION:
        words.append(f"DURATION={chosen.duration}")
    return " ".join(words)


def main() -> int:
    """Measures, writes the page and the plots; returns the exit code: 1 if it could not be measured."""
    chosen = arguments(sys.argv[1:])
    # As Ctrl-C, so that what was started is stopped.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        _measure(chosen)
    except (generator.GeneratorFailed, targets.TargetFailed, targets.Refused, artifacts.BuildFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; nothing was written.")
        return 130
    return 0


def _measure(chosen: argparse.Namespace) -> None:
    locust_python = generator.locust_python()
    wrk_version = wrk.installed()
    wanted = [targets.deployed(chosen.url)] if chosen.url else _local_targets()
    stages = 4 if wrk_version else 3
    minutes = len(wanted) * (stages * chosen.duration + _OVERHEAD_SECONDS) / 60
    _say(f"Targets: {len(wanted)}, stages of {chosen.duration} s: {stages} each; about {max(minutes, 1):.0f} minutes.")
    if not wrk_version:
        _say("wrk is not installed (Debian: apt install wrk); locust alone measures, and takes some of a core.")
    if chosen.url:
        _say("50 series, bench-0 to bench-49, get versions there that stay, and AWS charges for the requests.")
    run = run_all(wanted, chosen.duration, _say, with_wrk=wrk_version is not None)
    where = Where(report.machine(), report.versions(locust_python, wrk_version), make_command(chosen))
    page = ROOT / "docs" / "benchmarks.md"
    name = "load-deployed" if chosen.url else "load"
    pictures = plots.draw(run, page.parent / "images", name)
    part = report.write(run, where, pictures)
    page.write_text(replace_part(page.read_text("utf-8"), name, "make bench-load", part), encoding="utf-8")
    _say(f"Written: {', '.join(str(path.relative_to(ROOT)) for path in (page, *pictures))}")


def _local_targets() -> list[Target]:
    try:
        found = tools.find(PROJECT)
    except tools.NoRuntime as error:
        _say(f"Without the real runtime: {error}")
        return list(targets.IN_ONE_PROCESS)
    _say("Looking after the build of the functions ...")
    artifacts.up_to_date_build(found)
    return list(targets.LOCAL)


def _say(text: str) -> None:
    print(text, flush=True)


def _terminate(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
