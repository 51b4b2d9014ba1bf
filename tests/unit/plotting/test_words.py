"""Words and numbers of the picture."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.detectors import CATALOGUE, DetectorOptions
from tidewatch.plotting.text import (
    counted,
    describe_detector,
    describe_points,
    describe_span,
    duration,
    printable,
    wrap_facts,
    wrap_shortened,
)
from tidewatch.plotting.value_axis import resolution, tick_labels, written

from tests.unit.plotting.conftest import START, Judge, Series


class OtherOptions(DetectorOptions):
    """Options of every kind."""

    name: Literal["other"] = "other"
    period: int = 1440
    window_minutes: int = 1_234_567
    robust: bool = True
    trend: bool = False
    floor: float | None = 1.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "three_sigma"),
        ({"sigmas": 3.0, "side": "upper"}, "three_sigma"),
        ({"sigmas": 1.0, "side": "lower"}, "three_sigma (1 sigma, lower side)"),
        ({"sigmas": 2.5, "side": "both"}, "three_sigma (2.5 sigmas, both sides)"),
        ({"false_alarm_rate": 0.001}, "three_sigma (false alarm rate 0.001)"),
    ],
)
def test_the_detector_is_described_with_the_options_that_are_not_its_defaults(
    options: dict[str, object], words: str
) -> None:
    assert describe_detector(CATALOGUE["three_sigma"].options_type(name="three_sigma", **options)) == words


def test_options_of_any_detector_can_be_described() -> None:
    options = OtherOptions(period=1_000, window_minutes=1, robust=False, trend=True, floor=None)
    assert describe_detector(options) == "other (period 1,000, 1 window minute, not robust, trend, no floor)"
    assert describe_detector(OtherOptions()) == "other"


@pytest.mark.parametrize(
    ("anomalous", "words"),
    [
        ([], "1,000 points, no anomalies"),
        ([7], "1,000 points, 1 anomaly in 1 event"),
        ([7, 8, 900], "1,000 points, 3 anomalies in 2 events"),
    ],
)
def test_points_are_counted_in_words(anomalous: list[int], words: str, series_of: Series, judge: Judge) -> None:
    anomaly = np.isin(np.arange(1_000), anomalous)
    assert describe_points(judge(series_of(np.zeros(1_000)), anomaly=anomaly)) == words
    assert counted(1, "day") == "1 day"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (START, START + 7 * 86_400 + 23 * 3600, "2024-01-01 00:00 to 2024-01-08 23:00 UTC, 8 days"),
        (START + 5, START + 15, "2024-01-01 00:00:05 to 00:00:15 UTC, 10 seconds"),
        (START, START + 4 * 3600, "2024-01-01 00:00 to 04:00 UTC, 4 hours"),
        (0, 7_289_654_399, "1970-01-01 00:00:00 to 2200-12-31 23:59:59 UTC, 231 years"),
    ],
)
def test_the_span_is_said_as_a_person_would(start: int, end: int, words: str, series_of: Series) -> None:
    assert describe_span(series_of([1.0, 2.0], [start, end])) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7_200, "2 hours"),
        (36 * 3_600, "36 hours"),
        (2 * 86_400, "2 days"),
        (800 * 86_400, "2.2 years"),
        (1_096 * 86_400, "3 years"),
    ],
)
def test_durations_are_in_one_unit(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_control_characters_are_replaced() -> None:
    assert printable("a\x00b\nc é") == "a?b?c é"


@pytest.mark.parametrize(
    ("number", "exponent", "words"),
    [
        (0.0, None, "0"),
        (-1234.5, None, "−1,234.5"),
        (78.2384, -2, "78.24"),
        (-0.0016, -1, "0"),
        (6.67e307, 305, "66.7×10³⁰⁶"),
        (-2.0727e-308, -311, "−20.73×10⁻³⁰⁹"),
    ],
)
def test_numbers_are_written_to_a_unit(number: float, exponent: int | None, words: str) -> None:
    assert written(number, exponent) == words


def test_resolution_follows_the_height_of_the_picture() -> None:
    assert resolution(30, 110) == -2
    assert resolution(0, 14_000) == 0
    assert resolution(7, 7) == -3
    assert resolution(-1.7e308, 1.7e308) == 305


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 2.5, 5.0], ["0.0", "2.5", "5.0"]),
        ([-0.25, -0.0, 0.25], ["−0.25", "0.00", "0.25"]),
        ([0.1, 0.2, 0.30000000000000004], ["0.1", "0.2", "0.3"]),
        ([10_000.0, 20_000.0], ["10,000", "20,000"]),
        ([3.0], ["3"]),
        ([], []),
    ],
)
def test_tick_labels_have_the_decimals_of_their_step(ticks: list[float], labels: list[str]) -> None:
    assert tick_labels(ticks) == labels


def test_a_long_name_is_broken_after_a_mark() -> None:
    assert wrap_shortened("eu-west.checkout_p99", 15, 2, len) == ["eu-west.", "checkout_p99"]


@given(st.text("abc.-_:", min_size=1, max_size=200), st.integers(4, 40), st.integers(1, 3))
def test_a_shortened_name_fits_and_keeps_its_ends(name: str, width: int, lines: int) -> None:
    wrapped = wrap_shortened(name, width, lines, len)
    assert len(wrapped) <= lines
    assert max(map(len, wrapped)) <= width
    whole = "".join(wrapped)
    if whole != name:
        head, tail = whole.split("…")
        assert name.startswith(head)
        assert name.endswith(tail)


def test_facts_stand_beside_each_other_while_they_fit() -> None:
    assert wrap_facts(["one", "two", "three"], 12, len) == ["one  ·  two", "three"]
    assert wrap_facts(["one two three"], 8, len) == ["one two", "three"]
