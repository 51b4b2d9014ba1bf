"""DBSCAN over rolling features: a point is unusual when it is far from every dense spot of the training data.

Use it for a series that moves between a few states, of any shape, and where anything between or beyond them is wrong.

Source: M. Ester, H.-P. Kriegel, J. Sander, X. Xu, A Density-Based Algorithm for Discovering Clusters (1996), KDD,
sections 3 and 4.2: the radius is where the sorted distances to the k-th neighbour leave out a share of noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, CannotTrain, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson
from tidewatch.detectors.learned.features import Features
from tidewatch.detectors.learned.learned_rows import FEWEST, FeatureOptions, LearnedRows
from tidewatch.detectors.learned.neighbours import squared_distances
from tidewatch.series import TimeSeries

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
        float, Field(ge=0.001, le=0.5, description="Share of the training points that are no dense spots.")
    ] = 0.01
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
        self._columns = np.ascontiguousarray(cores.T)

    def strangeness(self, rows: Floats) -> Floats:
        """The distance of each row from the nearest core point, in radii, shape (n,)."""
        distances = np.empty(len(rows))
        for some, squared in squared_distances(rows, self._columns):
            np.sqrt(squared.min(axis=1), out=distances[some])
        return distances / self.radius

    def arrays(self) -> Arrays:
        """The core points."""
        return {"cores": self.cores}


class _Dbscan:
    options_type = DbscanOptions
    in_units = True

    def learn(self, series: TimeSeries, options: DbscanOptions) -> Lesson:
        features, fitted = options.cross_fit(
            series,
            lambda rows, _: cluster(options, rows),
            most=options.references,
            fewest=max(FEWEST, options.min_samples),
            cost_option="references",
        )
        facts = {"core_points": float(len(fitted.learner.cores)), "eps": fitted.learner.radius}
        return Lesson(LearnedRows(features, fitted.learner, 1.0, facts), fitted.strangeness)

    def restore(self, options: DbscanOptions, parameters: Mapping[str, Json], arrays: Arrays) -> LearnedRows:
        facts = parameters["facts"]
        spots = DenseSpots(arrays["cores"], float(facts["eps"]))
        return LearnedRows(Features.from_json(parameters["rows"]), spots, float(parameters["threshold"]), facts)


def cluster(options: DbscanOptions, rows: Floats) -> DenseSpots:
    """The core points that scikit-learn finds among rows, shape (n, features).

    Raises:
        CannotTrain: if there are none, since ``eps`` is too small.
    """
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    radius = options.eps
    if radius is None:
        # A point is the first of its own neighbours.
        distance, _ = NearestNeighbors(n_neighbors=options.min_samples, n_jobs=1).fit(rows).kneighbors(rows)
        radius = max(float(np.quantile(distance[:, -1], 1.0 - options.noise)), _LEAST_RADIUS)
    cores = DBSCAN(eps=radius, min_samples=options.min_samples, n_jobs=1).fit(rows).components_
    if not len(cores):
        raise CannotTrain(
            f"no training point has {options.min_samples} within {radius:g} spreads: raise eps, or lower min_samples",
            option="eps",
        )
    return DenseSpots(cores, radius)


DETECTOR: Final = CalibratedDetector(_Dbscan())
