"""From a statistic to its p-value, by the statistic's own past.

Sources: conformal p-values, V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005), chapter 2;
the generalised Pareto tail above a high quantile, A. Siffer et al., Anomaly Detection in Streams with Extreme Value
Theory (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.pareto import LEAST_TAIL, excess_at, fit_pareto, log_survival

_TAIL_SHARE: Final = 0.02
_TAIL_FEWEST: Final = 8
_LN10: Final = float(np.log(10.0))


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """Calibration of several statistics at once, each by its own sorted past.

    Attributes:
        ranks: float64, shape (rows, m), the past of each statistic, ascending.
        start: float64, shape (rows,), where the Pareto tail begins.
        scale, shape: float64, shape (rows,), the tail's parameters, shape within 0 and 0.5.
        share: float64, shape (rows,), the p-value where the tail begins.
        memory: float64, shape (rows,), see :meth:`of`.
    """

    ranks: NDArray[np.float64]
    start: NDArray[np.float64]
    scale: NDArray[np.float64]
    shape: NDArray[np.float64]
    share: NDArray[np.float64]
    memory: NDArray[np.float64]

    @classmethod
    def of(cls, ranks: NDArray[np.float64], floor: NDArray[np.float64], memory: NDArray[np.float64]) -> Tails:
        """Calibrates by a past of m points.

        Args:
            ranks: shape (rows, m), each row ascending, m at least 10.
            floor: shape (rows,), the least scale of each tail, so that a constant past does not make a tail of none.
            memory: shape (rows,), how many points in a row a statistic is much the same for. A conformal p-value counts
                the point itself among those as unusual; this counts as many points as come and go together, without
                which smooth statistics would exceed their past too often.
        """
        size = ranks.shape[1]
        count = max(int(size * _TAIL_SHARE), _TAIL_FEWEST)
        start = ranks[:, size - count - 1]
        excess = ranks[:, size - count :] - start[:, None]
        scale, shape = fit_pareto(excess)
        least = np.maximum(LEAST_TAIL * (start - ranks[:, size // 2]), floor)
        return cls(ranks, start, np.maximum(scale, least), shape, (count + memory) / (size + memory), memory)

    def evidence(self, row: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``-log10`` of the p-value of each value under the calibration of a row, at least 0, shape (n,)."""
        ranks = self.ranks[row]
        size = ranks.size
        above = size - np.searchsorted(ranks, values) + self.memory[row]
        evidence: NDArray[np.float64] = np.log10((size + self.memory[row]) / above)
        beyond = values > self.start[row]
        if beyond.any():
            evidence[beyond] = self._beyond(row, values[beyond])
        return evidence

    def limit(self, row: int, p_value: float) -> float:
        """The value with this p-value in the tail of a row; ``p_value`` at most ``share``."""
        depth = float(np.log(max(float(self.share[row]) / p_value, 1.0)))
        shape = float(self.shape[row])
        return float(self.start[row]) + excess_at(-depth, float(self.scale[row]), shape)

    def _beyond(self, row: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        tail = log_survival(values - self.start[row], float(self.scale[row]), float(self.shape[row]))
        deeper: NDArray[np.float64] = -(tail + np.log(self.share[row])) / _LN10
        return deeper
