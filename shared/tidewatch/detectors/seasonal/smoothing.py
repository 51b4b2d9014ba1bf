"""Holt's and Winters' exponential smoothing: level, trend and season, each corrected by the error of the last forecast.

    forecast = level + phi * trend + season        error = value - forecast, drawn in to the clip
    level  <- level + phi * trend + alpha * error
    trend  <- phi * trend + alpha * beta * error
    season <- season + gamma * error               (of the point's own phase)

Errors are drawn in before they correct anything, so that one wild value teaches no more than an unusual one.

Sources: C. Holt, Forecasting Seasonals and Trends by Exponentially Weighted Moving Averages (1957), reprinted in the
International Journal of Forecasting 20(1), 2004; P. Winters, Forecasting Sales by Exponentially Weighted Moving
Averages (1960), Management Science 6(3); the damped trend, E. Gardner, E. McKenzie, Forecasting Trends in Time Series
(1985), Management Science 31(10); errors drawn in, S. Gelper, R. Fried, C. Croux, Robust Forecasting with Exponential
and Holt-Winters Smoothing (2010), Journal of Forecasting 29(3), section 3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats

Whole = NDArray[np.int64]

_ALPHAS: Final = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
_BETAS: Final = (0.0, 0.02, 0.08, 0.3)
_GAMMAS: Final = (0.0, 0.03, 0.1, 0.25, 0.5)
_PHIS: Final = (0.85, 0.93, 0.98, 1.0)
_FINER: Final = (1.5, 1.2)  # factors about the best of the round before
_MOST_DAMPED: Final = 0.5
_PENALTY: Final = 2.0  # Akaike's, in logarithms of the likelihood twice, of a parameter that is not 0


@dataclass(frozen=True, slots=True)
class Smoothing:
    """The parameters: each a share, 0 to 1.

    Attributes:
        alpha: of the error that the level takes on.
        beta: of the change of level that the trend takes on.
        gamma: of the error that the season takes on.
        phi: of the trend that is left after a step; 1 for a trend that goes on for ever.
    """

    alpha: float
    beta: float
    gamma: float
    phi: float

    def time_constant(self) -> float:
        """Steps in which what is wrong in level, and in a trend that is learned, falls to 1 / e; at most 1,000."""
        keep = 1.0 - self.alpha
        if self.beta > 0.0:
            both = [[keep, keep * self.phi], [-self.alpha * self.beta, (1.0 - self.alpha * self.beta) * self.phi]]
            keep = float(np.abs(np.linalg.eigvals(both)).max())
        return -1.0 / math.log(min(max(keep, 1e-3), 0.999))

    def reach(self, steps: Whole) -> tuple[Floats, Floats]:
        """How many trends the level moves in so many steps, and how much of the trend is left; shape (n,) each."""
        left = self.phi ** steps.astype(np.float64)
        moved = steps.astype(np.float64) if self.phi == 1.0 else self.phi * (1.0 - left) / (1.0 - self.phi)
        return moved, left


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What smoothing runs over; every array has shape (n,).

    Attributes:
        values: float64.
        phases: int64, of each point in the season; all 0 without one.
        steps: int64, from the point before to each: 1, and more after a gap.
    """

    values: Floats
    phases: Whole
    steps: Whole

    def last(self, size: int) -> Points:
        """At most so many from the end."""
        start = max(self.values.size - size, 0)
        return Points(self.values[start:], self.phases[start:], self.steps[start:])


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The states before the first point: level, trend per step, and the season by phase, shape (period,)."""

    level: float
    trend: float
    season: Floats


def smooth(points: Points, smoothing: Smoothing, start: Start, clip: float = math.inf) -> tuple[Floats, Floats, Floats]:
    """Forecasts each point by those before it.

    Returns:
        The forecasts; what the season was in each, both of shape (n,); and the season after the last point.
    """
    moved, left = smoothing.reach(points.steps)
    alpha, gamma = smoothing.alpha, smoothing.gamma
    alpha_beta = alpha * smoothing.beta
    level, trend, season = start.level, start.trend, start.season.tolist()
    forecasts, seasonal = [], []
    rows = zip(points.values.tolist(), points.phases.tolist(), moved.tolist(), left.tolist(), strict=True)
    for value, phase, ahead, kept in rows:
        level += ahead * trend
        forecasts.append(level + season[phase])
        seasonal.append(season[phase])
        error = min(max(value - forecasts[-1], -clip), clip)
        level += alpha * error
        trend = kept * trend + alpha_beta * error
        season[phase] += gamma * error
    return np.array(forecasts), np.array(seasonal), np.array(season)


def estimate(points: Points, start: Start, clip: float, given: Mapping[str, float | None]) -> Smoothing:
    """The parameters whose forecasts have the least squared error, errors drawn in to the clip.

    A grid is tried, then finer ones about its best; the states of all its points move on together, one array each.

    Args:
        points: n of them; the time is in proportion.
        start: the states before the first.
        clip: above 0.
        given: the value of each of :class:`Smoothing`'s attributes, or None for those to find.
    """
    seasonal = start.season.size > 1
    axes = dict(zip(("alpha", "beta", "gamma", "phi"), (_ALPHAS, _BETAS, _GAMMAS, _PHIS), strict=True))
    if not seasonal:
        axes["gamma"] = (0.0,)
    axes |= {name: (value,) for name, value in given.items() if value is not None and (seasonal or name != "gamma")}
    free = [name for name, axis in axes.items() if len(axis) > 1]
    best = _best(points, start, clip, axes)
    for factor in _FINER if free else ():
        around = {name: _around(name, getattr(best, name), factor) if name in free else axes[name] for name in axes}
        best = _best(points, start, clip, around)
    return best


def _around(name: str, value: float, factor: float) -> Sequence[float]:
    if name == "phi":
        damping = 1.0 - value
        return sorted({1.0 - min(damping * times, _MOST_DAMPED) for times in (1.0 / factor, 1.0, factor)})
    if value == 0.0:
        return (0.0, 0.01 / factor)
    return sorted({min(value * times, 1.0) for times in (1.0 / factor, 1.0, factor)})


def _best(points: Points, start: Start, clip: float, axes: Mapping[str, Sequence[float]]) -> Smoothing:
    tried = [Smoothing(*shares) for shares in itertools.product(*axes.values())]
    # Beyond it a season and the level both take on more than all of an error.
    usable = [one for one in tried if one.gamma <= 1.0 - one.alpha] or tried
    costs = _squared_errors(points, start, clip, usable)
    parameters = np.array([(one.beta > 0.0) + (one.gamma > 0.0) for one in usable])
    return usable[int(np.argmin(costs * np.exp(_PENALTY * parameters / points.values.size)))]


def _squared_errors(points: Points, start: Start, clip: float, tried: Sequence[Smoothing]) -> Floats:
    """Sums over all points, one for each of the parameters tried, shape (k,)."""
    alpha, beta, gamma, _ = np.array([astuple(one) for one in tried]).T
    level, trend = np.full(len(tried), start.level), np.full(len(tried), start.trend)
    season = np.repeat(start.season[:, None], len(tried), axis=1)
    distinct = np.unique(points.steps)
    moved, left = np.array([one.reach(distinct) for one in tried]).transpose(1, 2, 0)
    moves = {steps: (moved[row], left[row]) for row, steps in enumerate(distinct.tolist())}
    alpha_beta = alpha * beta
    total, error, part = np.zeros((3, len(tried)))
    rows = zip(points.values.tolist(), points.phases.tolist(), points.steps.tolist(), strict=True)
    for value, phase, steps in rows:
        ahead, kept = moves[steps]
        own = season[phase]
        np.multiply(trend, ahead, out=part)
        level += part
        np.subtract(value, level, out=error)
        error -= own
        np.minimum(error, clip, out=error)
        np.maximum(error, -clip, out=error)
        np.multiply(error, error, out=part)
        total += part
        np.multiply(error, alpha, out=part)
        level += part
        trend *= kept
        np.multiply(error, alpha_beta, out=part)
        trend += part
        np.multiply(error, gamma, out=part)
        own += part
    return total
