"""Judges a bare list of numbers by an isolation forest that is grown from the same numbers, and then forgotten.

The forest sees each value and the mean and standard deviation of the 5 and of the 20 values up to it. It is grown with
numpy alone, so that a function that only predicts can do it.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest (2008), IEEE International Conference on Data Mining,
algorithms 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats
from tidewatch.detectors.learned.trees import Cuts, Forest
from tidewatch.detectors.units import Units
from tidewatch.detectors.windows import trailing_moments

SHORT: Final = 5
LONG: Final = 20
WARMUP: Final = LONG - 1
FEWEST_POINTS: Final = 40
"""With fewer, the rows that are left are too few for a point among them to be unusual."""

_TREES: Final = 100
_SAMPLES: Final = 256
_THRESHOLD: Final = 0.6
_SEED: Final = 0


class ValuesJudged(NamedTuple):
    """The judgement of n values.

    Attributes:
        warmup_points_dropped: how many values at the start have too few before them: their judgements are None.
        anomaly: n times 1 where the value is unusual, 0 where it is not, None where that cannot be said.
        anomaly_score: n times 0 to 1, larger for more unusual points, above 0.6 for an anomaly; None likewise.
        message: why nothing could be judged; None where something was.
    """

    warmup_points_dropped: int
    anomaly: list[int | None]
    anomaly_score: list[float | None]
    message: str | None


def judge_values(values: Floats) -> ValuesJudged:
    """Judges each value by all of them.

    Args:
        values: float64, shape (n,), finite, in the order of time.
    """
    if values.size < FEWEST_POINTS:
        nothing: list[None] = [None] * values.size
        message = f"at least {FEWEST_POINTS} values are needed to judge any of them, got {values.size}"
        return ValuesJudged(min(values.size, WARMUP), [*nothing], [*nothing], message)
    scaled = Units.of(values).scale(values)
    (short_mean, short_std), (long_mean, long_std) = trailing_moments(scaled, (SHORT, LONG))
    later = LONG - SHORT
    rows = np.stack([scaled[WARMUP:], short_mean[later:], short_std[later:], long_mean, long_std], axis=1)
    score = grow(rows.astype(np.float32), np.random.default_rng(_SEED)).nonconformity(rows)
    warmup: list[None] = [None] * WARMUP
    return ValuesJudged(WARMUP, [*warmup, *(score > _THRESHOLD).astype(int).tolist()], [*warmup, *score.tolist()], None)


def grow(rows: NDArray[np.float32], random: np.random.Generator) -> Forest:
    """A forest from rows, shape (n, features), n at least 2: all trees grow at once, level by level."""
    samples = min(_SAMPLES, len(rows))
    chosen = np.concatenate([random.choice(len(rows), samples, replace=False) for _ in range(_TREES)])
    tree, place, held = np.repeat(np.arange(_TREES), samples), np.zeros(chosen.size, dtype=np.intp), rows[chosen]
    cuts, leaves = [], []
    for level in range((samples - 1).bit_length() + 1):
        order = np.lexsort((place, tree))
        tree, place, held = tree[order], place[order], held[order]
        begin = np.flatnonzero((np.diff(tree, prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0))
        size = np.diff(begin, append=tree.size)
        low, high = np.minimum.reduceat(held, begin), np.maximum.reduceat(held, begin)
        # A node cuts one of the features that differ within it, each as likely; it is a leaf if there is none.
        draw = np.where(high > low, random.random(low.shape), -1.0)
        feature = draw.argmax(axis=1)
        node = np.arange(feature.size)
        low, high = low[node, feature], high[node, feature]
        cut = (high > low) & (level < (samples - 1).bit_length())
        threshold = (low + random.random(low.size) * (high.astype(np.float64) - low)).astype(np.float32)
        threshold = np.where(threshold < high, threshold, low)
        cuts.append((tree[begin[cut]], place[begin[cut]], feature[cut], threshold[cut]))
        leaves.append((tree[begin[~cut]], place[begin[~cut]], size[~cut]))
        node = np.repeat(node, size)
        goes_on = cut[node]
        node, tree, place, held = node[goes_on], tree[goes_on], place[goes_on], held[goes_on]
        place = 2 * place + 1 + (held[np.arange(node.size), feature[node]] > threshold[node])
        if not node.size:
            break
    return Forest(_ordered(cuts, leaves), samples)


def _ordered(cuts: Sequence[tuple[NDArray[Any], ...]], leaves: Sequence[tuple[NDArray[Any], ...]]) -> Cuts:
    """Levels of nodes, tree by tree and by place."""
    tree, place, feature, threshold = (np.concatenate(parts) for parts in zip(*cuts, strict=True))
    order = np.lexsort((place, tree))
    leaf_tree, leaf_place, leaf_samples = (np.concatenate(parts) for parts in zip(*leaves, strict=True))
    return Cuts(
        per_tree=np.bincount(tree, minlength=_TREES).astype(np.uint16),
        place=place[order].astype(np.uint16),
        feature=feature[order].astype(np.uint8),
        threshold=threshold[order].astype(np.float32),
        leaf_samples=leaf_samples[np.lexsort((leaf_place, leaf_tree))].astype(np.uint16),
    )
