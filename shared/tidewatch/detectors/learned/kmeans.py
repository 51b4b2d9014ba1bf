"""K-means over subsequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, Floats
from tidewatch.detectors.learned.subsequences import LEAST_SCORE, SubsequenceDetector, SubsequenceOptions, winsorised

_STARTS: Final = 3
_MOST_ITERATIONS: Final = 300
_ITERATIONS_AT_ONCE: Final = 5
"""Iterations between two looks at the deadline."""
_BLUR: Final = 1e-3
"""In spreads. With fewer different windows than clusters some would be empty."""
_AT_ONCE: Final = 262_144
"""Products that are worked out at once: small enough for the processor's cache."""


class KMeansOptions(SubsequenceOptions):
    """The distance of a window from the nearest typical one, as a root mean square in spreads of the values."""

    name: Literal["kmeans"] = "kmeans"
    clusters: Annotated[int, Field(ge=1, le=200, description="How many typical windows there are, at the most.")] = 16
    windows: Annotated[
        int, Field(ge=50, le=20_000, description="Training windows that are learned from, at the most.")
    ] = 4_000


class Centres:
    """Typical windows: float64, shape (clusters, length)."""

    def __init__(self, centres: Floats) -> None:
        self.centres = centres
        self._half_squares = 0.5 * np.einsum("ij,ij->i", centres, centres)

    def nonconformity(self, rows: Floats) -> Floats:
        """The distance of each window from the nearest centre, over the root of its length, shape (n,)."""
        step = max(_AT_ONCE // sum(self.centres.shape), 1)
        nearest = np.empty(len(rows))
        for begin in range(0, len(rows), step):
            some = rows[begin : begin + step]
            # The product only chooses: its rounding depends on how many windows there are.
            chosen = (self._half_squares - some @ self.centres.T).argmin(axis=1)
            apart = some - self.centres[chosen]
            nearest[begin : begin + step] = np.einsum("ij,ij->i", apart, apart)
        distance: Floats = np.maximum(np.sqrt(nearest / self.centres.shape[1]), LEAST_SCORE)
        return distance

    def arrays(self) -> Arrays:
        """The centres."""
        return {"centres": self.centres}

    def facts(self) -> dict[str, float]:
        """How many there are."""
        return {"clusters": float(len(self.centres))}


class KMeans(SubsequenceDetector[KMeansOptions, Centres]):
    """How far the window that ends at a point is from the nearest of a few typical windows.

    For a series that does one of several things at a time, such as the stages of a machine's cycle, to find a stretch
    that is none of them.

        score = |window - nearest centre| / sqrt(length of a window)

    Source: T. Yairi, Y. Kato, K. Hori, Fault Detection by Mining Association Rules from House-Keeping Data (2001),
    i-SAIRAS, section 3, for typical stretches as centres of clusters; S. Lloyd, Least Squares Quantization in PCM
    (1982), IEEE Transactions on Information Theory 28(2), for the centres.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> wave = np.sin(np.arange(400) * 2 * np.pi / 16)
    >>> model = fit_model(TimeSeries(60 * np.arange(400), wave), KMeansOptions())
    >>> model.score(TimeSeries(60 * np.arange(400, 402), np.array([0.0, 9.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = KMeansOptions

    @property
    def fewest_rows(self) -> int:
        """One for each cluster."""
        return max(super().fewest_rows, self.options.clusters)

    @property
    def most_rows(self) -> int:
        """The option ``windows``."""
        return self.options.windows

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> Centres:
        """The centres that scikit-learn finds."""
        return cluster(self.options, rows, seed, deadline)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Centres:
        """The centres."""
        return Centres(arrays["centres"])


def cluster(options: KMeansOptions, rows: Floats, seed: int, deadline: Deadline = NEVER) -> Centres:
    """The best centres that scikit-learn finds among windows, shape (n, length), from a few random starts.

    Raises:
        DeadlineExceeded: once the deadline has passed.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn import cluster as clustering

    windows = winsorised(rows) + np.random.default_rng(seed).normal(0.0, _BLUR, rows.shape)
    clusters = min(options.clusters, len(windows))
    random = np.random.RandomState(seed)
    best, least = np.empty((0, 0)), np.inf
    for _ in range(_STARTS):
        deadline.check()
        centres, _ = clustering.kmeans_plusplus(windows, clusters, random_state=random)
        for _ in range(_MOST_ITERATIONS // _ITERATIONS_AT_ONCE):
            deadline.check()
            fitted = clustering.KMeans(clusters, init=centres, n_init=1, max_iter=_ITERATIONS_AT_ONCE).fit(windows)
            centres = fitted.cluster_centers_
            if fitted.n_iter_ < _ITERATIONS_AT_ONCE:
                break
        if fitted.inertia_ < least:
            best, least = centres, float(fitted.inertia_)
    return Centres(best)
