"""The generalised Pareto tail.

Source: its fit by probability-weighted moments, J. Hosking, J. Wallis, Parameter and Quantile Estimation for the
Generalized Pareto Distribution (1987), Technometrics 29(3), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_TAIL: Final = 0.05
"""A tail's scale is at least this share of the way from the median to where the tail begins."""
_SHAPE_LARGEST: Final = 0.5
_TAIL_SHARE: Final = 0.05
_TAIL_FEWEST: Final = 10
_NEARLY_EXPONENTIAL: Final = 1e-6


def fit_pareto(excess: Floats, heaviest: float = _SHAPE_LARGEST) -> tuple[Floats, Floats]:
    """Scale and shape of each row's tail, both of shape (rows,).

    The shape is at least 0 (exponential): a tail with an end would call everything beyond it impossible.

    Args:
        excess: how far each value is beyond the start of the tail, shape (rows, m), ascending, m at least 2.
        heaviest: the largest shape, below 1.
    """
    count = excess.shape[1]
    mean = excess.mean(axis=1)
    weighted = excess @ (np.arange(count - 1, -1, -1) / ((count - 1) * count))
    spread = mean - 2.0 * weighted
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.where(spread > 0.0, 2.0 - mean / spread, 0.0)
    shape = np.clip(shape, 0.0, heaviest)
    return mean * (1.0 - shape), shape


@dataclass(frozen=True, slots=True)
class Tail:
    """The tail of some values.

    Attributes:
        start: the value where it begins.
        scale, shape: as they were fitted.
        least: what the scale is to be at the least, for values that are all the same have a tail without length.
    """

    start: float
    scale: float
    shape: float
    least: float

    @classmethod
    def of(cls, ordered: Floats, size: int, median: float, heaviest: float = _SHAPE_LARGEST) -> Tail:
        """The tail of the last ``size`` values, shape (n,), ascending, n more than ``size``.

        Of fewer than two of them nothing is fitted: scale and shape are 0.

        Args:
            ordered: the values.
            size: at least 0.
            median: what the length of a tail is compared with.
            heaviest: the largest shape, below 1.
        """
        start = float(ordered[ordered.size - size - 1])
        least = max(LEAST_TAIL * (start - median), 1e-6 * abs(float(ordered[-1])), 1e-12)
        if size < 2:
            return cls(start, 0.0, 0.0, least)
        (scale,), (shape,) = fit_pareto(ordered[None, ordered.size - size :] - start, heaviest)
        return cls(start, float(scale), float(shape), least)


def tail_size(count: int) -> int:
    """How many of so many values a tail is told by; more than there are, where they are few."""
    return max(int(_TAIL_SHARE * count), _TAIL_FEWEST)


def log_survival(excess: Floats, scale: float, shape: float) -> Floats:
    """The natural logarithm of the share of the tail that is beyond each excess, at most 0."""
    with np.errstate(over="ignore"):
        depth = excess / scale
    return -np.log1p(shape * depth) / shape if shape > _NEARLY_EXPONENTIAL else -depth


def excess_at(log_share: float, scale: float, shape: float) -> float:
    """The excess that this share of the tail, as a natural logarithm, is beyond."""
    return float(excesses_at(np.array(log_share), scale, shape))


def excesses_at(log_shares: Floats, scale: float, shape: float) -> Floats:
    """The excess that each of some shares is beyond, of the same shape; as :func:`excess_at`."""
    excesses: Floats = np.expm1(-shape * log_shares) / shape if shape > _NEARLY_EXPONENTIAL else -log_shares
    return scale * excesses
