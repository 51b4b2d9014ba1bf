"""The generalised Pareto tail.

Source: its fit by probability-weighted moments, J. Hosking, J. Wallis, Parameter and Quantile Estimation for the
Generalized Pareto Distribution (1987), Technometrics 29(3), section 3.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHAPE_LARGEST: Final = 0.5
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


def log_survival(excess: Floats, scale: float, shape: float) -> Floats:
    """The natural logarithm of the share of the tail that is beyond each excess, at most 0."""
    with np.errstate(over="ignore"):
        depth = excess / scale
    return -np.log1p(shape * depth) / shape if shape > _NEARLY_EXPONENTIAL else -depth


def excess_at(log_share: float, scale: float, shape: float) -> float:
    """The excess that this share of the tail, as a natural logarithm, is beyond."""
    depth = -log_share
    return scale * float(np.expm1(shape * depth) / shape if shape > _NEARLY_EXPONENTIAL else depth)
