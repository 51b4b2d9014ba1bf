"""Preflight against an oracle that goes point by point, on whatever JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from tidewatch.series import EARLIEST, LATEST, preflight

from tests.support.strategies import json_scalars, json_values, timestamps, training_values

MOST = 12

Verdict = set[tuple[tuple[str | int, ...], str]]

columns = st.lists(json_values, max_size=MOST + 2) | st.lists(
    st.integers(-3, 3).map(lambda power: power * 10**25), max_size=MOST + 2
)
BEYOND_INT64 = [0, 10**30, 10**31, 10**400, -(10**30)]


@st.composite
def nearly_good(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Two good columns, of which a few items were replaced, repeated or dropped."""
    values: list[Any] = draw(training_values(5, MOST))
    times: list[Any] = draw(timestamps(len(values)))
    for column in (times, values):
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            index = draw(st.integers(0, len(column) - 1))
            change = draw(st.sampled_from(["replace", "repeat", "drop", "insert"]))
            if change == "replace":
                column[index] = draw(json_scalars)
            elif change == "repeat":
                column[index] = column[index - 1]
            elif change == "drop":
                del column[index]
            else:
                column.insert(index, draw(json_scalars))
            if not column:
                break
    return times, values


def oracle(times: Sequence[Any], values: Sequence[Any]) -> Verdict:
    """Which rules are broken, and where first: one rule after the other, one point after the other."""
    found: Verdict = set()
    if len(times) != len(values):
        found.add((("timestamps",), "lengths_differ"))
    if min(len(times), len(values)) < 5:
        found.add((("timestamps" if len(times) <= len(values) else "values",), "too_few_points"))
    if max(len(times), len(values)) > MOST:
        found.add((("timestamps" if len(times) >= len(values) else "values",), "too_many_points"))
        return found
    for field, column, kinds in (("timestamps", times, {int}), ("values", values, {int, float})):
        strange: set[type] = set()
        for index, item in enumerate(column):
            if type(item) not in kinds and type(item) not in strange:
                strange.add(type(item))
                found.add(((field, index), "wrong_type"))
    return found | _time_rules(times) | _value_rules(values)


def _time_rules(times: Sequence[Any]) -> Verdict:
    found: Verdict = set()
    known = [(index, time) for index, time in enumerate(times) if type(time) is int]
    for index, time in known:
        if not _is_taken(time):
            found.add((("timestamps", index), "timestamp_out_of_range"))
            break
    for (_, before), (index, time) in pairwise(known):
        # A neighbour in another unit says nothing about the order.
        if _is_taken(time) == _is_taken(before) and time <= before:
            found.add((("timestamps", index), "timestamp_repeated" if time == before else "timestamps_unsorted"))
            break
    return found


def _is_taken(time: int) -> bool:
    return EARLIEST <= time <= LATEST


def _value_rules(values: Sequence[Any]) -> Verdict:
    known = [(index, _as_double(value)) for index, value in enumerate(values) if type(value) in (int, float)]
    for index, value in known:
        if not math.isfinite(value):
            return {(("values", index), "not_finite")}
    if len(known) >= 5 and len({value for _, value in known}) == 1:
        return {(("values",), "constant")}
    return set()


def _as_double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def verdict(times: Sequence[Any], values: Sequence[Any]) -> Verdict:
    problems = preflight(times, values, most_points=MOST).problems
    found = {(problem.loc, problem.type) for problem in problems}
    assert len(found) == len(problems), "a problem is reported twice"
    return found


@given(columns, columns)
@example(BEYOND_INT64, [1, 2, 3, 10**400, 5])
def test_any_json_gets_the_verdict_of_the_oracle(times, values):
    assert verdict(times, values) == oracle(times, values)


@given(nearly_good())
def test_a_nearly_good_series_gets_the_verdict_of_the_oracle(both):
    assert verdict(*both) == oracle(*both)


@given(nearly_good())
def test_what_passes_is_a_series_with_all_that_others_rely_on(both):
    outcome = preflight(*both, most_points=MOST)
    assert (outcome.series is None) == bool(outcome.problems)
    if outcome.series is not None:
        times, values = outcome.series.timestamps, outcome.series.values
        assert (times.dtype, values.dtype) == (np.int64, np.float64)
        assert times.tolist() == both[0]
        assert values.tolist() == [float(value) for value in both[1]]
        assert 5 <= len(outcome.series) == times.size == values.size <= MOST
        assert (np.diff(times) > 0).all()
        assert outcome.series.start >= EARLIEST
        assert outcome.series.end <= LATEST
        assert np.isfinite(values).all()
        assert values.min() < values.max()
        assert not times.flags.writeable
        assert not values.flags.writeable


@given(columns, columns)
@example(BEYOND_INT64, [1, 2, 3, 10**400, 5])
def test_messages_are_sentences_that_name_where_they_point(times, values):
    for problem in preflight(times, values, most_points=MOST).problems:
        place = problem.loc[0] if len(problem.loc) == 1 else f"{problem.loc[0]}[{problem.loc[1]}]"
        assert len(problem.loc) == 1 or str(place) in problem.msg
        assert len(problem.msg) < 300, "a message must be fit to read, whatever was sent"
        assert "\n" not in problem.msg


@given(training_values(5, MOST).flatmap(lambda values: st.tuples(timestamps(len(values)), st.just(values))))
def test_a_good_series_passes(both):
    assert preflight(*both, most_points=MOST).problems == ()
