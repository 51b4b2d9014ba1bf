"""A forest of isolation trees as plain arrays, and its score.

A tree is laid out as a heap: below place p are the places 2p + 1 and 2p + 2. So one step down is arithmetic, and many
rows take it in many trees at once.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest (2008), IEEE International Conference on Data Mining,
equations 1 and 2.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Arrays, Floats

_AT_ONCE: Final = 51_200
"""Trees times rows that are scored at once: small enough for the processor's cache."""
_PLACES_AT_ONCE: Final = 65_536
"""Places of trees that rows go down at once, likewise."""


def mean_path(count: NDArray[Any]) -> Floats:
    """The mean depth of a tree that isolates so many points, each at least 1: equation 1."""
    size = np.maximum(count, 2).astype(np.float64)
    path = 2.0 * (np.log(np.maximum(size - 1.0, 1.0)) + np.euler_gamma) - 2.0 * (size - 1.0) / size
    path = np.where(size > 2.0, path, 1.0)
    return np.where(count > 1, path, 0.0)


class Cuts(NamedTuple):
    """The cuts of a forest, tree by tree, each tree's by place.

    Attributes:
        per_tree: uint16, shape (trees,), how many each tree has.
        place: uint16, shape (n,), in the heap of its tree.
        feature: uint8, shape (n,), what it cuts.
        threshold: float32, shape (n,): values up to it go to the first place below, others to the second.
        leaf_samples: uint16, shape (n + trees,), how many training points each leaf holds, tree by tree, by place.
    """

    per_tree: NDArray[np.uint16]
    place: NDArray[np.uint16]
    feature: NDArray[np.uint8]
    threshold: NDArray[np.float32]
    leaf_samples: NDArray[np.uint16]


class Forest:
    """Isolation trees that were each grown from so many samples."""

    def __init__(self, cuts: Cuts, samples: int) -> None:
        self.cuts, self.samples = cuts, samples
        trees = cuts.per_tree.size
        self._depth = (int(cuts.place.max()) + 1).bit_length() if cuts.place.size else 0
        size = 2 ** (self._depth + 1) - 1
        at = np.repeat(np.arange(trees) * size, cuts.per_tree) + cuts.place
        self._feature = np.zeros(trees * size, dtype=np.intp)
        self._feature[at] = cuts.feature
        self._threshold = np.full(trees * size, np.inf, dtype=np.float32)
        self._threshold[at] = cuts.threshold
        self._path = _paths(np.isfinite(self._threshold).reshape(trees, size), cuts.leaf_samples).ravel()
        self._roots = np.arange(trees) * size
        self._mean = trees * float(mean_path(np.array(samples)))
        self._together = max(_PLACES_AT_ONCE // size, 1)

    def nonconformity(self, rows: Floats) -> Floats:
        """The anomaly score of each row, 0 to 1, shape (n,): equation 2.

        Args:
            rows: shape (n, features), within the range of single precision, in which the trees compare.
        """
        single = np.ascontiguousarray(rows, dtype=np.float32)
        total = np.zeros(len(rows))
        for first in range(0, self._roots.size, self._together):
            roots = self._roots[first : first + self._together]
            step = max(_AT_ONCE // roots.size, 1)
            for begin in range(0, len(rows), step):
                total[begin : begin + step] += self._depths(single[begin : begin + step], roots)
        return np.exp2(-total / self._mean)

    def gains(self, rows: Floats) -> Floats:
        """What each feature has to do with how soon each row is alone, at least 0, shape (n, features).

        A cut gains what it shortens the expected path by: the expectation before it, less the one after it and the cut
        itself. All gains and losses of a path sum to ``c(samples) - path length``; losses are left out.

        Args:
            rows: as :meth:`nonconformity` takes them.
        """
        single = np.ascontiguousarray(rows, dtype=np.float32)
        total = np.zeros(single.shape)
        for first in range(0, self._roots.size, self._together):
            roots = self._roots[first : first + self._together]
            step = max(_AT_ONCE // roots.size, 1)
            for begin in range(0, len(rows), step):
                total[begin : begin + step] += self._gains(single[begin : begin + step], roots)
        return total

    def arrays(self) -> Arrays:
        """The cuts."""
        return self.cuts._asdict()

    def facts(self) -> dict[str, float]:
        """How many rows each tree was grown from, at the most."""
        return {"samples": float(self.samples)}

    @classmethod
    def from_arrays(cls, arrays: Arrays, samples: int) -> Forest:
        """The forest that gave these arrays."""
        return cls(Cuts(**{name: arrays[name] for name in Cuts._fields}), samples)

    @cached_property
    def _expected(self) -> Floats:
        """The path length that is expected of a row at each place: its depth, and what a full tree would add."""
        trees = self._roots.size
        cut = np.isfinite(self._threshold).reshape(trees, -1)
        samples = np.zeros(cut.shape)
        samples[_leaves(cut)] = self.cuts.leaf_samples
        depth = np.floor(np.log2(np.arange(1, cut.shape[1] + 1)))
        for place in range(cut.shape[1] // 2 - 1, -1, -1):
            samples[:, place] += samples[:, 2 * place + 1] + samples[:, 2 * place + 2]
        expected = np.where(cut, depth + mean_path(np.maximum(samples, 1.0)), self._path.reshape(cut.shape))
        return expected.ravel()

    def _gains(self, rows: NDArray[np.float32], roots: NDArray[np.intp]) -> Floats:
        """The gains of each feature, summed over the trees with these roots."""
        count, features = rows.shape
        line = np.arange(count)[:, None] * features
        values = rows.ravel()
        place = np.repeat(roots[None, :], count, axis=0)
        below = 1 - roots
        before = self._expected[place]
        gains = np.zeros(count * features)
        for _ in range(self._depth):
            cell = self._feature[place]
            cell += line
            threshold = self._threshold[place]
            place *= 2
            place += below
            place += values[cell] > threshold
            after = self._expected[place]
            gains += np.bincount(cell.ravel(), np.maximum(before - after, 0.0).ravel(), gains.size)
            before = after
        return gains.reshape(count, features)

    def _depths(self, rows: NDArray[np.float32], roots: NDArray[np.intp]) -> Floats:
        """The depth at which each row ends, summed over the trees with these roots."""
        count, features = rows.shape
        values = rows.ravel()
        begin = (np.arange(count) * features)[:, None]
        place = np.repeat(roots[None, :], count, axis=0)
        below = 1 - roots
        where = np.empty_like(place)
        value, threshold = np.empty(place.shape, np.float32), np.empty(place.shape, np.float32)
        for _ in range(self._depth):
            # Clipping is how numpy writes into a given array without a copy; no place is out of bounds.
            np.take(self._feature, place, out=where, mode="clip")
            where += begin
            np.take(values, where, out=value, mode="clip")
            np.take(self._threshold, place, out=threshold, mode="clip")
            place *= 2
            place += below
            place += value > threshold
        depths: Floats = np.take(self._path, place, mode="clip").sum(axis=1)
        return depths


def _leaves(cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which places are leaves: they have no cut, and the place above them has one."""
    places = np.arange(1, cut.shape[1])
    leaf = ~cut
    leaf[:, 1:] &= cut[:, (places - 1) // 2]
    return leaf


def _paths(cut: NDArray[np.bool_], leaf_samples: NDArray[np.uint16]) -> Floats:
    """For each place at which a row can end, its path length: the depth, and what a full tree would add; 0 elsewhere.

    Rows do not stop at a leaf: they go on to the deepest places below it, which therefore have its path length.

    Args:
        cut: shape (trees, places), whether a tree has a cut there.
        leaf_samples: of all leaves, tree by tree, by place.
    """
    leaf = _leaves(cut)
    depth = np.floor(np.log2(np.arange(1, cut.shape[1] + 1)))
    paths = np.zeros(cut.shape)
    paths[leaf] = np.broadcast_to(depth, cut.shape)[leaf] + mean_path(leaf_samples)
    for level in range(1, int(depth[-1]) + 1):
        here = slice(2**level - 1, 2 ** (level + 1) - 1)
        parents = (np.arange(here.start, here.stop) - 1) // 2
        inherited = np.where(cut[:, parents], 0.0, paths[:, parents])
        paths[:, here] += inherited
    return paths
