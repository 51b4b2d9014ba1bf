"""Figures of detection, by cases that can be done by hand."""

import math

import numpy as np
import pytest

from benchmarks.quality.halves import part_of
from benchmarks.quality.metrics import Counts, average_precision, events


def marks(text: str) -> np.ndarray:
    """``x`` is a marked point."""
    return np.array([letter == "x" for letter in text])


@pytest.mark.parametrize(
    ("labels", "rank", "expected"),
    [
        (".x..", [0, 9, 1, 2], 1.0),
        (".x..", [9, 1, 3, 2], 1 / 4),
        # Found first, third and fourth: precision 1, 2/3 and 3/4 there.
        ("x.xx.", [9, 8, 7, 6, 5], (1 + 2 / 3 + 3 / 4) / 3),
        # Equals count together: two labelled among three.
        ("xx..", [5, 5, 5, 1], 2 / 3),
        # Nothing is known: the share of labelled points.
        ("x...", [0, 0, 0, 0], 1 / 4),
    ],
)
def test_average_precision(labels, rank, expected):
    assert average_precision(marks(labels), np.array(rank, dtype=float)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("....", []),
        ("xx..x", [[0, 1, 4]]),
        ("x...x", [[0, 4]]),
        ("x....x", [[0], [5]]),
        (".x.x.....x", [[1, 3], [9]]),
    ],
)
def test_up_to_three_points_between_two_of_one_event(text, found):
    assert [event.tolist() for event in events(marks(text))] == found


def test_counts_of_a_series():
    labels = marks("...xxxxx........x...")
    flags = marks("x.....xx.......xx...")
    assert Counts.of(labels, flags) == Counts(
        flagged_events=3,  # at 0, at 6 and at 15: of the first no flagged point is labelled
        true_events=2,
        labelled_events=2,
        found_events=2,
        early_points=4,  # three of the first event, and the one that the second has
        early_flagged=1,
        early_events=1,
        normal_points=14,
        false_flags=2,
    )


def test_an_event_between_flags_is_not_found():
    found = Counts.of(marks("..xx.."), marks(".x..x."))
    assert (found.flagged_events, found.true_events, found.found_events) == (1, 0, 0)


def test_counts_add_up_over_series():
    one = Counts.of(marks("xx.."), marks("x.x."))
    silent = Counts.of(marks("...x"), marks("...."))
    both = one + silent
    assert (both.precision, both.recall) == (1.0, 0.5)
    assert both.early == pytest.approx(1 / 3)
    assert both.found_early == 0.5
    assert both.false_per_thousand == pytest.approx(200.0)


def test_no_share_of_nothing():
    nothing = Counts.of(marks("...."), marks("...."))
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert nothing.false_per_thousand == 0.0


def test_the_halves_have_every_other_item():
    names = ["a", "b", "c", "d", "e"]
    assert part_of(names, "even") == ["a", "c", "e"]
    assert part_of(names, "odd") == ["b", "d"]
    assert part_of(names, "all") == names
