"""DBSCAN over rolling features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, CannotTrain, Floats
from tidewatch.detectors.learned.features import FeatureDetector, FeatureOptions
from tidewatch.detectors.learned.neighbours import Neighbours

_NOISE: Final = 0.01
_LEAST_RADIUS: Final = 0.1
"""In spreads. The copies of a series that repeats itself lie on one spot, and the next point need not be that exact."""


class DbscanOptions(FeatureOptions):
    """The distance from the nearest dense spot over the radius of such a spot; above 1 a point is noise."""

    name: Literal["dbscan"] = "dbscan"
    min_samples: Annotated[
        int, Field(ge=2, le=100, description="Training points within eps that make a dense spot, its own included.")
    ] = 10
    eps: Annotated[
        float | None,
        Field(
            gt=0,
            le=1_000,
            description="The radius of a dense spot, in spreads of the features; unless given, such that the share "
            "noise of the training points are in none.",
        ),
    ] = None
    noise: Annotated[
        float | None,
        Field(
            ge=0.001,
            le=0.5,
            description="Share of the training points that are no dense spots, 0.01 unless given. A point is noise "
            "beyond eps; unless eps or noise is given, beyond what training and the last points ask for, if that is "
            "more.",
        ),
    ] = None
    references: Annotated[
        int, Field(ge=50, le=5_000, description="Training points that are clustered, at the most.")
    ] = 1_000


class DenseSpots:
    """The core points of a clustering.

    Attributes:
        cores: float64, shape (m, features), m at least 1.
        radius: eps.
    """

    def __init__(self, cores: Floats, radius: float) -> None:
        self.cores, self.radius = cores, radius
        self._neighbours = Neighbours(cores)

    def nonconformity(self, rows: Floats) -> Floats:
        """The distance of each row from the nearest core point, in radii, shape (n,)."""
        distance: Floats = np.sqrt(self._neighbours.nearest(rows)) / self.radius
        return distance

    def arrays(self) -> Arrays:
        """The core points."""
        return {"cores": self.cores}

    def facts(self) -> dict[str, float]:
        """How many there are, and their radius."""
        return {"core_points": float(len(self.cores)), "eps": self.radius}


class Dbscan(FeatureDetector[DbscanOptions, DenseSpots]):
    """How far a point is from every dense spot of the training data: beyond ``eps`` it is noise.

    For a series that moves between a few states, of any shape, where anything between or beyond them is wrong. A core
    point has at least ``min_samples`` training points within ``eps`` of it, itself included.

        score = distance from the nearest core point / eps

    Source: M. Ester, H.-P. Kriegel, J. Sander, X. Xu, A Density-Based Algorithm for Discovering Clusters (1996), KDD,
    sections 3 and 4.2: eps is where the sorted distances to the k-th neighbour leave out a share of noise.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> two_states = np.repeat([0.0, 9.0, 0.0, 9.0], 50) + np.random.default_rng(0).normal(0, 0.1, 200)
    >>> model = fit_model(TimeSeries(60 * np.arange(200), two_states), DbscanOptions())
    >>> model.score(TimeSeries(60 * np.arange(200, 202), np.array([9.0, 30.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = DbscanOptions
    cost_option = "references"

    @property
    def decides_by_default(self) -> bool:
        """Whether neither ``eps`` nor ``noise`` is given."""
        return self.options.eps is None and self.options.noise is None

    @property
    def most_rows(self) -> int:
        """The option ``references``."""
        return self.options.references

    @property
    def fewest_rows(self) -> int:
        """Enough for one dense spot."""
        return max(super().fewest_rows, self.options.min_samples)

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> DenseSpots:
        """The core points that scikit-learn finds.

        Raises:
            CannotTrain: if there are none, since ``eps`` is too small.
        """
        return cluster(self.options, rows)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> DenseSpots:
        """Core points and radius."""
        return DenseSpots(arrays["cores"], float(facts["eps"]))

    def choose_threshold(self, scores: Floats) -> float:
        """The radius."""
        return 1.0


def cluster(options: DbscanOptions, rows: Floats) -> DenseSpots:
    """The core points that scikit-learn finds among rows, shape (n, features).

    Raises:
        CannotTrain: if there are none, since ``eps`` is too small.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.neighbors import NearestNeighbors

    # A point is the first of its own neighbours. Of a clustering only the core points are used, so only they are found.
    neighbours = NearestNeighbors(n_neighbors=options.min_samples, algorithm="brute", n_jobs=1).fit(rows)
    distance = neighbours.kneighbors(rows)[0][:, -1]
    radius = options.eps
    if radius is None:
        radius = max(float(np.quantile(distance, 1.0 - (options.noise or _NOISE))), _LEAST_RADIUS)
    cores = rows[distance <= radius]
    if not len(cores):
        raise CannotTrain(
            f"no training point has {options.min_samples} within {radius:g} spreads: raise eps, or lower min_samples",
            option="eps",
        )
    return DenseSpots(cores, radius)
