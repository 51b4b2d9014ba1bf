"""The axis of a series without times: round numbers of points, counted from 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from tidewatch.plotting.time_axis import Tick


def index_ticks(points: int, room_for: Callable[[str], int]) -> list[Tick]:
    """As many multiples of 1, 2 or 5 times a power of ten as fit.

    Args:
        points: how many there are, at least 1.
        room_for: how many labels as wide as the text given there is room for, at least 2.
    """
    most = room_for(f"{points - 1:,}")
    step = next(step for step in _steps() if (points - 1) // step + 1 <= most)
    return [Tick(at, f"{at:,}", "") for at in range(0, points, step)]


def _steps() -> Iterator[int]:
    return (digit * 10**exponent for exponent in count() for digit in (1, 2, 5))
