"""What later points remember of an unusual one."""

from __future__ import annotations

import numpy as np
from tidewatch.detectors.ensemble.auto.baseline import Winsorizer


def winsorizer_of(values: np.ndarray, spread: float) -> Winsorizer:
    return Winsorizer.of(values, np.sort(values), spread)


def test_values_and_steps_beyond_those_of_the_past_are_clipped():
    values = np.random.default_rng(0).normal(size=1_000)
    values[500] = 1e6
    winsorizer = winsorizer_of(values, 3.3)
    assert -5.0 < winsorizer.lowest < -3.0
    assert 3.0 < winsorizer.highest < 5.0
    assert 1.5 < winsorizer.step < 4.0
    assert winsorizer.clip(np.array([-1e300, 0.5, 1e300])).tolist() == [winsorizer.lowest, 0.5, winsorizer.highest]
    assert winsorizer.steps(np.array([0.0, -0.5, 1e6])).tolist() == [0.5, winsorizer.step]


def test_it_turns_with_the_values():
    values = np.random.default_rng(1).standard_exponential(300)
    up, down = winsorizer_of(values, 1.0), winsorizer_of(-values, 1.0)
    assert (down.lowest, down.highest, down.step) == (-up.highest, -up.lowest, up.step)


def test_a_past_without_change_still_has_a_range():
    winsorizer = winsorizer_of(np.full(64, 5.0), 1e-9)
    assert winsorizer.lowest < 5.0 < winsorizer.highest
    assert winsorizer.step == 0.0
