"""Where the level of a series, or its slope, changes for good.

At every point a straight line through the points before it is compared with one through the points after it, by the
F-test for a structural break. A change point is where the break is clearest.

Source: G. C. Chow, Tests of Equality Between Sets of Coefficients in Two Linear Regressions (1960), Econometrica 28(3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats
from tidewatch.detectors.retrospective.decomposition import LEAST_SPREAD, decompose_robustly, period_of
from tidewatch.detectors.robust import STD_PER_MAD
from tidewatch.detectors.units import Units


@dataclass(frozen=True, slots=True, eq=False)
class ChangePoints:
    """The change points of n points.

    Attributes:
        period: in points; None if there is no season.
        confidence: float64, shape (n,), 0 to 1: how sure it is that two lines fit better than one.
        is_change: bool, shape (n,), the clearest of each change; it is the first point of what is new.
    """

    period: int | None
    confidence: Floats
    is_change: NDArray[np.bool_]


def find_changes(values: Floats, *, period: int | None, window: int, least_confidence: float) -> ChangePoints:
    """The change points of a series at regular steps.

    Args:
        values: float64, shape (n,), finite, n at least 12.
        period: in points, at least 2; None to look for one.
        window: how many points on either side a change must hold for, at least 5.
        least_confidence: of a change point, 0 to 1.
    """
    confidence, is_change = np.zeros(values.size), np.zeros(values.size, dtype=np.bool_)
    if values.min() == values.max():
        return ChangePoints(None, confidence, is_change)
    scaled = Units.of_usual(values).scale(values)
    found = period_of(scaled, period)
    level = _without_season(scaled, found)
    window = min(window, (values.size - 1) // 2)
    chances = _chances(level, window)
    confidence[window : values.size - window + 1] = 1.0 - np.minimum(values.size * chances, 1.0)
    # By the chances: confidence is the same 1.0 for many.
    for place in (window + np.argsort(chances, kind="stable")).tolist():
        if confidence[place] < least_confidence or confidence[place] == 0.0:
            break
        # One change makes all points whose windows hold it look like one.
        near = window + window // 2
        if not is_change[max(place - near, 0) : place + near].any():
            is_change[place] = True
    return ChangePoints(found, confidence, is_change)


def _without_season(values: Floats, period: int | None) -> Floats:
    if period is None:
        return values
    return values - decompose_robustly(values, period).season


def _chances(level: Floats, window: int) -> Floats:
    """How probable so clear a break just before each place is by chance, shape (n - 2 * window + 1,).

    Only places with a window on both sides have one. Each is one test; whoever looks at all must allow for that.
    """
    whole, parts = _line_errors(level, 2 * window), _line_errors(level, window)
    split = parts[: whole.size] + parts[window:]
    freedom = 2 * window - 4
    # Neighbouring differences know the noise, whatever the level does; windows that happen to be calm do not.
    noise = STD_PER_MAD * float(np.median(np.abs(np.diff(level)))) / np.sqrt(2.0)
    statistic = (whole - split) / 2.0 / (np.maximum(split, freedom * max(noise, LEAST_SPREAD) ** 2) / freedom)
    # The F distribution with two degrees of freedom above has this closed form.
    chances: Floats = np.power(1.0 + 2.0 * np.maximum(statistic, 0.0) / freedom, -freedom / 2.0)
    return chances


def _line_errors(level: Floats, size: int) -> Floats:
    """The squared errors of the best straight line through each window, shape (n - size + 1,)."""
    x = np.arange(size) - (size - 1) / 2.0
    sums, products, squares = (
        np.correlate(values, weights)
        for values, weights in ((level, np.ones(size)), (level, x), (level**2, np.ones(size)))
    )
    errors: Floats = np.maximum(squares - sums**2 / size - products**2 / (x @ x), 0.0)
    return errors
