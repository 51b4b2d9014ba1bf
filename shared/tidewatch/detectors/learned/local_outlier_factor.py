"""The local outlier factor over rolling features: how much lonelier a point is than its nearest training points are.

Use it for a series with states of different roughness, such as a quiet night and a busy day: a step that is usual by
day is unusual where everything near it is quiet.

Source: M. Breunig, H.-P. Kriegel, R. Ng, J. Sander, LOF: Identifying Density-Based Local Outliers (2000), ACM SIGMOD,
section 4; for new points, as scikit-learn's novelty detection.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.detectors.base import Arrays, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson
from tidewatch.detectors.learned.features import Features
from tidewatch.detectors.learned.learned_rows import Contamination, FeatureOptions, LearnedRows, threshold_of
from tidewatch.detectors.learned.neighbours import squared_distances
from tidewatch.series import TimeSeries

_BLUR: Final = 0.05
"""In spreads. Copies of one point would be infinitely dense, and a state that is held exactly must not be so exact."""
_LEAST: Final = 1e-10
"""What scikit-learn adds to a mean distance that it divides by."""


class LocalOutlierFactorOptions(FeatureOptions):
    """The density about a point beside that about its neighbours, over rolling features; about 1 for a usual point."""

    name: Literal["local_outlier_factor"] = "local_outlier_factor"
    neighbours: Annotated[int, Field(ge=2, le=100, description="How many of the nearest training points count.")] = 20
    references: Annotated[
        int, Field(ge=50, le=5_000, description="Training points that are kept to compare with, at the most.")
    ] = 1_000
    score_threshold: Annotated[
        float, Field(ge=1, le=1_000, description="The factor beyond which a point is an anomaly.")
    ] = 1.5
    contamination: Contamination = None


class References:
    """Training points with what the factor needs of each.

    Attributes:
        points: float64, shape (m, features).
        reach: float64, shape (m,), the distance of each from its k-th neighbour.
        density: float64, shape (m,), the local reachability density of each.
        neighbours: k.
    """

    def __init__(self, points: Floats, reach: Floats, density: Floats, neighbours: int) -> None:
        self.points, self.reach, self.density, self.neighbours = points, reach, density, neighbours
        self._columns = np.ascontiguousarray(points.T)

    def strangeness(self, rows: Floats) -> Floats:
        """The local outlier factor of each row, shape (n,)."""
        factors = np.empty(len(rows))
        for some, squared in squared_distances(rows, self._columns):
            nearest = np.argpartition(squared, self.neighbours - 1, axis=1)[:, : self.neighbours]
            distance = np.sqrt(np.take_along_axis(squared, nearest, axis=1))
            spacing = np.maximum(distance, self.reach[nearest]).mean(axis=1) + _LEAST
            factors[some] = self.density[nearest].mean(axis=1) * spacing
        return factors

    def arrays(self) -> Arrays:
        """Points, reaches and densities."""
        return {"points": self.points, "reach": self.reach, "density": self.density}


class _LocalOutlierFactor:
    options_type = LocalOutlierFactorOptions
    in_units = True

    def learn(self, series: TimeSeries, options: LocalOutlierFactorOptions) -> Lesson:
        features, fitted = options.cross_fit(
            series,
            partial(remember, options),
            most=options.references,
            fewest=options.neighbours + 1,
            cost_option="references",
        )
        threshold = threshold_of(fitted.strangeness, options.contamination, options.score_threshold)
        facts = {"references": float(len(fitted.learner.points)), "neighbours": float(fitted.learner.neighbours)}
        return Lesson(LearnedRows(features, fitted.learner, threshold, facts), fitted.strangeness)

    def restore(
        self, options: LocalOutlierFactorOptions, parameters: Mapping[str, Json], arrays: Arrays
    ) -> LearnedRows:
        facts = parameters["facts"]
        references = References(arrays["points"], arrays["reach"], arrays["density"], int(facts["neighbours"]))
        return LearnedRows(Features.from_json(parameters["rows"]), references, float(parameters["threshold"]), facts)


def remember(options: LocalOutlierFactorOptions, rows: Floats, seed: int) -> References:
    """The references that scikit-learn's local outlier factor keeps of rows, shape (n, features), a little blurred."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.neighbors import LocalOutlierFactor

    points = rows + np.random.default_rng(seed).normal(0.0, _BLUR, rows.shape)
    neighbours = min(options.neighbours, len(points) - 1)
    fitted = LocalOutlierFactor(n_neighbors=neighbours, novelty=True, n_jobs=1).fit(points)
    distance: Floats
    nearest: NDArray[Any]
    distance, nearest = fitted.kneighbors()
    reach = distance[:, -1]
    density = 1.0 / (np.maximum(distance, reach[nearest]).mean(axis=1) + _LEAST)
    return References(points, reach, density, neighbours)


DETECTOR: Final = CalibratedDetector(_LocalOutlierFactor())
