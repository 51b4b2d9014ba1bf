"""K-means over subsequences: how far a stretch is from the nearest of a few typical ones.

Use it for a series that does one of several things at a time, such as the stages of a machine's cycle, to find a
stretch that is none of them.

Source: T. Yairi, Y. Kato, K. Hori, Fault Detection by Mining Association Rules from House-Keeping Data (2001),
i-SAIRAS, section 3, for typical stretches as centres of clusters; S. Lloyd, Least Squares Quantization in PCM (1982),
IEEE Transactions on Information Theory 28(2).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson
from tidewatch.detectors.learned.learned_rows import FEWEST, LearnedRows
from tidewatch.detectors.learned.subsequences import (
    LEAST_STRANGENESS,
    SubsequenceOptions,
    Subsequences,
    moderate,
)
from tidewatch.series import TimeSeries

_STARTS: Final = 3
_BLUR: Final = 1e-3
"""In spreads. With fewer different windows than clusters some would be empty."""
_AT_ONCE: Final = 32_768
"""Differences that are worked out at once: small enough for the processor's cache."""


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

    def strangeness(self, rows: Floats) -> Floats:
        """The distance of each window from the nearest centre, over the root of its length, shape (n,)."""
        step = max(_AT_ONCE // self.centres.size, 1)
        nearest = np.empty(len(rows))
        for begin in range(0, len(rows), step):
            apart = rows[begin : begin + step, None, :] - self.centres
            nearest[begin : begin + step] = np.einsum("ijk,ijk->ij", apart, apart).min(axis=1)
        distance: Floats = np.maximum(np.sqrt(nearest / self.centres.shape[1]), LEAST_STRANGENESS)
        return distance

    def arrays(self) -> Arrays:
        """The centres."""
        return {"centres": self.centres}


class _KMeans:
    options_type = KMeansOptions
    in_units = True

    def learn(self, series: TimeSeries, options: KMeansOptions) -> Lesson:
        subsequences, fitted, threshold = options.cross_fit(
            series, partial(cluster, options), most=options.windows, fewest=max(FEWEST, options.clusters)
        )
        facts = {"window": float(subsequences.length), "clusters": float(len(fitted.learner.centres))}
        return Lesson(LearnedRows(subsequences, fitted.learner, threshold, facts), fitted.strangeness)

    def restore(self, options: KMeansOptions, parameters: Mapping[str, Json], arrays: Arrays) -> LearnedRows:
        subsequences = Subsequences.from_json(parameters["rows"])
        centres = Centres(arrays["centres"])
        return LearnedRows(subsequences, centres, float(parameters["threshold"]), parameters["facts"])


def cluster(options: KMeansOptions, rows: Floats, seed: int) -> Centres:
    """The centres that scikit-learn finds among windows, shape (n, length)."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.cluster import KMeans

    windows = moderate(rows) + np.random.default_rng(seed).normal(0.0, _BLUR, rows.shape)
    clusters = min(options.clusters, len(windows))
    fitted = KMeans(clusters, n_init=_STARTS, random_state=seed).fit(windows)
    return Centres(fitted.cluster_centers_)


DETECTOR: Final = CalibratedDetector(_KMeans())
