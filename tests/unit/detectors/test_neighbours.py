"""The nearest of some rows, exactly, however far the rows lie."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors.learned.neighbours import Neighbours, squared_distances

KINDS = {
    "usual": lambda random: (random.normal(size=(900, 6)), random.normal(size=(300, 6))),
    "far": lambda random: (random.normal(size=(900, 3)), random.normal(size=(300, 3)) * 1e6),
    "one far among all": lambda random: (np.append(random.normal(size=(500, 2)), [[1e6, -1e6]], axis=0),) * 2,
    "equal": lambda random: (np.repeat(random.normal(size=(4, 5)), 100, axis=0),) * 2,
    "two": lambda random: (random.normal(size=(2, 4)), random.normal(size=(50, 4))),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 20, 100])
def test_they_are_those_of_the_smallest_differences(kind, count):
    among, rows = KINDS[kind](np.random.default_rng(3))
    count = min(count, len(among))
    squares = ((rows[:, None, :] - among) ** 2).sum(axis=2)
    seen = 0
    for some, squared, which in Neighbours(among).nearest_of_each(rows, count):
        np.testing.assert_allclose(np.sort(squared, axis=1), np.sort(squares[some], axis=1)[:, :count], rtol=1e-12)
        np.testing.assert_allclose(squared, np.take_along_axis(squares[some], which, axis=1), rtol=1e-12)
        assert all(len(set(line)) == count for line in which.tolist())
        seen += len(squared)
    assert seen == len(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_has_the_same_distance_alone_as_among_others(kind):
    among, rows = KINDS[kind](np.random.default_rng(4))
    neighbours = Neighbours(among)
    together = neighbours.nearest(rows)
    assert [float(neighbours.nearest(row[None, :])[0]) for row in rows] == together.tolist()
    every = np.concatenate([squared.min(axis=1) for _, squared in squared_distances(rows, among.T.copy())])
    np.testing.assert_allclose(together, every, rtol=1e-12)
