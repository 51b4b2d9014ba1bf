"""The local outlier factor over rolling features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.learned.features import Contamination, FeatureDetector, FeatureOptions, quantile_threshold
from tidewatch.detectors.learned.neighbours import Neighbours

_THRESHOLD: Final = 1.5
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
        float | None,
        Field(
            ge=1,
            le=1_000,
            description="The factor beyond which a point is an anomaly; unless given, 1.5, and no less than "
            "training and the last points ask for.",
        ),
    ] = None
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
        self._neighbours = Neighbours(points)

    def nonconformity(self, rows: Floats) -> Floats:
        """The local outlier factor of each row, shape (n,)."""
        factors = np.empty(len(rows))
        for some, squared, nearest in self._neighbours.nearest_of_each(rows, self.neighbours):
            spacing = np.maximum(np.sqrt(squared), self.reach[nearest]).mean(axis=1) + _LEAST
            factors[some] = self.density[nearest].mean(axis=1) * spacing
        return factors

    def arrays(self) -> Arrays:
        """Points, reaches and densities."""
        return {"points": self.points, "reach": self.reach, "density": self.density}

    def facts(self) -> dict[str, float]:
        """How many points there are, and k."""
        return {"references": float(len(self.points)), "neighbours": float(self.neighbours)}


class LocalOutlierFactor(FeatureDetector[LocalOutlierFactorOptions, References]):
    """How much less dense the data are about a point than about its nearest training points.

    For a series with states of different roughness, such as a quiet night and a busy day: a step that is usual by day
    is unusual where everything near it is quiet.

        reachability(p, o) = max(distance from o to its k-th neighbour, distance from p to o)
        density(p) = 1 / mean reachability of p from its k nearest training points
        score(p) = mean density of its k nearest training points / density(p)

    Source: M. Breunig, H.-P. Kriegel, R. Ng, J. Sander, LOF: Identifying Density-Based Local Outliers (2000), ACM
    SIGMOD, section 4; for new points, as scikit-learn's novelty detection.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(60 * np.arange(200), np.random.default_rng(0).normal(size=200))
    >>> model = fit_model(history, LocalOutlierFactorOptions())
    >>> model.score(TimeSeries(60 * np.arange(200, 202), np.array([0.0, 9.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = LocalOutlierFactorOptions
    cost_option = "references"

    @property
    def decides_by_default(self) -> bool:
        """Whether neither ``score_threshold`` nor ``contamination`` is given."""
        return self.options.score_threshold is None and self.options.contamination is None

    @property
    def most_rows(self) -> int:
        """The option ``references``."""
        return self.options.references

    @property
    def fewest_rows(self) -> int:
        """A point and its neighbours."""
        return self.options.neighbours + 1

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> References:
        """The references, with the neighbours that scikit-learn finds."""
        return remember(self.options, rows, seed)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> References:
        """References and k."""
        return References(arrays["points"], arrays["reach"], arrays["density"], int(facts["neighbours"]))

    def choose_threshold(self, scores: Floats) -> float:
        """The option ``score_threshold``, or by ``contamination``."""
        return quantile_threshold(scores, self.options.contamination, self.options.score_threshold or _THRESHOLD)


def remember(options: LocalOutlierFactorOptions, rows: Floats, seed: int) -> References:
    """The references that the factor is taken by, of rows, shape (n, features), a little blurred."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn import neighbors

    points = rows + np.random.default_rng(seed).normal(0.0, _BLUR, rows.shape)
    neighbours = min(options.neighbours, len(points) - 1)
    distance: Floats
    nearest: NDArray[Any]
    # Without an argument, no point is its own neighbour.
    distance, nearest = (
        neighbors.NearestNeighbors(n_neighbors=neighbours, algorithm="brute", n_jobs=1).fit(points).kneighbors()
    )
    reach = distance[:, -1]
    density = 1.0 / (np.maximum(distance, reach[nearest]).mean(axis=1) + _LEAST)
    return References(points, reach, density, neighbours)
