"""Periodic series in which single periods have another shape: a beat left out, reversed, or out of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from benchmarks.quality.anomalies import centre
from benchmarks.quality.backgrounds import DAY, Values


@dataclass(frozen=True, slots=True, eq=False)
class Beat:
    """A periodic background.

    Attributes:
        shape: one period, shape (period,).
        noise: the standard deviation of the Gaussian noise on it.
    """

    shape: Values
    noise: float


def _pulse(period: int) -> Values:
    """A quick rise and a slow fall, after a rest: as a heart, a charge, or a batch that is worked off."""
    place = np.arange(period) - period // 4
    return np.where(place >= 0, 10.0 * (1.0 - np.exp(-place / 1.5)) * np.exp(-place / (period / 5)), 0.0)


def _schedule(period: int) -> Values:
    """On for a third of the period, with a dent in the middle of it that ends higher."""
    place = np.arange(period) / period
    return np.where((place > 1 / 4) & (place < 7 / 12), np.where(place < 5 / 12, 6.0, 10.0), 0.0)


BEATS: Final[Mapping[str, Beat]] = MappingProxyType(
    {
        "season": Beat(centre("season", DAY), 1.0),
        "pulses": Beat(_pulse(40), 0.5),
        "schedule": Beat(_schedule(48), 0.5),
    }
)


def _missing(shape: Values) -> Values:
    return np.full_like(shape, shape[0])


def _reversed(shape: Values) -> Values:
    return shape[::-1].copy()


def _warped(shape: Values) -> Values:
    """Slower at first and faster then: out of time by a quarter of the period at the most."""
    place = np.arange(shape.size) / shape.size
    return np.interp(place**2 * shape.size, np.arange(shape.size), shape)


CHANGES: Final[Mapping[str, Callable[[Values], Values]]] = MappingProxyType(
    {"missing beat": _missing, "reversed beat": _reversed, "time warp": _warped}
)


def visible(shape: Values, changed: Values, noise: float) -> tuple[int, int]:
    """The first and the last point of the period at which the change is twice the noise."""
    places = np.flatnonzero(np.abs(changed - shape) >= 2.0 * noise)
    return int(places[0]), int(places[-1])
