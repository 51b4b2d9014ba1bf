"""From a statistic to its p-value, by the statistic's own past.

Sources: conformal p-values, V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005), chapter 2;
the generalised Pareto tail above a high quantile, A. Siffer et al., Anomaly Detection in Streams with Extreme Value
Theory (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.pareto import LEAST_TAIL, log_survival

Floats = NDArray[np.float64]

TWICE: Final = 2.0
"""The two largest of a past count as at most so many times the third: one sentinel must not shape a tail."""
_WILD: Final = 2
_SHAPE_LARGEST: Final = 0.5
_TAIL_SHARE: Final = 0.02
_TAIL_FEWEST: Final = 8
_LN10: Final = float(np.log(10.0))


def tamed(past: Floats) -> Floats:
    """A past, shape (n,), its two largest held to twice the third; of fewer than three, as it is.

    A sentinel such as 65535 gives two unusual steps, and one unusual distance from each expectation.
    """
    if past.size <= _WILD:
        return past
    place = past.size - 1 - _WILD
    held: Floats = np.minimum(past, TWICE * np.partition(past, place)[place])
    return held


def tamed_order(ordered: Floats) -> Floats:
    """The same of a past that is sorted, shape (n,); sorted again."""
    return ordered if ordered.size <= _WILD else np.minimum(ordered, TWICE * ordered[-1 - _WILD])


def _fit(excess: Floats) -> tuple[float, float]:
    """Scale and shape of one tail, as :func:`~tidewatch.calibration.pareto.fit_pareto`; six are fitted at a time."""
    mean = float(excess.mean())
    spread = mean - 2.0 * float(excess @ _weights(excess.size))
    shape = min(max(2.0 - mean / spread, 0.0), _SHAPE_LARGEST) if spread > 0.0 else 0.0
    return mean * (1.0 - shape), shape


@lru_cache(maxsize=256)
def _weights(count: int) -> Floats:
    weights: Floats = np.arange(count - 1, -1, -1) / ((count - 1) * count)
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """One statistic's past, and a generalised Pareto tail of its largest 2 %.

    Attributes:
        ranks: float64, shape (m,), the past, ascending.
        start: where the tail begins.
        scale, shape: the tail's parameters, shape within 0 and 0.5.
        share: the p-value where the tail begins.
        memory: see :meth:`of`.
    """

    ranks: Floats
    start: float
    scale: float
    shape: float
    share: float
    memory: float

    @classmethod
    def of(cls, ranks: Floats, floor: float, memory: float = 1.0) -> Tail:
        """Calibrates by a past of m points.

        Args:
            ranks: shape (m,), ascending, m at least 10.
            floor: the least scale of the tail, so that a constant past does not make a tail of none.
            memory: how many points in a row the statistic is much the same for. A conformal p-value counts the point
                itself among those as unusual; this counts as many points as come and go together, without which smooth
                statistics would exceed their past too often.
        """
        size = ranks.size
        count = max(int(size * _TAIL_SHARE), _TAIL_FEWEST)
        start = float(ranks[size - count - 1])
        scale, shape = _fit(ranks[size - count :] - start)
        least = max(LEAST_TAIL * (start - float(ranks[size // 2])), floor)
        return cls(ranks, start, max(scale, least), shape, (count + memory) / (size + memory), memory)

    def evidence(self, values: Floats) -> Floats:
        """``-log10`` of p-values for a smooth statistic, at least 0, shape (n,): Pareto above the 98th percentile."""
        size = self.ranks.size
        above = size - np.searchsorted(self.ranks, values) + self.memory
        evidence: Floats = np.log10((size + self.memory) / above)
        beyond = values > self.start
        if beyond.any():
            tail = log_survival(values[beyond] - self.start, self.scale, self.shape)
            evidence[beyond] = -(tail + np.log(self.share)) / _LN10
        return evidence

    def rank_evidence(self, values: Floats) -> Floats:
        """``-log10`` of conformal p-values, shape (n,): ranks up to the largest of the past, Pareto only beyond it.

        Ranks hold for any distribution, also one with two modes, which a Pareto tail does not fit.
        """
        size = self.ranks.size
        evidence: Floats = np.log10((size + 1.0) / (size - np.searchsorted(self.ranks, values) + 1.0))
        last = float(self.ranks[-1])
        beyond = values > last
        if beyond.any():
            # A Pareto tail seen from further out is one again, with the same shape and a scale that has grown with it.
            scale = self.scale + self.shape * (last - self.start)
            evidence[beyond] = np.log10(size + 1.0) - log_survival(values[beyond] - last, scale, self.shape) / _LN10
        return evidence
