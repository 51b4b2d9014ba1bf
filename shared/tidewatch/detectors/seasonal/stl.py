"""STL: a series as trend, season and remainder, by local regression.

Source: R. Cleveland, W. Cleveland, J. McRae, I. Terpenning, STL: A Seasonal-Trend Decomposition Procedure Based on
Loess (1990), Journal of Official Statistics 6(1), section 2 and, for the choice of windows, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.seasonal.loess import Loess

Floats = NDArray[np.float64]

_CLEAR: Final = 6.0  # median remainders, beyond which a point has no weight
_OUTLIER: Final = 6.0  # median distances from what medians expect: four standard deviations
_FULL, _NONE = 0.001, 0.999  # of that: nearer weighs 1, farther nothing


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
    by so much that the usual points of that phase look as strange, and lose their weight with it.

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
