"""What the README's picture of several detectors says of them is so."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE

from benchmarks.pictures import ODDITIES, ROWS, TRAINING, judged_by, odd_series

ALL = {stretch.name for stretch in ODDITIES}


def test_the_series_is_the_same_each_time_and_has_its_oddities_after_the_training() -> None:
    series = odd_series()
    assert np.array_equal(series.values, odd_series().values)
    assert all(TRAINING.end < stretch.start <= stretch.end < len(series) for stretch in ODDITIES)
    assert {name for name, _ in ROWS} <= set(CATALOGUE)


@pytest.mark.parametrize(
    ("name", "seen"),
    [("three_sigma", {"spike"}), ("ewma", {"spike"}), ("seasonal_decomposition", ALL), ("sub_pca", ALL), ("auto", ALL)],
)
def test_a_detector_sees_what_its_words_say(name: str, seen: set[str]) -> None:
    judged = judged_by(name, odd_series(), TRAINING.end)
    anomaly = judged.scores.anomaly
    assert {stretch.name for stretch in ODDITIES if anomaly[stretch.start : stretch.end + 1].any()} == seen
    assert not anomaly[: TRAINING.end].any()
