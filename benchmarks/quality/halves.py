"""Two halves of a set: whoever chooses options on one of them can report on the other what they bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeVar, cast, get_args

Half = Literal["all", "even", "odd"]
HALVES: Final = cast("tuple[Half, ...]", get_args(Half))

T = TypeVar("T")


def part_of(items: Sequence[T], half: Half) -> list[T]:
    """Every other of the items, which are in order of their names: ``even`` has the first, ``odd`` the second."""
    if half == "all":
        return list(items)
    return list(items[0 if half == "even" else 1 :: 2])
