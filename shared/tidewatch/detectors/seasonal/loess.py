"""Local regression: a line, or a constant, fitted to the points around each place, the near ones weighing most.

Source: W. Cleveland, Robust Locally Weighted Regression and Smoothing Scatterplots (1979), Journal of the American
Statistical Association 74(368); windows at the ends, and interpolation between places, as in R. Cleveland et al., STL
(1990), Journal of Official Statistics 6(1), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_AT_ONCE: Final = 1 << 19
"""Numbers of a block of windows: they stay in the processor's cache, and memory stays small."""
_FULL, _NONE = 0.001, 0.999  # of the reach: nearer weighs 1, farther nothing
_LEAST_SPREAD: Final = 0.001  # of the whole length: narrower, a slope means nothing


@dataclass(frozen=True, slots=True)
class Loess:
    """How to smooth.

    Attributes:
        window: points that a place looks at, odd, at least 3; beyond the whole length it flattens the weights.
        degree: 1 for lines, 0 for constants.
        jump: every how many places a fit is made, with straight lines between; at least 1.
    """

    window: int
    degree: int = 1
    jump: int = 1

    def smooth(self, values: Floats, weights: Floats | None = None) -> Floats:
        """The smooth curve of each column at each place.

        Args:
            values: shape (n, columns).
            weights: of the values beside those of distance, same shape; None for all 1. A place with no weight around
                keeps its value.
        """
        size = len(values)
        if size < 2:
            return values.copy()
        jump = min(self.jump, size - 1)
        at = np.append(np.arange(0, size - 1, jump), size - 1)
        reach = min(self.window, size)
        left = np.clip(at - (self.window + 1) // 2 + 1, 0, size - reach)
        fitted = self.fit(values, weights, at, left)
        fitted = np.where(np.isnan(fitted), values[at], fitted)
        if jump == 1:
            return fitted
        everywhere = np.arange(size)
        return np.stack([np.interp(everywhere, at, column) for column in fitted.T], axis=1)

    def fit(self, values: Floats, weights: Floats | None, at: NDArray[np.intp], left: NDArray[np.intp]) -> Floats:
        """The fits at some places, shape (m, columns); NaN where nothing around has weight.

        Args:
            values: as for :meth:`smooth`.
            weights: likewise.
            at: the places, shape (m,), inside the values or beside them.
            left: where the window of each begins.
        """
        size, columns = values.shape
        reach = min(self.window, size)
        fitted = np.empty((at.size, columns))
        rows = max(_AT_ONCE // (reach * columns), 1)
        for begin in range(0, at.size, rows):
            some = slice(begin, begin + rows)
            apart = np.arange(reach) - (at[some] - left[some])[:, None]
            # In the middle of a series all windows are the same.
            if (apart[0] == apart[-1]).all() and (apart[:, 0] == apart[0, 0]).all():
                apart = apart[:1]
            farthest = np.abs(apart).max(axis=1, keepdims=True) + max(self.window - size, 0) // 2
            near = _tricube(np.abs(apart) / farthest)[:, None]
            if weights is not None:
                near = near * sliding_window_view(weights, reach, axis=0)[left[some]]
            windows = sliding_window_view(values, reach, axis=0)[left[some]]
            fitted[some] = self._local(windows, near, apart.astype(np.float64)[:, None], _LEAST_SPREAD * (size - 1))
        return fitted

    def _local(self, windows: Floats, weights: Floats, apart: Floats, least: float) -> Floats:
        """Fits at distance 0: of windows (m, columns, w), with weights and distances that broadcast to them."""
        total = weights.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = _dot(weights, windows) / total
            if self.degree == 0:
                return np.where(total > 0.0, mean, np.nan)
            centre = _dot(weights, apart) / total
            weighted = weights * (apart - centre[..., None])
            spread = _dot(weighted, apart) / total
            line = mean - centre * _dot(weighted, windows) / total / spread
        return np.where(total > 0.0, np.where(spread > least * least, line, mean), np.nan)


def _tricube(shares: Floats) -> Floats:
    weights: Floats = (1.0 - shares**3) ** 3
    return np.where(shares <= _FULL, 1.0, np.where(shares <= _NONE, weights, 0.0))


def _dot(one: Floats, other: Floats) -> Floats:
    product: Floats = np.einsum("...i,...i->...", one, other)
    return product
