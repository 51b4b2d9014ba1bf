"""An isolation forest over rolling features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, Floats
from tidewatch.detectors.learned.features import Contamination, FeatureDetector, FeatureOptions, quantile_threshold
from tidewatch.detectors.learned.trees import Cuts, Forest

_THRESHOLD: Final = 0.6
_TREES_AT_ONCE: Final = 100
"""Trees that are grown between two looks at the deadline."""
_MOST_ROWS: Final = 25_600
"""Rows that trees are grown from, all together: what a tree costs scikit-learn grows with them."""


class IsolationForestOptions(FeatureOptions):
    """Random trees over rolling features; the score is 0 to 1 and larger where fewer cuts leave a point alone."""

    name: Literal["isolation_forest"] = "isolation_forest"
    trees: Annotated[int, Field(ge=1, le=500, description="How many random trees.")] = 100
    samples: Annotated[int, Field(ge=16, le=2_048, description="Training points that each tree is grown from.")] = 256
    score_threshold: Annotated[
        float | None,
        Field(
            gt=0,
            lt=1,
            description="The score beyond which a point is an anomaly; unless given, 0.6, and no less than "
            "training and the last points ask for.",
        ),
    ] = None
    contamination: Contamination = None


class IsolationForest(FeatureDetector[IsolationForestOptions, Forest]):
    """How soon a point is alone when the training data are cut at random, by the mean over many random trees.

    For a series whose unusual points are so by several things at once, such as level, roughness and hour, and nobody
    can say by which. It does not extrapolate: beyond all training points all scores are equal. So after a wild value a
    spike ties with it, and by default two such events among the last 800 points make a third usual.

        score = 2 ** (-mean path length of the point / mean path length of c(samples))

    Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest (2008), IEEE International Conference on Data Mining,
    sections 2 to 4.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(60 * np.arange(300), np.random.default_rng(0).normal(size=300))
    >>> model = fit_model(history, IsolationForestOptions(trees=50))
    >>> model.score(TimeSeries(60 * np.arange(300, 302), np.array([0.0, 9.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = IsolationForestOptions
    cost_option = "trees"

    @property
    def decides_by_default(self) -> bool:
        """Whether neither ``score_threshold`` nor ``contamination`` is given."""
        return self.options.score_threshold is None and self.options.contamination is None

    @property
    def most_rows(self) -> int:
        """As many as all trees together are grown from, and no more than is quick."""
        return min(self.options.trees * self.options.samples, _MOST_ROWS)

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> Forest:
        """The forest that scikit-learn grows."""
        return grow(self.options, rows, seed, deadline)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Forest:
        """The trees."""
        return Forest.from_arrays(arrays, int(facts["samples"]))

    def choose_threshold(self, scores: Floats) -> float:
        """The option ``score_threshold``, or by ``contamination``."""
        return quantile_threshold(scores, self.options.contamination, self.options.score_threshold or _THRESHOLD)


def grow(options: IsolationForestOptions, rows: Floats, seed: int, deadline: Deadline = NEVER) -> Forest:
    """The forest that scikit-learn grows from rows, shape (n, features), some trees at a time.

    Raises:
        DeadlineExceeded: once the deadline has passed.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn import ensemble

    samples = min(options.samples, len(rows))
    forest = ensemble.IsolationForest(max_samples=samples, random_state=seed, n_jobs=1, warm_start=True)
    for trees in (*range(_TREES_AT_ONCE, options.trees, _TREES_AT_ONCE), options.trees):
        forest.set_params(n_estimators=trees).fit(rows)
        deadline.check()
    return Forest(_cuts([estimator.tree_ for estimator in forest.estimators_]), samples)


def _cuts(trees: Sequence[Any]) -> Cuts:
    """The cuts of scikit-learn's trees."""
    sizes = np.array([tree.node_count for tree in trees])
    begin = np.repeat(np.cumsum(sizes) - sizes, sizes)
    left, right, feature, threshold, samples = (
        np.concatenate([getattr(tree, name) for tree in trees])
        for name in ("children_left", "children_right", "feature", "threshold", "n_node_samples")
    )
    cut = left >= 0
    place = np.zeros(cut.size, dtype=np.intp)
    at = np.flatnonzero(cut & (np.arange(cut.size) == begin))
    while at.size:
        below = [children[at] + begin[at] for children in (left, right)]
        for side, nodes in enumerate(below, start=1):
            place[nodes] = 2 * place[at] + side
        at = np.concatenate(below)
        at = at[cut[at]]
    tree = np.repeat(np.arange(sizes.size), sizes)
    order = np.lexsort((place, tree))
    cuts, leaves = order[cut[order]], order[~cut[order]]
    # Rounded down: a value in single precision is up to the one exactly if it is up to the other.
    rounded = threshold[cuts].astype(np.float32)
    rounded = np.where(rounded > threshold[cuts], np.nextafter(rounded, np.float32(-np.inf)), rounded)
    return Cuts(
        per_tree=np.bincount(tree[cuts], minlength=sizes.size).astype(np.uint16),
        place=place[cuts].astype(np.uint16),
        feature=feature[cuts].astype(np.uint8),
        threshold=rounded,
        leaf_samples=samples[leaves].astype(np.uint16),
    )
