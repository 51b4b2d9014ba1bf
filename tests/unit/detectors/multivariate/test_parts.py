"""The parts of the detectors of rows, beside what others say of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import MinCovDet
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors
from tidewatch.deadline import Deadline
from tidewatch.detectors.learned.isolation_forest import IsolationForestOptions, grow
from tidewatch.detectors.learned.trees import mean_path
from tidewatch.detectors.multivariate.filling import correlations, held, judged_without
from tidewatch.detectors.multivariate.knn import Remembered
from tidewatch.detectors.multivariate.mahalanobis import concentrated
from tidewatch.detectors.multivariate.pca import Pca, PcaOptions
from tidewatch.detectors.multivariate.quadratic import parts, whitening
from tidewatch.detectors.multivariate.scaling import Scaling, calendar_columns

NAN = np.nan
random = np.random.default_rng(3)
ROWS = random.normal(size=(400, 2)) @ random.normal(size=(2, 4)) + 0.3 * random.normal(size=(400, 4))


def walked(tree, row):
    """The gains of each feature on the way of a row down scikit-learn's own tree, and the sum with the losses."""
    found, net, node = np.zeros(row.size), 0.0, 0
    size = tree.n_node_samples
    while tree.children_left[node] >= 0:
        feature = tree.feature[node]
        low = np.float32(row[feature]) <= tree.threshold[node]
        below = tree.children_left[node] if low else tree.children_right[node]
        gain = float(mean_path(size[node]) - 1.0 - mean_path(size[below]))
        found[feature] += max(gain, 0.0)
        net += gain
        node = below
    return found, net


def test_the_gains_of_a_forest_are_those_of_scikit_learn_s_trees():
    forest = grow(IsolationForestOptions(trees=20, samples=64), ROWS, 5)
    theirs = IsolationForest(n_estimators=20, max_samples=64, random_state=5).fit(ROWS)
    probes = np.concatenate([ROWS[:20], 4.0 * ROWS[:20]])
    gains = forest.gains(probes)
    scores = forest.nonconformity(probes)
    for probe, gain, score in zip(probes, gains, scores, strict=True):
        paths = [walked(each.tree_, probe) for each in theirs.estimators_]
        np.testing.assert_allclose(gain, sum(found for found, _ in paths))
        # With the losses they sum to what the path is shorter than usual.
        usual = 20 * float(mean_path(np.array(64)))
        assert sum(net for _, net in paths) == pytest.approx(usual + usual * np.log2(score))


def test_the_gains_of_a_forest_without_cuts_are_nothing():
    assert grow(IsolationForestOptions(trees=3), np.ones((50, 2)), 0).gains(np.array([[1.0, 9.0]])).tolist() == [[0, 0]]


def test_parts_of_a_distance_sum_to_it_and_keep_to_their_variable():
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    found = parts(np.array([[2.0, 1.0], [3.0, 0.0]]), whitening(covariance))
    shrunk = 0.98 * covariance + 0.02 * 2.5 * np.eye(2)
    expected = [row @ np.linalg.inv(shrunk) @ row for row in np.array([[2.0, 1.0], [3.0, 0.0]])]
    np.testing.assert_allclose(found.sum(axis=1), expected)
    assert (found >= 0).all()


def test_a_third_of_wild_rows_does_not_move_the_covariance():
    wild = np.where(np.arange(400)[:, None] % 3 == 0, 40.0 + ROWS, ROWS)
    start = MinCovDet(random_state=0).fit(wild)
    centre, covariance = concentrated(wild, start.location_, start.covariance_)
    clean = ROWS[np.arange(400) % 3 > 0]
    np.testing.assert_allclose(centre, clean.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(covariance, np.cov(clean, rowvar=False), atol=0.4)


def test_t2_and_q_are_those_of_the_components():
    rows = 0.4 * ROWS
    found = Pca(PcaOptions(explained=0.8)).learn(rows, 4, 0, Deadline.never())
    within, beside = (each.sum(axis=1) for each in found.squares(rows))
    deviations = rows - rows.mean(axis=0)
    _, singular, vectors = np.linalg.svd(deviations, full_matrices=False)
    kept, variances = vectors[: found.count], singular[: found.count] ** 2 / 399
    np.testing.assert_allclose(within, np.sum((deviations @ kept.T) ** 2 / variances, axis=1))
    np.testing.assert_allclose(beside, np.sum((deviations - deviations @ kept.T @ kept) ** 2, axis=1), atol=1e-12)


def test_distances_from_the_nearest_are_scikit_learn_s():
    found = Remembered(ROWS[:300], 5)
    theirs, _ = NearestNeighbors(n_neighbors=5).fit(ROWS[:300]).kneighbors(ROWS[300:])
    np.testing.assert_allclose(found.nonconformity(ROWS[300:]), np.sqrt((theirs**2).mean(axis=1)))
    np.testing.assert_allclose(found.judge(ROWS[300:])[1].sum(axis=1), (theirs**2).mean(axis=1))


def test_a_missing_value_is_held_from_the_last_known_one():
    assert np.array_equal(
        held(np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN]])), [[NAN, 1.0], [2.0, 1.0], [2.0, 1.0]], equal_nan=True
    )


def test_a_row_is_judged_without_what_is_missing():
    together = correlations(np.where(random.random(ROWS.shape) < 0.1, NAN, ROWS))
    missing = np.array([[False, True, False, True], [True] * 4, [False] * 4])
    filled = judged_without(ROWS[:3], missing, together)
    assert filled[~missing].tolist() == ROWS[:3][~missing].tolist()
    assert filled[1].tolist() == [0.0] * 4
    # The distance of such a row is that of its known values alone.
    known, row = [0, 2], ROWS[0, [0, 2]]
    alone = row @ np.linalg.inv(together[np.ix_(known, known)]) @ row
    assert filled[0] @ np.linalg.inv(together) @ filled[0] == pytest.approx(alone)


def test_scales_are_robust_and_never_nothing():
    values = np.stack([ROWS[:, 0], np.where(np.arange(400) == 7, 9.0, 5.0), 1e-320 * (np.arange(400) % 2)], axis=1)
    values[3, 0] = 1e9
    scaling = Scaling.of(values)
    assert float(np.ldexp(scaling.scale[0], int(scaling.exponent[0]))) == pytest.approx(ROWS[:, 0].std(), rel=0.2)
    assert (scaling.scale > 0).all()
    assert np.isfinite(scaling.scale_values(values)).all()


def test_the_calendar_is_in_utc_from_monday_on():
    sunday, monday = 1_736_121_599, 1_736_121_600
    plain = calendar_columns(np.array([sunday, monday]), ("hour", "dayofweek"), cyclic=False)
    assert plain.tolist() == [[23.0, 6.0], [0.0, 0.0]]
    circle = calendar_columns(np.array([sunday, monday]), ("hour", "dayofweek"), cyclic=True)
    np.testing.assert_allclose(circle[0], circle[1], atol=1e-3)
