"""A one-class support vector machine over rolling features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.detector import FitResult
from tidewatch.detectors.learned.features import FeatureDetector, FeatureOptions
from tidewatch.detectors.learned.neighbours import squared_distances
from tidewatch.series import TimeSeries

_NU: Final = 0.01
_TOLERANCE: Final = 1e-5
"""How exactly the boundary is drawn; training points on it are to its inside."""

_SHORT_OF_LARGEST: Final = 1e-3
"""Of the offset: how far below the largest score a limit is at the most."""


class OneClassSvmOptions(FeatureOptions):
    """A boundary in the space of rolling features; the score is above 0 outside it, and below inside."""

    name: Literal["one_class_svm"] = "one_class_svm"
    nu: Annotated[
        float | None,
        Field(
            ge=0.001,
            le=0.5,
            description="Share of the training points that may lie outside the boundary, 0.01 unless given. Unless "
            "given, a point is no anomaly just beyond it, but beyond what training and the last points ask for.",
        ),
    ] = None
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
    """A weighted sum of Gaussian kernels, one on each support vector, and where it is cut.

    Attributes:
        vectors: float64, shape (m, features).
        weights: float64, shape (m,), positive.
        offset: the sum at the boundary.
        gamma: of the kernels.
    """

    def __init__(self, vectors: Floats, weights: Floats, offset: float, gamma: float) -> None:
        self.vectors, self.weights, self.offset, self.gamma = vectors, weights, offset, gamma
        self._columns = np.ascontiguousarray(vectors.T)

    def nonconformity(self, rows: Floats) -> Floats:
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

    def facts(self) -> dict[str, float]:
        """How many support vectors there are, offset and gamma."""
        return {"support_vectors": float(len(self.vectors)), "offset": self.offset, "gamma": self.gamma}


class OneClassSvm(FeatureDetector[OneClassSvmOptions, Boundary]):
    """How far a point lies outside a smooth boundary about what is usual.

    For a series whose usual states lie together in a few soft clusters, where it matters little how far beyond them an
    unusual point is: from some distance on all get the same score. So where such points are usual, as resets of a
    counter are, two of them among the last 800 hide what is further out.

        score = offset - sum of weight_i * exp(-gamma * squared distance from support vector i)

    Source: B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson, Estimating the Support of a
    High-Dimensional Distribution (2001), Neural Computation 13(7), section 3.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> history = TimeSeries(60 * np.arange(200), np.random.default_rng(0).normal(size=200))
    >>> model = fit_model(history, OneClassSvmOptions())
    >>> model.score(TimeSeries(60 * np.arange(200, 202), np.array([0.0, 9.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = OneClassSvmOptions
    cost_option = "references"

    @property
    def decides_by_default(self) -> bool:
        """Whether ``nu`` is not given."""
        return self.options.nu is None

    @property
    def most_rows(self) -> int:
        """The option ``references``."""
        return self.options.references

    def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
        """Learns from the rows of a series.

        The boundaries of cross-fitting have offsets of their own, and the largest score is the offset: a limit from
        their scores could be more than the boundary that judges ever gives. So their scores end just short of that.

        Raises:
            CannotTrain: if the series is too short, or the options would take too long.
        """
        fitted = super().fit(series, deadline)
        if fitted.calibration is None:
            return fitted
        most = (1.0 - _SHORT_OF_LARGEST) * self.learner_.offset
        return replace(fitted, calibration=np.minimum(fitted.calibration, most))

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> Boundary:
        """The boundary that scikit-learn draws."""
        return enclose(self.options, rows)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Boundary:
        """Support vectors, weights, offset and gamma."""
        return Boundary(arrays["vectors"], arrays["weights"], float(facts["offset"]), float(facts["gamma"]))

    def choose_threshold(self, scores: Floats) -> float:
        """The boundary, or all but."""
        return 100.0 * _TOLERANCE


def enclose(options: OneClassSvmOptions, rows: Floats) -> Boundary:
    """The boundary that scikit-learn draws about rows, shape (n, features)."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.svm import OneClassSVM

    # Features are in spreads, so their variance, which one outlier would rule, need not be asked. Half of what
    # scikit-learn takes: with narrower kernels the boundary clings to the training points, and new ones fall outside.
    gamma = options.gamma or 0.5 / rows.shape[1]
    fitted = OneClassSVM(kernel="rbf", gamma=gamma, nu=options.nu or _NU, tol=_TOLERANCE).fit(rows)
    return Boundary(fitted.support_vectors_, fitted.dual_coef_[0].copy(), float(fitted.offset_[0]), gamma)
