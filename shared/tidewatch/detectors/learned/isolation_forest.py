"""An isolation forest over rolling features: what is unusual is soon alone when the data are cut at random.

Use it for a series whose unusual points are so by several things at once, its level, its roughness and the hour among
them, without saying which. It does not extrapolate: beyond all training points everything is equally strange.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest (2008), IEEE International Conference on Data Mining,
sections 2 to 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson
from tidewatch.detectors.learned.features import Features
from tidewatch.detectors.learned.learned_rows import FEWEST, Contamination, FeatureOptions, LearnedRows, threshold_of
from tidewatch.detectors.learned.trees import Cuts, Forest
from tidewatch.series import TimeSeries


class IsolationForestOptions(FeatureOptions):
    """Random trees over rolling features; the score is 0 to 1 and larger where fewer cuts leave a point alone."""

    name: Literal["isolation_forest"] = "isolation_forest"
    trees: Annotated[int, Field(ge=1, le=500, description="How many random trees.")] = 100
    samples: Annotated[int, Field(ge=16, le=2_048, description="Training points that each tree is grown from.")] = 256
    score_threshold: Annotated[
        float, Field(gt=0, lt=1, description="The score beyond which a point is an anomaly.")
    ] = 0.6
    contamination: Contamination = None


class _IsolationForest:
    options_type = IsolationForestOptions
    in_units = True

    def learn(self, series: TimeSeries, options: IsolationForestOptions) -> Lesson:
        features, fitted = options.cross_fit(
            series,
            partial(grow, options),
            most=options.trees * options.samples,
            fewest=FEWEST,
            cost_option="trees",
        )
        threshold = threshold_of(fitted.strangeness, options.contamination, options.score_threshold)
        facts = {"samples": float(fitted.learner.samples)}
        return Lesson(LearnedRows(features, fitted.learner, threshold, facts), fitted.strangeness)

    def restore(self, options: IsolationForestOptions, parameters: Mapping[str, Json], arrays: Arrays) -> LearnedRows:
        facts = parameters["facts"]
        forest = Forest.from_arrays(arrays, int(facts["samples"]))
        return LearnedRows(Features.from_json(parameters["rows"]), forest, float(parameters["threshold"]), facts)


def grow(options: IsolationForestOptions, rows: Floats, seed: int) -> Forest:
    """The forest that scikit-learn grows from rows, shape (n, features)."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.ensemble import IsolationForest

    samples = min(options.samples, len(rows))
    fitted = IsolationForest(n_estimators=options.trees, max_samples=samples, random_state=seed, n_jobs=1).fit(rows)
    return Forest(_cuts([estimator.tree_ for estimator in fitted.estimators_]), samples)


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


DETECTOR: Final = CalibratedDetector(_IsolationForest())
