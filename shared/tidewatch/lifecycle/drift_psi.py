"""The population stability index: how differently the values of a variable lie than those that a model was trained on.

Source: N. Siddiqi, Credit Risk Scorecards (2006), whose reading in three steps is the usual one. By chance
alone the index is about ``(bins - 1) (1/n + 1/m)`` for n and m independent values of one distribution (B. Yurdakul,
Statistical Properties of Population Stability Index, 2018), so that it says nothing where the values are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reading = Literal["stable", "moderate", "significant", "too few points"]

_BINS: Final = 10
_MODERATE: Final = 0.1
_SIGNIFICANT: Final = 0.25
_HALF_A_POINT: Final = 0.5
"""What a bin has at the least: an empty one would make the index infinite."""


@dataclass(frozen=True, slots=True)
class Stability:
    """How the recent values of a variable lie.

    Attributes:
        variable: its name.
        index: the population stability index, at least 0; None without recent values or values to compare with.
        by_chance: about what it would be if nothing had changed; None likewise.
        reading: ``stable`` below 0.1, ``moderate`` up to 0.25, ``significant`` beyond; ``too few points`` where chance
            alone gives 0.1.
    """

    variable: str
    index: float | None
    by_chance: float | None
    reading: Reading


def stability(variable: str, trained_on: Floats, recent: Floats) -> Stability:
    """Compares the recent values of a variable with those that a model was trained on.

    The bins are the deciles of the training values; where these tie, there are fewer bins.

    Args:
        variable: its name.
        trained_on: shape (m,); NaN where a value is missing.
        recent: shape (n,), likewise.
    """
    before, now = (values[~np.isnan(values)] for values in (trained_on, recent))
    if not before.size or not now.size:
        return Stability(variable, None, None, "too few points")
    edges = np.unique(np.quantile(before, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
    expected, found = (_shares(values, edges) for values in (before, now))
    index = float(np.sum((found - expected) * np.log(found / expected)))
    by_chance = edges.size * (1.0 / now.size + 1.0 / before.size)
    return Stability(variable, index, by_chance, _reading(index, by_chance))


def _shares(values: Floats, edges: Floats) -> Floats:
    """The share of the values in each bin: up to the first edge, from there up to the second, and so on."""
    counts = np.bincount(np.searchsorted(edges, values), minlength=edges.size + 1)
    filled = np.maximum(counts, _HALF_A_POINT)
    shares: Floats = filled / filled.sum()
    return shares


def _reading(index: float, by_chance: float) -> Reading:
    if by_chance >= _MODERATE:
        return "too few points"
    if index < _MODERATE:
        return "stable"
    return "moderate" if index <= _SIGNIFICANT else "significant"
