"""``make bench``: the figures of docs/benchmarks.md, measured here and now."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from benchmarks import artifacts, handlers, stack


def main() -> None:
    """Prints every figure, section by section."""
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores\n")
    _print("One invocation, storage left out", handlers.invocations())
    _print("A fresh interpreter", handlers.cold_imports())
    _print("The local stack, 100 connections over 50 series", stack.throughput())
    _print("Unzipped size of each function with its layers (limit 250 MiB)", artifacts.sizes())


def _print(title: str, rows: Iterable[tuple[str, str]] | Iterator[tuple[str, str]]) -> None:
    print(title)
    for name, figure in rows:
        print(f"  {name:<44} {figure}", flush=True)
    print()


if __name__ == "__main__":
    main()
