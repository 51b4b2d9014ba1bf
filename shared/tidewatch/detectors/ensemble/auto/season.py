"""By which period points are compared, whether it is a season, and how far a point is from others of its phase."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.order import middle_of, spread_of
from tidewatch.detectors.seasonal.period import autocorrelation, find_period
from tidewatch.detectors.seasonal.season import Cycles, find_season
from tidewatch.series import Sampling

Floats = NDArray[np.float64]

MOST_PERIODS: Final = 14
"""How many earlier periods are compared: two weeks of days, so that a weekday meets the same weekday."""
ROBUST: Final = 3
"""Periods from which on the highest and the lowest are left out; of fewer, the middle of three neighbours is taken."""

_SEARCHED: Final = 2_048
"""Points at the end that are searched for a season other than the calendar's: what a search takes grows with them."""
_WINSOR: Final = 4.0
"""Spreads about the median, beyond which a value counts no more in the search for a period."""
_SURE: Final = 4.0
"""Standard errors that the agreement of a season's cycles is above 0."""
_LEAST_AGREEMENT: Final = 0.1
"""The correlation of two cycles of a season, at the least."""
_MORE_OF_FEW: Final = 0.8
"""By how much more two cycles must agree where they are few: so much over their number."""
_MOST_AGREEMENT: Final = 0.999
_CALENDAR: Final = (3_600, 86_400, 604_800)
"""Seconds of periods that are taken as they are: days differ in more than the shifts within them."""
_SHORTEST: Final = 7
_AS_MUCH: Final = 0.95
"""Of a period's autocorrelation, that of a part of it that is a season as well."""
_NARROW, _WIDE, _WIDE_FROM = 1, 5, 100


def winsorise(values: Floats) -> Floats:
    """Values, shape (n,), with those far from the median drawn in."""
    ordered = np.sort(values)
    centre, reach = middle_of(ordered), _WINSOR * spread_of(ordered)
    return np.clip(values, centre - reach, centre + reach)


def choose_period(timestamps: NDArray[np.int64], values: Floats, longest: int) -> int:
    """The period to compare points by, in points: that of a season, if there is one, else that of the calendar.

    Args:
        timestamps: Unix seconds of the last points, in order, at least 2; the median step between them is used.
        values: winsorised, shape (n,).
        longest: the longest period, in points.
    """
    usual = find_period(timestamps, values, longest)
    step = max(int(np.median(np.diff(timestamps))), 1)
    if is_season(values, usual):
        return usual if usual in {round(seconds / step) for seconds in _CALENDAR} else _shortest(values, usual)
    late = values[-_SEARCHED:]
    found = find_season(Sampling(step, int(timestamps[0]), 1.0), np.arange(late.size), late)
    return found if found and found <= longest else usual


def _shortest(values: Floats, period: int) -> int:
    """The shortest season that a period is a multiple of, if it explains as much: of fewer points more is known sooner.

    Args:
        values: winsorised, shape (n,).
        period: a season of them, in points.
    """
    correlation = autocorrelation(values)
    if period >= correlation.size:
        return period
    for times in range(period // _SHORTEST, 1, -1):
        about = round(period / times)
        near = correlation[about - 2 : about + 3]
        place = about - 2 + int(np.argmax(near))
        is_peak = 0 < place - about + 2 < near.size - 1
        if is_peak and correlation[place] >= _AS_MUCH * correlation[period] and is_season(values, place):
            return place
    return period


def is_season(values: Floats, period: int) -> bool:
    """Whether the cycles of a series agree more than those of noise, which may be smooth, would by chance.

    Args:
        values: winsorised, shape (n,).
        period: in points, at least 2.
    """
    if values.size < 2 * period or values.min() == values.max():
        return False
    cycles = Cycles.of(np.arange(values.size), values, period)
    agreement = cycles.agreement()
    if agreement <= _LEAST_AGREEMENT + _MORE_OF_FEW * period / values.size:
        return False
    # Correlations near 1 are surer than their standard error says: R. Fisher's transformation.
    return bool(np.arctanh(min(agreement, _MOST_AGREEMENT)) > _SURE * cycles.chance())


def reach_of(period: int) -> int:
    """How many points to either side of a phase are pooled with it: a daily job may start a little late."""
    return _NARROW if period < _WIDE_FROM else _WIDE


def earlier_rows(past: Floats, size: int, around: tuple[int, int], period: int, periods: int) -> Floats:
    """What was there in earlier periods, for the last ``size`` points: a view, a row for each period, newest first.

    Args:
        past: shape (n,), contiguous; the rows must lie within it.
        size: the number of points at the end that are asked about.
        around: how many points before and after them are asked for as well; fewer after them than a period has.
        period: in points.
        periods: how many to go back, at least 1.
    """
    before, after = around
    stride = past.strides[0]
    newest = past[past.size - size - before - period :]
    shape = (periods, before + size + after)
    return as_strided(newest, shape=shape, strides=(-period * stride, stride), writeable=False)


def pooled(values: Floats, reach: int) -> Floats:
    """Running means of ``2 * reach + 1`` along the last axis, which gets shorter by ``2 * reach``.

    Added in a fixed order, so that a mean does not depend on what else is asked for.
    """
    width = values.shape[-1] - 2 * reach
    total = values[..., :width].copy()
    for apart in range(1, 2 * reach + 1):
        total += values[..., apart : apart + width]
    mean: Floats = total / (2.0 * reach + 1.0)
    return mean


def middle_of_three(values: Floats) -> Floats:
    """Running medians of three along the last axis, which gets shorter by two: one sentinel is gone."""
    one, two, three = values[..., :-2], values[..., 1:-1], values[..., 2:]
    middle: Floats = np.maximum(np.minimum(one, two), np.minimum(np.maximum(one, two), three))
    return middle


def trimmed_mean(rows: Floats) -> Floats:
    """The mean of each column without its highest and its lowest, where there are three rows or more."""
    count = rows.shape[0]
    total = rows[0].copy()
    for row in rows[1:]:
        total += row
    if count >= ROBUST:
        total -= rows.max(axis=0)
        total -= rows.min(axis=0)
        count -= 2
    mean: Floats = total / count
    return mean


def earlier_residuals(values: Floats, period: int, periods: int) -> Floats:
    """How far each value is from the mean of its phase in up to so many earlier periods, shape (n,).

    For when a period is found, or several more of it: what comes must not be ranked among what knew of no season. A
    point of the first period, which has none before it, gets what one of the second has.

    Args:
        values: shape (n,), n more than ``period``.
        period: in points.
        periods: at least 1.
    """
    reach = reach_of(period)
    smooth = pooled(np.pad(values, reach, mode="edge"), reach)
    total, count = np.zeros(values.size), np.zeros(values.size)
    highest, lowest = np.full(values.size, -np.inf), np.full(values.size, np.inf)
    for lag in range(period, min(periods * period, values.size - 1) + 1, period):
        earlier = smooth[:-lag]
        total[lag:] += earlier
        count[lag:] += 1.0
        np.maximum(highest[lag:], earlier, out=highest[lag:])
        np.minimum(lowest[lag:], earlier, out=lowest[lag:])
    many = count >= ROBUST
    total[many] -= highest[many] + lowest[many]
    count[many] -= 2.0
    residuals = np.abs(values - total / np.maximum(count, 1.0))
    residuals[:period] = np.resize(residuals[period : 2 * period], period)
    return residuals


def nearest_other(values: Floats, period: int, periods: int) -> Floats:
    """How far each value is from the nearest of its phase, before or after it, shape (n,); likewise.

    k-nearest neighbours with k = 1 on one phase. A later point is compared with as many others, so its distance is
    ranked among these.

    Args:
        values: shape (n,), n more than ``period``.
        period: in points.
        periods: how many to go either way, at least 1.
    """
    nearest = np.full(values.size, np.inf)
    for lag in range(period, min(periods * period, values.size - 1) + 1, period):
        apart = np.abs(values[lag:] - values[:-lag])
        np.minimum(nearest[lag:], apart, out=nearest[lag:])
        np.minimum(nearest[:-lag], apart, out=nearest[:-lag])
    alone = np.isinf(nearest)
    nearest[alone] = np.resize(nearest[~alone], np.count_nonzero(alone))
    return nearest
