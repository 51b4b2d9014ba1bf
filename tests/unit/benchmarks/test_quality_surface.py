"""VUS-PR by cases that can be done by hand."""

import numpy as np
import pytest

from benchmarks.quality.metrics import average_precision
from benchmarks.quality.surface import WIDTHS, soft_labels, vus_pr


def labels(*places: int, size: int = 60) -> np.ndarray:
    marks = np.zeros(size, dtype=bool)
    marks[list(places)] = True
    return marks


def test_labels_fall_off_to_either_side_of_an_event():
    soft = soft_labels(labels(10, 11, 14, size=20), 4)
    near, far = np.sqrt(1 - 1 / 4), np.sqrt(1 - 2 / 4)
    assert soft[8:17].tolist() == pytest.approx([far, near, 1, 1, near, near, 1, near, far])
    assert not soft[:8].any()
    assert not soft[17:].any()


def test_without_a_buffer_labels_are_themselves():
    assert soft_labels(labels(3, 4, size=8), 0).tolist() == labels(3, 4, size=8).astype(float).tolist()


def test_a_right_ranking_is_perfect_and_a_constant_one_is_the_share_of_labels():
    marks = labels(10, 11, 40)
    assert vus_pr(marks, marks.astype(float)) == pytest.approx(1.0)
    soft = [soft_labels(marks, width).sum() / marks.size for width in WIDTHS]
    assert vus_pr(marks, np.zeros(marks.size)) == pytest.approx(np.mean(soft))


def test_one_event_of_one_point_without_a_buffer_is_average_precision(monkeypatch):
    monkeypatch.setattr("benchmarks.quality.surface.WIDTHS", (0,))
    random = np.random.default_rng(4)
    rank = random.normal(size=60)
    assert vus_pr(labels(20), rank) == pytest.approx(average_precision(labels(20), rank))


def test_a_flag_next_to_the_label_is_worth_more_than_one_far_from_it():
    marks = labels(30)
    beside, far = labels(31).astype(float), labels(50).astype(float)
    assert average_precision(marks, beside) == average_precision(marks, far)
    assert vus_pr(marks, beside) > 0.5 > vus_pr(marks, far)


def test_each_of_two_events_is_asked_for():
    marks = labels(10, 11, 12, 13, 40)
    long_one, both = labels(10, 11, 12, 13), labels(10, 11, 12, 40)
    assert vus_pr(marks, both.astype(float)) > vus_pr(marks, long_one.astype(float))
