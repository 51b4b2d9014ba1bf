"""Anomalies put into normal series: what, where, and how large, in units of the noise of each background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from benchmarks.quality.backgrounds import DAY, Values

SENTINEL: Final = 65_535.0
"""A reading that stands for none, as devices send it."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A kind of anomaly.

    Attributes:
        length: points that it lasts.
        put: changes the values of its stretch, shape (length,): given these, the centre of the background there, and
            its unit.
        backgrounds: those that it is one on.
        sentinel: whether the history has a sentinel in it.
    """

    length: int
    put: Callable[[Values, Values, float], Values]
    backgrounds: tuple[str, ...]
    sentinel: bool = False


UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "white": 1.0,
        "AR": 1.0,
        "season": 1.0,
        "trend": 1.0,
        "t(3)": 3.0,
        "counts": 2.0,
        "on/off": 1.0,
        "random walk": 1.0,
        "heteroscedastic": 1.0,
        "lognormal": 4.0,
    }
)
"""About the standard deviation of the noise, or of the steps; more where usual values lie far out."""

_STEADY: Final = ("white", "AR", "season", "trend", "t(3)", "heteroscedastic")
_CONTINUOUS: Final = (*_STEADY, "random walk", "lognormal")
_DEPTH, _SHIFT, _SLOPE = 8.0, 6.0, 0.1


def centre(background: str, size: int) -> Values:
    """What the noise of a background is about; of no use for those that wander or switch."""
    if background == "season":
        phase = 2.0 * np.pi * np.arange(size) / DAY
        return 20.0 + 5.0 * np.sin(phase) + 2.0 * np.sin(2.0 * phase)
    if background == "trend":
        return 10.0 + np.arange(size) / 500.0
    return np.full(size, 5.0 if background == "counts" else 10.0)


def _raise_by(units: float) -> Callable[[Values, Values, float], Values]:
    return lambda values, _, unit: values + units * unit


def _drift(values: Values, _: Values, unit: float) -> Values:
    return values + _SLOPE * unit * np.arange(1, values.size + 1)


def _spread(factor: float) -> Callable[[Values, Values, float], Values]:
    return lambda values, about, _: about + factor * (values - about)


def _hold(values: Values, _: Values, __: float) -> Values:
    return np.full_like(values, values[0])


ANOMALIES: Final[Mapping[str, Anomaly]] = MappingProxyType(
    {
        "spike": Anomaly(1, _raise_by(_DEPTH), (*_CONTINUOUS, "counts", "on/off")),
        "spike after a sentinel": Anomaly(1, _raise_by(_DEPTH), (*_CONTINUOUS, "counts", "on/off"), sentinel=True),
        "dip": Anomaly(1, _raise_by(-_DEPTH), (*_STEADY, "random walk", "on/off")),
        "level shift": Anomaly(60, _raise_by(_SHIFT), (*_CONTINUOUS, "counts")),
        "drift": Anomaly(120, _drift, (*_STEADY, "counts")),
        "variance change": Anomaly(72, _spread(3.0), _STEADY),
        "noise burst": Anomaly(12, _spread(6.0), _STEADY),
        "flat line": Anomaly(36, _hold, (*_CONTINUOUS, "counts")),
    }
)
"""A spike, or dip, of 8 units; a level 6 units higher for 60 points; a rise of 0.1 units a point for 120; three times
the deviations for 72 points, and six times for 12; one value held for 36."""
