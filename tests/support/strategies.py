"""Hypothesis strategies for series: ordinary ones, and those that break arithmetic done carelessly."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st
from tidewatch.series import LATEST, TimeSeries

MAX: Final = sys.float_info.max
SMALLEST: Final = math.ulp(0.0)

doubles = st.floats(allow_nan=False, allow_infinity=False)
"""Any finite double."""

near_the_largest = st.floats(1e307, MAX) | st.floats(-MAX, -1e307) | st.sampled_from([MAX, -MAX])
near_the_smallest = st.floats(-1e-307, 1e-307)
subnormals = st.integers(-(2**20), 2**20).map(lambda count: count * SMALLEST)
extreme_doubles = near_the_largest | near_the_smallest | subnormals | st.sampled_from([0.0, -0.0, 1.0, -1.0])


@st.composite
def _around_a_large_mean(draw: st.DrawFn, size: st.SearchStrategy[int], means: Sequence[float]) -> list[float]:
    """Values a few units in the last place around one mean: a naive variance is 0 or negative here."""
    mean = draw(st.sampled_from(means))
    steps = draw(size.flatmap(lambda n: st.lists(st.integers(-9, 9), min_size=n, max_size=n)))
    return [mean + step * math.ulp(mean) for step in steps]


@st.composite
def _few_distinct(draw: st.DrawFn, size: st.SearchStrategy[int], elements: st.SearchStrategy[float]) -> list[float]:
    some = draw(st.lists(elements | st.integers(-50, 50).map(float), min_size=2, max_size=3))
    return draw(size.flatmap(lambda n: st.lists(st.sampled_from(some), min_size=n, max_size=n)))


@st.composite
def _one_beside_many(draw: st.DrawFn, size: st.SearchStrategy[int], elements: st.SearchStrategy[float]) -> list[float]:
    """Equal values and one other. Of ten, the three-sigma limit is exactly the other one."""
    usual, other = draw(st.tuples(elements, elements) | st.tuples(*[st.integers(-99, 99).map(float)] * 2))
    return [usual] * (draw(st.just(10) | size) - 1) + [other]


def not_all_equal(values: list[float]) -> list[float]:
    """The values; where all are equal, the first one becomes zero, or one where it was zero."""
    if min(values) < max(values):
        return values
    return [0.0 if values[0] else 1.0, *values[1:]]


def training_values(min_size: int = 5, max_size: int = 40) -> st.SearchStrategy[list[float]]:
    """Values that a detector may be trained on: finite and not all equal."""
    size = st.integers(min_size, max_size)

    def lists(elements: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
        return st.lists(elements, min_size=min_size, max_size=max_size)

    kinds = (
        lists(st.floats(-1e6, 1e6)),
        lists(st.integers(-100, 100).map(float)),
        lists(doubles),
        lists(near_the_largest),
        lists(near_the_smallest),
        lists(subnormals),
        lists(extreme_doubles),
        _around_a_large_mean(size, [1e15, 1e9, 1.0, math.pi, -1e10, 1e300, 1e-300, -1e308]),
        _few_distinct(size, doubles),
        _one_beside_many(size, doubles),
    )
    return st.one_of(*kinds).map(not_all_equal)


@st.composite
def timestamps(draw: st.DrawFn, count: int) -> list[int]:
    """Strictly increasing Unix seconds, also at the very ends of the range."""
    gaps = draw(st.lists(st.integers(1, 86_400), min_size=count - 1, max_size=count - 1))
    start = draw(st.integers(0, LATEST - sum(gaps)) | st.just(0) | st.just(LATEST - sum(gaps)))
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@st.composite
def series(draw: st.DrawFn, min_size: int = 5, max_size: int = 40) -> TimeSeries:
    """A series that passed preflight."""
    values = draw(training_values(min_size, max_size))
    return TimeSeries(np.array(draw(timestamps(len(values))), dtype=np.int64), np.array(values, dtype=np.float64))


_huge_integers = st.sampled_from(
    [2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**31, -(10**30), 10**400, -(10**400)]
)

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 12)
    | st.integers()
    | _huge_integers
    | st.floats()
    | st.sampled_from(["", "1", "NaN", "1735689600"])
)
json_values: st.SearchStrategy[Any] = st.recursive(
    json_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
"""Whatever a JSON document can hold; NaN and Infinity too, which some writers send."""
