"""Reading what Python tells of its imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.imports import STANDARD_LIBRARY, Imported, below, by_package, parse

# A module: its name, the microseconds of its own, and what it imports.
Module = tuple[str, int, list["Module"]]

names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}(\.[a-z_][a-z0-9_]{0,8}){0,2}", fullmatch=True)
times = st.integers(0, 10**7)
modules = st.recursive(
    st.tuples(names, times, st.just([])),
    lambda inner: st.tuples(names, times, st.lists(inner, max_size=4)),
    max_leaves=20,
)


def total(module: Module) -> int:
    return module[1] + sum(total(each) for each in module[2])


def printed(module: Module, depth: int = 0) -> Iterator[str]:
    """The lines that Python writes: what a module imports is above it, and further in."""
    name, own, imported = module
    for each in imported:
        yield from printed(each, depth + 1)
    yield f"import time: {own:9} | {total(module):10} | {'  ' * depth}{name}"


def text_of(*found: Module) -> str:
    lines = ["import time: self [us] | cumulative | imported package", "a word of the program itself"]
    return "\n".join([*lines, *(line for module in found for line in printed(module))])


@given(modules, modules)
def test_what_a_module_brings_takes_as_long_as_the_module(before: Module, module: Module) -> None:
    root = ("the_root", module[1], module[2])
    found = below(parse(text_of(before, root)), "the_root")
    assert sum(each.self_us for each in found) == total(root) == found[-1].cumulative_us
    assert by_package(found).total() == total(root)
    # Nothing of what came before it, nor of what stands beside it.
    assert found == parse(text_of(root))


def test_lines_in_full() -> None:
    text = text_of(("numpy", 30, [("numpy.linalg", 20, []), ("json", 5, [])]))
    assert parse(text) == [
        Imported("numpy.linalg", 20, 20, 1),
        Imported("json", 5, 5, 1),
        Imported("numpy", 30, 55, 0),
    ]
    assert by_package(parse(text)) == {"numpy": 50, STANDARD_LIBRARY: 5}


def test_a_module_that_was_not_imported() -> None:
    with pytest.raises(LookupError, match="scipy"):
        below(parse(text_of(("numpy", 30, []))), "scipy")


def test_this_python_writes_such_lines() -> None:
    # -I: what the tests measure, such as coverage, must not start in there.
    command = [sys.executable, "-I", "-X", "importtime", "-c", "import json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = below(parse(done.stderr), "json")
    assert {"json", "json.decoder", "json.encoder"} <= {each.name for each in found}
    # Each line is rounded by itself.
    assert sum(each.self_us for each in found) == pytest.approx(found[-1].cumulative_us, abs=len(found))
