"""A one-class support vector machine over rolling features: a smooth boundary about what is usual.

Use it for a series whose usual states lie together in a few soft heaps, and where it matters little how far beyond them
an unusual point is: from some distance on all are equally strange.

Source: B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson, Estimating the Support of a High-Dimensional
Distribution (2001), Neural Computation 13(7), section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.detectors.base import Arrays, Floats, Json
from tidewatch.detectors.calibrated import CalibratedDetector, Lesson
from tidewatch.detectors.learned.features import Features
from tidewatch.detectors.learned.learned_rows import FEWEST, FeatureOptions, LearnedRows
from tidewatch.detectors.learned.neighbours import squared_distances
from tidewatch.series import TimeSeries

_TOLERANCE: Final = 1e-5
"""How exactly the boundary is drawn; training points on it are to its inside."""


class OneClassSvmOptions(FeatureOptions):
    """A boundary in the space of rolling features; the score is above 0 outside it, and below inside."""

    name: Literal["one_class_svm"] = "one_class_svm"
    nu: Annotated[
        float,
        Field(ge=0.001, le=0.5, description="Share of the training points that may lie outside the boundary."),
    ] = 0.01
    gamma: Annotated[
        float | None,
        Field(
            gt=0,
            le=100,
            description="How quickly likeness falls with the squared distance, in spreads; half of 1 over the number "
            "of features unless given.",
        ),
    ] = None
    references: Annotated[
        int, Field(ge=50, le=2_000, description="Training points that the boundary is drawn from, at the most.")
    ] = 2_000


class Boundary:
    """A weighted sum of bells, one on each support vector, and where it is cut.

    Attributes:
        vectors: float64, shape (m, features).
        weights: float64, shape (m,), positive.
        offset: the sum at the boundary.
        gamma: of the bells, ``exp(-gamma * squared distance)``.
    """

    def __init__(self, vectors: Floats, weights: Floats, offset: float, gamma: float) -> None:
        self.vectors, self.weights, self.offset, self.gamma = vectors, weights, offset, gamma
        self._columns = np.ascontiguousarray(vectors.T)

    def strangeness(self, rows: Floats) -> Floats:
        """By how much the sum at each row is below the boundary's, shape (n,)."""
        sums = np.empty(len(rows))
        for some, squared in squared_distances(rows, self._columns):
            np.multiply(squared, -self.gamma, out=squared)
            np.exp(squared, out=squared)
            np.multiply(squared, self.weights, out=squared)
            sums[some] = squared.sum(axis=1)
        return self.offset - sums

    def arrays(self) -> Arrays:
        """Support vectors and weights."""
        return {"vectors": self.vectors, "weights": self.weights}


class _OneClassSvm:
    options_type = OneClassSvmOptions
    in_units = True

    def learn(self, series: TimeSeries, options: OneClassSvmOptions) -> Lesson:
        features, fitted = options.cross_fit(
            series,
            lambda rows, _: enclose(options, rows),
            most=options.references,
            fewest=FEWEST,
            cost_option="references",
        )
        boundary = fitted.learner
        facts = {"support_vectors": float(len(boundary.vectors)), "offset": boundary.offset, "gamma": boundary.gamma}
        return Lesson(LearnedRows(features, boundary, 100.0 * _TOLERANCE, facts), fitted.strangeness)

    def restore(self, options: OneClassSvmOptions, parameters: Mapping[str, Json], arrays: Arrays) -> LearnedRows:
        facts = parameters["facts"]
        boundary = Boundary(arrays["vectors"], arrays["weights"], float(facts["offset"]), float(facts["gamma"]))
        return LearnedRows(Features.from_json(parameters["rows"]), boundary, float(parameters["threshold"]), facts)


def enclose(options: OneClassSvmOptions, rows: Floats) -> Boundary:
    """The boundary that scikit-learn draws about rows, shape (n, features)."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.svm import OneClassSVM

    # Features are in spreads, so their variance, which one outlier would rule, need not be asked. Half of what
    # scikit-learn takes: with narrower bells the boundary clings to the training points, and new ones fall outside.
    gamma = options.gamma or 0.5 / rows.shape[1]
    fitted = OneClassSVM(kernel="rbf", gamma=gamma, nu=options.nu, tol=_TOLERANCE).fit(rows)
    return Boundary(fitted.support_vectors_, fitted.dual_coef_[0].copy(), float(fitted.offset_[0]), gamma)


DETECTOR: Final = CalibratedDetector(_OneClassSvm())
