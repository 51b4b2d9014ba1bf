"""Rows of many variables: both forms, every rule, the row and the variable it names, and all of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.series import Frame, InvalidSeries, RowLimits, read_columns, read_rows

LIMITS = RowLimits("a fit", fewest=2, most=100, most_cells=500)
ROWS: list[dict[str, Any]] = [{"timestamp": 60 * at, "x1": at, "x2": -0.5 * at} for at in range(6)]


def problems(rows: Any, **limits: Any) -> list[tuple[Any, str]]:
    with pytest.raises(InvalidSeries) as caught:
        read_rows(rows, RowLimits(**{"purpose": "a fit", "fewest": 2, "most": 100, "most_cells": 500} | limits))
    return [(problem.loc, problem.type) for problem in caught.value.problems]


def changed(index: int, **fields: Any) -> list[dict[str, Any]]:
    return [row | fields if place == index else row for place, row in enumerate(ROWS)]


def test_rows_become_arrays_by_name():
    frame = read_rows([{"x2": 1, "timestamp": "1970-01-01T00:01:00", "x1": 2.5}, *ROWS[2:]], LIMITS)
    assert frame.names == ("x2", "x1")
    assert frame.timestamps.tolist() == [60, 120, 180, 240, 300]
    assert frame.values[:2].tolist() == [[1.0, 2.5], [-1.0, 2.0]]


def test_columns_are_the_same_rows():
    columns = {name: [row[name] for row in ROWS] for name in ("x1", "x2")}
    frame = read_columns([row["timestamp"] for row in ROWS], columns, LIMITS)
    assert frame.names == ("x1", "x2")
    np.testing.assert_array_equal(frame.values, read_rows(ROWS, LIMITS).values)


def test_a_schema_orders_the_variables_of_every_row():
    frame = read_rows(ROWS, RowLimits("a prediction", 1, 100, 500, schema=("x2", "x1")))
    assert frame.names == ("x2", "x1")
    assert frame.values[1].tolist() == [-0.5, 1.0]


def test_null_is_missing_where_that_is_allowed():
    rows = changed(2, x2=None)
    assert problems(rows) == [(("rows", 2, "x2"), "value_missing")]
    frame = read_rows(rows, RowLimits("a fit", 2, 100, 500, nulls=True))
    assert np.isnan(frame.values).tolist() == [[False, row == 2] for row in range(6)]


@pytest.mark.parametrize(
    ("rows", "limits", "expected"),
    [
        (ROWS[:1], {}, [(("rows",), "too_few_points")]),
        (ROWS, {"most": 5}, [(("rows",), "too_many_points")]),
        (ROWS, {"most_cells": 11}, [(("rows",), "too_many_points")]),
        ([{"timestamp": 1, "x1": 1}] * 2, {}, [(("rows", 0), "too_few_variables")]),
        (
            [{"timestamp": 1, **{f"x{at}": 1 for at in range(101)}}] * 2,
            {"most_cells": 10**6},
            [(("rows", 0), "too_many_variables")],
        ),
        ([1, 2, None], {}, [(("rows", 0), "wrong_type")]),
        (changed(0, **{"a b": 1}), {}, [(("rows", 0, "a b"), "variable_name")]),
        (changed(3, x3=1), {}, [(("rows", 3, "x3"), "extra_forbidden")]),
        (
            [*ROWS, {"x1": 1}],
            {},
            [(("rows", 6, "timestamp"), "timestamp_missing"), (("rows", 6, "x2"), "variable_missing")],
        ),
        (changed(3, timestamp=60), {}, [(("rows", 3, "timestamp"), "timestamps_unsorted")]),
        (changed(3, timestamp=120), {}, [(("rows", 3, "timestamp"), "timestamp_repeated")]),
        (changed(3, timestamp=True), {}, [(("rows", 3, "timestamp"), "wrong_type")]),
        (changed(3, timestamp="20260101"), {}, [(("rows", 3, "timestamp"), "timestamp_ambiguous")]),
        (changed(3, timestamp=2**70), {}, [(("rows", 3, "timestamp"), "timestamp_out_of_range")]),
        (changed(3, x1="1"), {}, [(("rows", 3, "x1"), "wrong_type")]),
        (
            changed(3, x1=True, x2=float("nan")),
            {},
            [(("rows", 3, "x1"), "wrong_type"), (("rows", 3, "x2"), "not_finite")],
        ),
        (changed(3, x1=10**400), {}, [(("rows", 3, "x1"), "not_finite")]),
    ],
)
def test_each_rule_names_row_and_variable(rows, limits, expected):
    assert problems(rows, **limits) == expected


def test_columns_of_other_lengths_or_types_are_told_by_name():
    with pytest.raises(InvalidSeries) as caught:
        read_columns([0, 60, 120], {"x1": [1, 2], "x2": 7, "x3": [1, 2, 3]}, LIMITS)
    assert [(problem.loc, problem.type) for problem in caught.value.problems] == [
        (("variables", "x1"), "lengths_differ"),
        (("variables", "x2"), "wrong_type"),
    ]
    with pytest.raises(InvalidSeries) as caught:
        read_columns([0, 60, 120], {"x1": [1, 2, 3], "x2": [1, "2", 3]}, LIMITS)
    assert [(problem.loc, problem.msg) for problem in caught.value.problems] == [
        (("variables", "x2", 1), "variables.x2[1] must be a number, got a string")
    ]


def test_a_hundred_problems_are_told_at_the_most():
    rows = [{"timestamp": 60 * at, **{f"x{name}": name == at for name in range(90)}} for at in range(200)]
    assert len(problems(rows, most=10**3, most_cells=10**6)) == 90
    rows = [{"timestamp": 60 * at, "x1": 1, "x2": 2, f"other{at}": 3} for at in range(500)]
    assert len(problems(rows, most=10**3, most_cells=10**6)) <= 100


cells = st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.floats(), st.integers(), st.lists(st.none()))
rows_of_anything = st.lists(
    cells | st.dictionaries(st.sampled_from(["timestamp", "x1", "x2", "", "é"]), cells, max_size=4), max_size=6
)


@given(rows_of_anything)
def test_whatever_comes_is_a_frame_or_its_problems(rows):
    frame, found = None, ()
    try:
        frame = read_rows(rows, LIMITS)
    except InvalidSeries as invalid:
        found = invalid.problems
    assert (frame is None) == bool(found)
    assert len(found) <= 100
    assert frame is None or np.isfinite(frame.values).all()


def test_a_frame_is_cut_joined_and_told_of():
    frame = read_rows(ROWS, LIMITS)
    assert (frame.start, frame.end, frame.step, len(frame)) == (0, 300, 60, 6)
    assert frame.part(0, 4).followed_by(frame.last(2)).values.tolist() == frame.values.tolist()
    assert Frame.empty(frame.names).followed_by(frame) is frame
    assert frame.select(("x2",)).values[1].tolist() == [-0.5]
    with pytest.raises(ValueError, match="read-only"):
        frame.values[0, 0] = 1.0
    with pytest.raises(ValueError, match="a column for each name"):
        Frame(frame.timestamps, frame.values[:, :1], frame.names)


def test_constant_variables_are_those_without_two_values():
    values = np.array([[1.0, 5.0, np.nan, np.nan], [2.0, 5.0, np.nan, 3.0], [1.0, 5.0, np.nan, 3.0]])
    frame = Frame(np.arange(3), values, ("a", "b", "c", "d"))
    assert frame.constant() == ("b", "c", "d")
