"""What stands in for values that are missing from a row."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats

_MOST: Final = 3.0
"""Scaled values count as no further from the centre, so that a wild one does not make up a correlation."""
_RIDGE: Final = 0.05
"""Share of the correlations that is taken away: what two variables share by chance."""


def held(values: Floats) -> Floats:
    """The values with each missing one replaced by the last known one of its variable, shape (n, k); NaN before any."""
    known = ~np.isnan(values)
    if known.all():
        return values
    places = np.where(known, np.arange(len(values))[:, None], 0)
    last: Floats = np.take_along_axis(values, np.maximum.accumulate(places, axis=0), axis=0)
    return last


def correlations(scaled: Floats) -> Floats:
    """How scaled variables, shape (n, k), NaN where missing, go together; shape (k, k), positive definite."""
    moderate = np.clip(np.nan_to_num(scaled, nan=0.0), -_MOST, _MOST)
    moderate = moderate - moderate.mean(axis=0)
    deviation = np.sqrt(np.mean(moderate**2, axis=0))
    moderate /= np.where(deviation > 0.0, deviation, 1.0)
    found: Floats = (1.0 - _RIDGE) * (moderate.T @ moderate) / len(moderate)
    np.fill_diagonal(found, 1.0)
    return found


def judged_without(scaled: Floats, missing: NDArray[np.bool_], together: Floats) -> Floats:
    """Scaled rows in which a missing value is what the known values of its row let expect.

    The expectation is linear, by the correlations of the training data. So a Mahalanobis distance of such a row is that
    of its known values alone, and other scores have nothing to find in the variables that are missing.

    Args:
        scaled: shape (n, k); not looked at where missing.
        missing: bool, shape (n, k).
        together: correlations, shape (k, k).
    """
    filled = np.where(missing, 0.0, scaled)
    rows = np.flatnonzero(missing.any(axis=1))
    if not rows.size:
        return filled
    patterns, which = np.unique(missing[rows], axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        some, known = rows[which.ravel() == number], ~pattern
        if known.any():
            weights = np.linalg.solve(together[np.ix_(known, known)], together[np.ix_(known, pattern)])
            filled[np.ix_(some, pattern)] = filled[np.ix_(some, known)] @ weights
    return filled
