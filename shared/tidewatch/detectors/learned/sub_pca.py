"""Principal components of subsequences: how far a stretch is from what stretches of this series are made of.

Use it for a series with a shape that repeats, when the shape is what breaks: a higher wave, another rhythm, a dent. It
sees stretches rather than single points, and an alarm lasts as long as the broken part is in the window. It does not
see a stretch that lies flat at the mean, which is as near to all others as can be.

Source: C. Aggarwal, Outlier Analysis, second edition (2017), section 3.3, the sum of squares of the coordinates along
all principal components, each over its variance; over subsequences, Q. Liu, J. Paparrizos, The Elephant in the Room:
Towards a Reliable Time-Series Anomaly Detection Benchmark (2024), NeurIPS, where it is called Sub-PCA.
"""

from __future__ import annotations

from collections.abc import Mapping
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

    def strangeness(self, rows: Floats) -> Floats:
        """The root mean square of each window's coordinates, shape (n,)."""
        step = max(_AT_ONCE // self.axes.size, _FEWEST_AT_ONCE)
        squares = np.empty(len(rows))
        for begin in range(0, len(rows), step):
            along = (rows[begin : begin + step] - self.mean) @ self.axes
            squares[begin : begin + step] = np.einsum("ij,ij->i", along, along)
        return np.maximum(np.sqrt(squares / self.mean.size), LEAST_STRANGENESS)

    def arrays(self) -> Arrays:
        """Mean and axes."""
        return {"mean": self.mean, "axes": self.axes}


class _SubPca:
    options_type = SubPcaOptions
    in_units = True

    def learn(self, series: TimeSeries, options: SubPcaOptions) -> Lesson:
        subsequences, fitted, threshold = options.cross_fit(
            series, lambda rows, _: decompose(rows), most=options.windows, fewest=FEWEST
        )
        facts = {"window": float(subsequences.length)}
        return Lesson(LearnedRows(subsequences, fitted.learner, threshold, facts), fitted.strangeness)

    def restore(self, options: SubPcaOptions, parameters: Mapping[str, Json], arrays: Arrays) -> LearnedRows:
        components = Components(arrays["mean"], arrays["axes"])
        subsequences = Subsequences.from_json(parameters["rows"])
        return LearnedRows(subsequences, components, float(parameters["threshold"]), parameters["facts"])


def decompose(rows: Floats) -> Components:
    """The components that scikit-learn finds in windows, shape (n, length), n at least their length."""
    # Learning needs scikit-learn; judging does not, and must start without it.
    from sklearn.decomposition import PCA

    with np.errstate(invalid="ignore"):  # shares of no variance at all, where nothing moved
        fitted = PCA(svd_solver="covariance_eigh").fit(moderate(rows))
    variance: Floats = fitted.explained_variance_
    least = max(_LEAST_SHARE * float(variance.mean()), _LEAST_VARIANCE)
    axes = fitted.components_.T / np.sqrt(np.maximum(variance, least))
    return Components(fitted.mean_, np.ascontiguousarray(axes))


DETECTOR: Final = CalibratedDetector(_SubPca())
