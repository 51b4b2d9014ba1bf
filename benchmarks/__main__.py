"""``make bench``: the figures of docs/benchmarks.md, measured here and now; ``make bench-handler``: of one function."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from benchmarks import handlers, imports, memory, runtime, stack
from benchmarks.figures import print_machine, print_section


def handler() -> None:
    """Prints what one invocation costs, and what a start does."""
    print_section("One invocation, storage left out", handlers.invocations())
    print_section("Memory of a process at its peak", memory.peaks())
    print_section("Memory at its peak where a hostile body is refused", memory.hostile_bodies())
    for function in ("predict", "fit"):
        print_section(f"Import of {function}, compiled files there", imports.import_times(function))
    print_section("Init under Lambda's own runtime, median in turns", runtime.inits())
    print_section("CPU of a runtime process for 1,000 predictions", runtime.cpu())


def main() -> None:
    """Prints every figure, section by section; those of one function if told to."""
    print_machine()
    handler()
    if sys.argv[1:] != ["handler"]:
        print_section("The local stack, 100 connections over 50 series", stack.throughput())
        print_section("Unzipped size of each function with its layers (limit 250 MiB)", imports.built_sizes())


if __name__ == "__main__":
    main()
