"""Principal components of subsequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.learned.subsequences import LEAST_SCORE, SubsequenceDetector, SubsequenceOptions, winsorised

_LEAST_SHARE: Final = 1e-4
"""Of a component, in mean variances of all: a wave without noise has some that nothing but rounding lies along."""
_LEAST_VARIANCE: Final = 1e-6
"""In squared spreads of the values, where nothing moved in any training window."""
_AT_ONCE: Final = 262_144
"""Products that are worked out at once: few enough to stay on one thread, as waking others costs more."""
_FEWEST_AT_ONCE: Final = 256
"""Windows at once, however long."""


class SubPcaOptions(SubsequenceOptions):
    """The root mean square of a window's coordinates along all principal components; about 1 where it is usual."""

    name: Literal["sub_pca"] = "sub_pca"
    windows: Annotated[
        int, Field(ge=512, le=50_000, description="Training windows that are learned from, at the most.")
    ] = 10_000


class Components:
    """Axes along which usual windows vary, each in its own standard deviations.

    Attributes:
        mean: float64, shape (length,).
        axes: float64, shape (length, length), a column each, divided by the standard deviation along it.
    """

    def __init__(self, mean: Floats, axes: Floats) -> None:
        self.mean, self.axes = mean, axes

    def nonconformity(self, rows: Floats) -> Floats:
        """The root mean square of each window's coordinates, shape (n,)."""
        step = max(_AT_ONCE // self.axes.size, _FEWEST_AT_ONCE)
        squares = np.empty(len(rows))
        for begin in range(0, len(rows), step):
            along = (rows[begin : begin + step] - self.mean) @ self.axes
            squares[begin : begin + step] = np.einsum("ij,ij->i", along, along)
        return np.maximum(np.sqrt(squares / self.mean.size), LEAST_SCORE)

    def arrays(self) -> Arrays:
        """Mean and axes."""
        return {"mean": self.mean, "axes": self.axes}

    def facts(self) -> dict[str, float]:
        """None: the arrays say all."""
        return {}


class SubPca(SubsequenceDetector[SubPcaOptions, Components]):
    """How far the window that ends at a point is from what windows of this series are made of.

    For a series with a shape that repeats, when the shape is what breaks: a higher wave, another rhythm, a dent. It
    sees stretches rather than single points, and an alarm lasts as long as the broken part is in the window. It does
    not see a stretch that lies flat at the mean, which is as near to all others as can be.

        score = sqrt(mean over all principal components of coordinate ** 2 / variance of the component)

    Source: C. Aggarwal, Outlier Analysis, second edition (2017), section 3.3; over subsequences, Q. Liu, J. Paparrizos,
    The Elephant in the Room: Towards a Reliable Time-Series Anomaly Detection Benchmark (2024), NeurIPS, where it is
    called Sub-PCA.

    >>> from tidewatch.detectors import fit_model
    >>> from tidewatch.series import TimeSeries
    >>> wave = np.sin(np.arange(400) * 2 * np.pi / 16) + np.random.default_rng(0).normal(0, 0.1, 400)
    >>> model = fit_model(TimeSeries(60 * np.arange(400), wave), SubPcaOptions())
    >>> model.score(TimeSeries(60 * np.arange(400, 402), np.array([0.0, 9.0]))).anomaly.tolist()
    [False, True]
    """

    options_type = SubPcaOptions
    # It extrapolates, other than learners of what is near: it can be compared with as few points as forecasts are.
    recent = 200
    recent_events = 3

    @property
    def most_rows(self) -> int:
        """The option ``windows``."""
        return self.options.windows

    def learn(self, rows: Floats, seed: int, deadline: Deadline) -> Components:
        """The components that scikit-learn finds."""
        return decompose(rows)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Components:
        """Mean and axes."""
        return Components(arrays["mean"], arrays["axes"])


def decompose(rows: Floats) -> Components:
    """The components that scikit-learn finds in windows, shape (n, length), n at least their length."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore"):  # shares of no variance at all, where nothing moved
        fitted = PCA(svd_solver="covariance_eigh").fit(winsorised(rows))
    variance: Floats = fitted.explained_variance_
    least = max(_LEAST_SHARE * float(variance.mean()), _LEAST_VARIANCE)
    axes = fitted.components_.T / np.sqrt(np.maximum(variance, least))
    return Components(fitted.mean_, np.ascontiguousarray(axes))
