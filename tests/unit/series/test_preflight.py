"""Preflight: every rule, the place it names, the words it uses, and all of them at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tidewatch.series import LATEST, InvalidSeries, preflight

TIMES = [60, 120, 180, 240, 300, 360]
VALUES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def problems(
    times: list[Any] = TIMES, values: list[Any] = VALUES, most_points: int = 100
) -> list[tuple[Any, str, str]]:
    found = preflight(times, values, most_points=most_points).problems
    return [(problem.loc, problem.type, problem.msg) for problem in found]


def replaced(column: list[Any], **items: Any) -> list[Any]:
    """A column with other items; ``at2=x`` puts x at index 2."""
    changed = list(column)
    for place, item in items.items():
        changed[int(place.removeprefix("at"))] = item
    return changed


def test_a_good_series_passes_as_arrays():
    series = preflight(TIMES, VALUES, most_points=100).require()
    assert series.timestamps.tolist() == TIMES
    assert series.values.tolist() == VALUES
    assert (series.timestamps.dtype, series.values.dtype) == (np.int64, np.float64)


def test_whole_numbers_are_values_too():
    series = preflight(TIMES, [1, 2.5, 3, -4, 2**70, 0], most_points=100).require()
    assert series.values.tolist() == [1.0, 2.5, 3.0, -4.0, 2.0**70, 0.0]


@pytest.mark.parametrize("count", [5, 6])
def test_five_points_are_enough(count):
    assert problems(TIMES[:count], VALUES[:count]) == []


@pytest.mark.parametrize("count", [0, 1, 4])
def test_fewer_than_five_points_are_refused(count):
    assert problems(TIMES[:count], VALUES[:count]) == [
        (("timestamps",), "too_few_points", f"a fit needs at least 5 points, got {count}")
    ]


def test_too_few_points_are_laid_to_the_shorter_column():
    assert [(loc, kind) for loc, kind, _ in problems(TIMES, VALUES[:3])] == [
        (("timestamps",), "lengths_differ"),
        (("values",), "too_few_points"),
    ]


def test_the_limit_itself_is_taken_and_one_more_is_not():
    assert problems(most_points=6) == []
    assert problems(most_points=5) == [
        (("timestamps",), "too_many_points", "a fit takes at most 5 points, got 6"),
    ]


def test_too_many_points_are_laid_to_the_longer_column():
    assert [(loc, kind) for loc, kind, _ in problems(TIMES[:5], VALUES, most_points=5)] == [
        (("timestamps",), "lengths_differ"),
        (("values",), "too_many_points"),
    ]


def test_the_items_of_a_series_that_is_too_long_are_not_looked_at():
    assert [kind for _, kind, _ in problems(["x"] * 6, [None] * 6, most_points=5)] == ["too_many_points"]


def test_numbers_in_messages_are_written_for_people():
    assert problems(list(range(12_345)), VALUES, most_points=10_000) == [
        (("timestamps",), "lengths_differ", "timestamps has 12,345 items but values has 6"),
        (("timestamps",), "too_many_points", "a fit takes at most 10,000 points, got 12,345"),
    ]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (True, "a boolean"),
        (False, "a boolean"),
        ("180", "a string"),
        (None, "null"),
        ([180], "an array"),
        ({"at": 180}, "an object"),
        (180.0, "a number with a fraction or exponent"),
        (float("nan"), "a number with a fraction or exponent"),
    ],
)
def test_a_timestamp_is_an_integer_and_nothing_else(item, name):
    assert problems(replaced(TIMES, at2=item)) == [
        (("timestamps", 2), "wrong_type", f"timestamps[2] must be a whole number of seconds, got {name}")
    ]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (True, "a boolean"),
        ("3.0", "a string"),
        ("NaN", "a string"),
        (None, "null"),
        ([3.0], "an array"),
        ({"value": 3.0}, "an object"),
    ],
)
def test_a_value_is_a_number_and_nothing_else(item, name):
    assert problems(values=replaced(VALUES, at5=item)) == [
        (("values", 5), "wrong_type", f"values[5] must be a number, got {name}")
    ]


def test_many_items_of_one_wrong_type_are_one_problem_at_the_first():
    assert problems(values=replaced(VALUES, at1=None, at3=None, at4=None)) == [
        (("values", 1), "wrong_type", "values[1] must be a number, got null (and 2 more like it)")
    ]


def test_each_wrong_type_has_its_own_first_place():
    found = problems(values=replaced(VALUES, at1="a", at2=None, at3="b", at4=None, at5=True))
    assert {(loc, msg.partition("got ")[2]) for loc, _, msg in found} == {
        (("values", 1), "a string (and 1 more like it)"),
        (("values", 2), "null (and 1 more like it)"),
        (("values", 5), "a boolean"),
    }


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.float64])
def test_numbers_of_numpy_are_named_not_mistaken(kind):
    """JSON gives Python's own numbers; another caller learns what it did instead."""
    found = problems([kind(time) for time in TIMES], VALUES)
    assert [(loc, type_) for loc, type_, _ in found] == [(("timestamps", 0), "wrong_type")]
    assert kind.__name__ in found[0][2]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)])
def test_a_value_must_be_finite(value):
    found = problems(values=replaced(VALUES, at3=value))
    name = "NaN" if value != value else "infinite or beyond the range of a double"  # noqa: PLR0124 - so NaN is told
    assert found == [(("values", 3), "not_finite", f"values[3] must be finite, but is {name}")]


def test_only_the_first_value_that_is_not_finite_is_named():
    found = problems(values=replaced(VALUES, at1=float("inf"), at2=float("nan"), at5=float("nan")))
    assert found == [
        (
            ("values", 1),
            "not_finite",
            "values[1] must be finite, but is infinite or beyond the range of a double (and 2 more like it)",
        )
    ]


def test_values_that_are_all_infinite_are_not_called_constant_too():
    assert [kind for _, kind, _ in problems(values=[float("inf")] * 6)] == ["not_finite"]


@pytest.mark.parametrize("values", [[7.0] * 6, [0.0, -0.0, 0, 0.0, -0.0, 0], [2**53, 2**53 + 1] * 3])
def test_a_constant_series_is_refused(values):
    (problem,) = problems(values=values)
    assert problem[:2] == (("values",), "constant")
    assert problem[2] == f"all values equal {float(values[0]):g}: a constant series has no spread to learn from"


def test_the_smallest_spread_is_a_spread():
    assert problems(values=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0000000000000002]) == []
    assert problems(values=[0.0, 0.0, 0.0, 0.0, 0.0, 5e-324]) == []


def test_a_timestamp_must_come_after_the_one_before_it():
    assert problems(replaced(TIMES, at2=119)) == [
        (
            ("timestamps", 2),
            "timestamps_unsorted",
            "timestamps must be strictly increasing: timestamps[2] (119) is earlier than timestamps[1] (120)",
        )
    ]


def test_a_repeated_timestamp_is_called_repeated():
    assert problems(replaced(TIMES, at2=120)) == [
        (
            ("timestamps", 2),
            "timestamp_repeated",
            "timestamps must be strictly increasing: timestamps[2] (120) repeats timestamps[1] (120)",
        )
    ]


def test_the_first_place_out_of_order_is_named_and_the_others_are_counted():
    ((loc, kind, msg),) = problems([60, 50, 50, 70, 40, 100])
    assert (loc, kind) == (("timestamps", 1), "timestamps_unsorted")
    assert msg.endswith("(and 2 more like it)")


def test_order_is_judged_across_items_of_a_wrong_type():
    found = problems(replaced(TIMES, at2=None, at3=100))
    assert [(loc, kind) for loc, kind, _ in found] == [
        (("timestamps", 2), "wrong_type"),
        (("timestamps", 3), "timestamps_unsorted"),
    ]
    assert "timestamps[3] (100) is earlier than timestamps[1] (120)" in found[1][2]


@pytest.mark.parametrize("time", [-1, LATEST + 1, 2**63 - 1, -(2**63)])
def test_a_timestamp_outside_the_years_1970_to_2200_is_refused(time):
    times = sorted(replaced(TIMES, at0=time))
    place = times.index(time)
    found = problems(times)
    assert [(loc, kind) for loc, kind, _ in found] == [(("timestamps", place), "timestamp_out_of_range")]
    assert found[0][2] == (
        f"timestamps[{place}] {time} is outside the years 1970 to 2200 (Unix seconds 0 to 7289654399)"
    )


def test_both_ends_of_the_range_are_taken():
    assert problems([0, 1, 2, 3, LATEST - 1, LATEST]) == []


@pytest.mark.parametrize(("unit", "factor"), [("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)])
def test_a_finer_unit_is_recognised_and_the_seconds_are_offered(unit, factor):
    found = problems([(1_735_689_600 + index) * factor for index in range(6)])
    assert found == [
        (
            ("timestamps", 0),
            "timestamp_out_of_range",
            (
                f"timestamps[0] {1_735_689_600 * factor} looks like {unit}; send Unix seconds, that is 1735689600"
                " (and 5 more like it)"
            ),
        )
    ]


def test_timestamps_beyond_64_bits_are_not_called_equal_to_each_other():
    found = problems([60, 120, 180, 10**30, 10**31, 10**32])
    assert [(loc, kind) for loc, kind, _ in found] == [(("timestamps", 3), "timestamp_out_of_range")]
    assert "9223372036854775807" not in found[0][2], "a number that was never sent"


def test_a_number_of_thousands_of_digits_does_not_fill_the_message():
    ((_, _, msg),) = problems([60, 120, 180, 240, 300, 10**4000])
    assert "a number beyond 64 bits is outside the years 1970 to 2200" in msg
    assert len(msg) < 200


def test_all_problems_are_reported_at_once():
    found = problems(
        [1_735_689_600_000, None, 180, 120, "x", -5, 7],
        [1.0, float("nan"), True, "2", None, 3.0],
    )
    assert {(loc, kind) for loc, kind, _ in found} == {
        (("timestamps",), "lengths_differ"),
        (("timestamps", 0), "timestamp_out_of_range"),
        (("timestamps", 1), "wrong_type"),
        (("timestamps", 4), "wrong_type"),
        (("timestamps", 3), "timestamps_unsorted"),
        (("values", 1), "not_finite"),
        (("values", 2), "wrong_type"),
        (("values", 3), "wrong_type"),
        (("values", 4), "wrong_type"),
    }
    assert len(found) == 9


def test_a_constant_series_out_of_order_is_told_both():
    assert {kind for _, kind, _ in problems(list(reversed(TIMES)), [1] * 6)} == {"constant", "timestamps_unsorted"}


def test_require_raises_with_every_problem():
    outcome = preflight([3, 2, 1], [1, 1, None], most_points=100)
    with pytest.raises(InvalidSeries) as caught:
        outcome.require()
    assert caught.value.problems == outcome.problems
    assert all(problem.msg in str(caught.value) for problem in outcome.problems)
    assert len(outcome.problems) == 3


def test_the_input_is_not_changed():
    times, values = list(TIMES), replaced(VALUES, at2=None)
    preflight(times, values, most_points=100)
    assert (times, values) == (TIMES, replaced(VALUES, at2=None))
