"""Holt's and Winters' exponential smoothing: level, trend and season, each corrected by the error of the last forecast.

    forecast = level + phi * trend + season        error = value - forecast, winsorised at the clip
    level  <- level + phi * trend + alpha * error
    trend  <- phi * trend + alpha * beta * error
    season <- season + gamma * error               (of the point's own phase)

Errors are winsorised before they correct anything, so that one wild value moves the states no more than an unusual one.

Sources: C. Holt, Forecasting Seasonals and Trends by Exponentially Weighted Moving Averages (1957), reprinted in the
International Journal of Forecasting 20(1), 2004; P. Winters, Forecasting Sales by Exponentially Weighted Moving
Averages (1960), Management Science 6(3); the damped trend, E. Gardner, E. McKenzie, Forecasting Trends in Time Series
(1985), Management Science 31(10); winsorised errors, S. Gelper, R. Fried, C. Croux, Robust Forecasting with Exponential
and Holt-Winters Smoothing (2010), Journal of Forecasting 29(3), section 3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
_BLOCK: Final = 4_096
_FEW: Final = 6
"""Fewer points each run by themselves: an operation on an array costs as much as one on many numbers."""


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

    def damped_trend(self, steps: Whole) -> tuple[Floats, Floats]:
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
    moved, left = smoothing.damped_trend(points.steps)
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
    """The parameters whose forecasts have the least squared error, errors winsorised at the clip.

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
    moved, left = np.array([one.damped_trend(distinct) for one in tried]).transpose(1, 2, 0)
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


@dataclass(frozen=True)
class HoltForecaster:
    """Forecasts each point by Holt's smoothing of the few points before it, run anew for each.

    A recursion remembers its whole past, and a judgement may depend on a bounded part of it only. So each point has a
    window of its own: the level starts at the median of the window's first points, moves on over the others, and
    forecasts. The windows of thousands of points move on together, step by step, as arrays.

    Attributes:
        smoothing: alpha, beta and phi; the season is taken away already.
        trend: per step, at the start of a window.
        clip: errors are winsorised at it before they correct anything.
        lookback: points in a window.
        start: how many of them the level starts from, odd, less than the lookback.
    """

    smoothing: Smoothing
    trend: float
    clip: float
    lookback: int
    start: int

    def forecasts(self, values: Floats, steps: NDArray[np.int64], skip: int) -> Floats:
        """The forecast of each point, shape (n - skip,); NaN where fewer than ``lookback`` came before.

        Args:
            values: without their season, shape (n,), magnitudes at most 1e150.
            steps: from the point before to each, shape (n,).
            skip: how many points at the start are context: they get no answer.
        """
        found = np.full(values.size - skip, np.nan)
        begin = max(self.lookback, skip)
        moved, left = self.smoothing.damped_trend(steps)
        parts = values + 0.0, moved, left  # -0.0 would print as another forecast
        if values.size - begin <= _FEW:
            for place in range(begin, values.size):
                found[place - skip] = self._one(*(part[place - self.lookback : place + 1].tolist() for part in parts))
            return found
        for first in range(begin, values.size, _BLOCK):
            end = min(first + _BLOCK, values.size)
            found[first - skip : end - skip] = self._many(*(part[first - self.lookback : end] for part in parts))
        return found

    def _one(self, values: list[float], moved: list[float], left: list[float]) -> float:
        """The same as :meth:`_many` for one window, to the last bit."""
        level = sorted(values[: self.start])[self.start // 2] + self._lead
        trend, clip, beta = self.trend, self.clip, self.smoothing.beta
        begin = self.start
        rows = zip(values[begin:-1], moved[begin:], left[begin:], self._gains, strict=False)
        for value, ahead, kept, gain in rows:
            level += ahead * trend
            error = value - level
            error = (clip if error > clip else max(error, -clip)) * gain
            level += error
            trend = kept * trend + beta * error
        return level + moved[-1] * trend

    def _many(self, values: Floats, moved: Floats, left: Floats) -> Floats:
        """Forecasts of points lookback, lookback + 1 and so on, shape (n - lookback,)."""
        size = values.size - self.lookback
        first = sliding_window_view(values[: size + self.start - 1], self.start)
        level = np.partition(first, self.start // 2, axis=1)[:, self.start // 2] + self._lead
        beta, is_still = self.smoothing.beta, self.smoothing.beta == 0.0 and self.smoothing.phi == 1.0
        trend, error, part = np.full(size, self.trend), np.empty(size), np.empty(size)
        ways = moved * self.trend
        for place, gain in enumerate(self._gains, self.start):
            here = slice(place, place + size)
            level += ways[here] if is_still else np.multiply(moved[here], trend, out=part)
            np.subtract(values[here], level, out=error)
            np.maximum(error, -self.clip, out=error)
            np.minimum(error, self.clip, out=error)
            error *= gain
            level += error
            if not is_still:
                trend *= left[here]
                trend += np.multiply(error, beta, out=part)
        forecasts: Floats = level + moved[self.lookback :] * trend
        return forecasts

    @cached_property
    def _lead(self) -> float:
        """From the middle of the first points to the last of them."""
        return self.trend * (self.start // 2)

    @cached_property
    def _gains(self) -> list[float]:
        """Of each step. As long as that is more than alpha, those of a mean: the start is worth a few points only."""
        return [max(self.smoothing.alpha, 1.0 / (place + 1.0)) for place in range(self.start, self.lookback)]
