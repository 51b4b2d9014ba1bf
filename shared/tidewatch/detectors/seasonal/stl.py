"""STL: a series as trend, season and remainder, by local regression.

Sources: R. Cleveland, W. Cleveland, J. McRae, I. Terpenning, STL: A Seasonal-Trend Decomposition Procedure Based on
Loess (1990), Journal of Official Statistics 6(1), section 2 and, for the choice of windows and the interpolation
between places, section 3; local regression, W. Cleveland, Robust Locally Weighted Regression and Smoothing Scatterplots
(1979), Journal of the American Statistical Association 74(368).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_AT_ONCE: Final = 1 << 19
"""Numbers of a block of windows: they stay in the processor's cache, and memory stays small."""
_FULL, _NONE = 0.001, 0.999  # of the reach: nearer weighs 1, farther nothing
_CLEAR: Final = 6.0  # median remainders, beyond which a point has no weight
_OUTLIER: Final = 6.0  # median distances from what medians expect: four standard deviations
_LEAST_SPREAD: Final = 0.001  # of the whole length: narrower, a slope means nothing


@dataclass(frozen=True, slots=True)
class Loess:
    """How to smooth.

    Attributes:
        window: points that a place looks at, odd, at least 3; beyond the whole length it flattens the weights.
        degree: 1 for lines, 0 for constants.
        jump: every how many places a fit is made, with straight lines between; at least 1.
    """

    window: int
    degree: int = 1
    jump: int = 1

    def smooth(self, values: Floats, weights: Floats | None = None) -> Floats:
        """The smooth curve of each column at each place.

        Args:
            values: shape (n, columns).
            weights: of the values beside those of distance, same shape; None for all 1. A place with no weight around
                keeps its value.
        """
        size = len(values)
        if size < 2:
            return values.copy()
        jump = min(self.jump, size - 1)
        at = np.append(np.arange(0, size - 1, jump), size - 1)
        reach = min(self.window, size)
        left = np.clip(at - (self.window + 1) // 2 + 1, 0, size - reach)
        fitted = self.fit(values, weights, at, left)
        fitted = np.where(np.isnan(fitted), values[at], fitted)
        if jump == 1:
            return fitted
        everywhere = np.arange(size)
        return np.stack([np.interp(everywhere, at, column) for column in fitted.T], axis=1)

    def fit(self, values: Floats, weights: Floats | None, at: NDArray[np.intp], left: NDArray[np.intp]) -> Floats:
        """The fits at some places, shape (m, columns); NaN where nothing around has weight.

        Args:
            values: as for :meth:`smooth`.
            weights: likewise.
            at: the places, shape (m,), inside the values or beside them.
            left: where the window of each begins.
        """
        size, columns = values.shape
        reach = min(self.window, size)
        fitted = np.empty((at.size, columns))
        rows = max(_AT_ONCE // (reach * columns), 1)
        for begin in range(0, at.size, rows):
            some = slice(begin, begin + rows)
            apart = np.arange(reach) - (at[some] - left[some])[:, None]
            # In the middle of a series all windows are the same.
            if (apart[0] == apart[-1]).all() and (apart[:, 0] == apart[0, 0]).all():
                apart = apart[:1]
            farthest = np.abs(apart).max(axis=1, keepdims=True) + max(self.window - size, 0) // 2
            near = _tricube(np.abs(apart) / farthest)[:, None]
            if weights is not None:
                near = near * sliding_window_view(weights, reach, axis=0)[left[some]]
            windows = sliding_window_view(values, reach, axis=0)[left[some]]
            fitted[some] = self._local(windows, near, apart.astype(np.float64)[:, None], _LEAST_SPREAD * (size - 1))
        return fitted

    def _local(self, windows: Floats, weights: Floats, apart: Floats, least: float) -> Floats:
        """Fits at distance 0: of windows (m, columns, w), with weights and distances that broadcast to them."""
        total = weights.sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = _dot(weights, windows) / total
            if self.degree == 0:
                return np.where(total > 0.0, mean, np.nan)
            centre = _dot(weights, apart) / total
            weighted = weights * (apart - centre[..., None])
            spread = _dot(weighted, apart) / total
            line = mean - centre * _dot(weighted, windows) / total / spread
        return np.where(total > 0.0, np.where(spread > least * least, line, mean), np.nan)


def _tricube(shares: Floats) -> Floats:
    weights: Floats = (1.0 - shares**3) ** 3
    return np.where(shares <= _FULL, 1.0, np.where(shares <= _NONE, weights, 0.0))


def _dot(one: Floats, other: Floats) -> Floats:
    product: Floats = np.einsum("...i,...i->...", one, other)
    return product


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """A series of n values in three parts that add up to it; every array has shape (n,).

    Attributes:
        season: what repeats with the period.
        trend: the slow level.
        weights: how far the last iteration trusted each value, 0 to 1: 1 if it was not robust.
    """

    season: Floats
    trend: Floats
    weights: Floats


def default_windows(period: int, seasonal: int | None) -> tuple[int, int]:
    """The paper's windows of trend and low-pass filter: odd, and wide enough that trend and season do not mix."""
    share = 1.0 - 1.5 / seasonal if seasonal else 1.0
    return _odd(math.ceil(1.5 * period / share)), _odd(period + 1)


def decompose(
    values: Floats,
    period: int,
    *,
    seasonal: Loess | None,
    trend: Loess,
    low_pass: Loess,
    inner: int,
    outer: int,
    weights: Floats | None = None,
) -> Decomposition:
    """Splits a series.

    Args:
        values: shape (n,), n at least twice the period.
        period: at least 2.
        seasonal: smooths the values of one phase from cycle to cycle; None for a season that is the same in all cycles.
        trend: smooths what is left without the season.
        low_pass: smooths the season's own level, which belongs to the trend.
        inner: passes of season and trend in each round, at least 1.
        outer: rounds after the first, each with less weight for what the one before left unexplained; 0 if not robust.
        weights: of the values, shape (n,): 0 for those that are only there to fill a gap.
    """
    given = np.ones(values.size) if weights is None else weights
    trusted: Floats | None = weights
    season, level = np.zeros(values.size), np.zeros(values.size)
    for round_ in range(outer + 1):
        for _ in range(inner):
            cycles = _smooth_cycles(values - level, period, seasonal, trusted)
            low = _moving_mean(_moving_mean(_moving_mean(cycles, period), period), 3)
            season = cycles[period:-period] - low_pass.smooth(low[:, None])[:, 0]
            column = None if trusted is None else trusted[:, None]
            level = trend.smooth((values - season)[:, None], column)[:, 0]
        if round_ < outer:
            trusted = given * _trust(np.abs(values - season - level), given)
    return Decomposition(season, level, np.ones(values.size) if trusted is None else trusted)


def hold_to_medians(values: Floats, period: int) -> Floats:
    """Values with outliers brought near to what medians expect, for a decomposition that is to be robust.

    STL's own weights come too late where few cycles have an outlier among them: its first round moves the season there
    by so much that the usual points of that phase look as unusual, and lose their weight with it.

    Args:
        values: shape (n,), n at least twice the period.
        period: at least 2.
    """
    # A level that goes straight from the median of one cycle to that of the next, and on beyond the first and the last;
    # and the median of each phase on it.
    medians = np.median(_cycles(values, period), axis=1)
    medians = np.concatenate([2.0 * medians[:1] - medians[1:2], medians, 2.0 * medians[-1:] - medians[-2:-1]])
    medians = np.append(medians, 2.0 * medians[-1] - medians[-2])
    middles = period * np.arange(-1, medians.size - 1) + (period - 1) / 2.0
    level = np.interp(np.arange(values.size), middles, medians)
    expected = level + np.resize(np.median(_cycles(values - level, period), axis=0), values.size)
    apart = values - expected
    reach = _OUTLIER * float(np.median(np.abs(apart)))
    return expected + np.clip(apart, -reach, reach)


def _cycles(values: Floats, period: int) -> Floats:
    """Whole cycles from the start, shape (cycles, period)."""
    return values[: values.size // period * period].reshape(-1, period)


def _smooth_cycles(values: Floats, period: int, seasonal: Loess | None, weights: Floats | None) -> Floats:
    """Each phase smoothed from cycle to cycle, and one more cycle at either end: shape (n + 2 * period,)."""
    cycles, rest = divmod(values.size, period)
    smoothed = np.zeros((cycles + 2 + bool(rest), period))
    whole = cycles * period
    for phases, count in ((slice(0, rest), cycles + 1), (slice(rest, period), cycles)):
        chosen = np.arange(period)[phases]
        if chosen.size:
            places = chosen + period * np.arange(count)[:, None]
            own = None if weights is None else weights[places]
            smoothed[: count + 2, phases] = _one_cycle_more(values[places], own, seasonal)
    return smoothed.ravel()[: whole + rest + 2 * period]


def _one_cycle_more(values: Floats, weights: Floats | None, seasonal: Loess | None) -> Floats:
    """Columns smoothed, with one place more at either end: shape (k, phases) to (k + 2, phases)."""
    count = len(values)
    if seasonal is None:
        own = np.ones(values.shape) if weights is None else weights
        total = own.sum(axis=0)
        means = np.where(total > 0.0, (own * values).sum(axis=0) / np.maximum(total, 1e-300), values.mean(axis=0))
        return np.tile(means, (count + 2, 1))
    inside = seasonal.smooth(values, weights)
    beside = seasonal.fit(values, weights, np.array([-1, count]), np.array([0, max(count - seasonal.window, 0)]))
    beside = np.where(np.isnan(beside), inside[[0, -1]], beside)
    return np.concatenate([beside[:1], inside, beside[1:]])


def _moving_mean(values: Floats, window: int) -> Floats:
    """Means of all windows that fit."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    means: Floats = (running[window:] - running[:-window]) / window
    return means


def _trust(remainder: Floats, given: Floats) -> Floats:
    """The bisquare weight of each remainder, by the median of those that count."""
    reach = _CLEAR * float(np.median(remainder[given > 0.0]))
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (1.0 - (remainder / reach) ** 2) ** 2
    return np.where(remainder <= _FULL * reach, 1.0, np.where(remainder <= _NONE * reach, weights, 0.0))


def _odd(number: int) -> int:
    return number if number % 2 else number + 1
