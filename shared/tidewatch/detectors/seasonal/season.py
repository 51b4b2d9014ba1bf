"""Whether a series has a season, which, and what it looks like: by the agreement of its cycles.

A season repeats. So the cycles of a series that has one agree with each other once its slow level is taken away, and
those of noise, of a random walk or of a trend do not, however smooth they are. The measure is the correlation of two
cycles, averaged over all pairs: the autocorrelation at the multiples of a period, in one number.

Sources: autocorrelation at seasonal lags, C. Chatfield, The Analysis of Time Series (2003), section 2.7; the spread of
a correlation of autocorrelated noise, M. Bartlett, Some Aspects of the Time-Correlation Problem in Regard to Tests of
Significance (1935), Journal of the Royal Statistical Society 98(3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.robust import robust_scale
from tidewatch.detectors.seasonal.period import autocorrelation
from tidewatch.series import Sampling

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

LONGEST_SEARCH: Final = 32_768
"""Places at the end of a series that are searched: three weeks of minutes."""

_HOUR, _DAY, _YEAR = 3_600, 86_400, 31_557_600
_CALENDAR: Final = (_HOUR, _DAY, 7 * _DAY, _YEAR)
_NARROWEST: Final = 8  # of the windows that take slow movements away, each 4 times the one before
_WIDER: Final = 4
_PEAKS: Final = 3  # of each window
_SURE, _SURE_OF_CALENDAR = 6.0, 4.0  # standard errors; many lags compete, and few periods of the calendar
_LEAST: Final = 0.1  # the agreement of many cycles that makes a season
_LEAST_OF_FEW: Final = 0.8  # few cycles need more: so much, divided by their number
_LEFT: Final = 1.25  # a shorter period may leave so many times as much unexplained as the best one
_MOST: Final = 0.999
_SHARE: Final = 0.7  # of the best agreement, which a shorter period must reach: half a season may reach a half
_SLACK: Final = 2.0  # standard errors that the best may owe to chance
_NEAR: Final = 1.03
_STRIDES: Final = (-1, 1, -2, 2, -4, 4)
_ROUNDING: Final = 1e-9
_HUBER: Final = 2.5
_CLIMB: Final = 8
_DIVISORS: Final = (2, 3)
_SMOOTH: Final = 24  # lags that noise may be correlated over, however short the period


@dataclass(frozen=True, slots=True, eq=False)
class Cycles:
    """A series cut into cycles, its slow level taken away.

    Attributes:
        values: float64, shape (cycles, period), 0 where there is no point.
        present: float64, of the same shape, 1 where there is a point and else 0.
    """

    values: Floats
    present: Floats

    @classmethod
    def of(cls, places: Places, values: Floats, period: int) -> Cycles:
        """Cuts a series, shape (n,) each, places ascending. Column j holds the places of phase j."""
        places = close_gaps(places, period)
        start = int(places[0]) // period * period
        cycles = int(places[-1] - start) // period + 1
        cells = (places - start).astype(np.intp)
        present = np.bincount(cells, minlength=cycles * period)
        sums = np.bincount(cells, values, minlength=cycles * period)
        filled = present > 0
        means = sums / np.maximum(present, 1)
        weights = filled.astype(np.float64)
        level = _moving_mean(means * weights, weights, period, int(cells[0]), int(cells[-1]) + 1)
        shape = (cycles, period)
        return cls(np.where(filled, means - level, 0.0).reshape(shape), weights.reshape(shape))

    def agreement(self) -> float:
        """The mean correlation of two cycles, at most 1; about 0 where there is no season."""
        count = self.present.sum(axis=0)
        squares = (self.values**2).sum(axis=0)
        products = float((self.values.sum(axis=0) ** 2 - squares).sum())
        possible = float(((count - 1.0) * squares).sum())
        return products / possible if possible > 0.0 else 0.0

    def shape(self) -> Floats:
        """The season by phase, shape (period,): means that wild values do not pull far.

        A one-step Huber estimate about the median: P. Huber, Robust Statistics (1981), section 6.7. Phases without a
        point lie on straight lines between the others.
        """
        count = self.present.sum(axis=0).astype(np.intp)
        known = np.flatnonzero(count)
        ordered = np.sort(np.where(self.present > 0.0, self.values, np.inf), axis=0)[:, known]
        columns = np.arange(known.size)
        medians = 0.5 * (ordered[(count[known] - 1) // 2, columns] + ordered[count[known] // 2, columns])
        apart = np.where(self.present > 0.0, self.values, 0.0)[:, known] - medians
        there = self.present[:, known] > 0.0
        reach = _HUBER * robust_scale(apart[there], 0.0)
        means = medians + np.where(there, np.clip(apart, -reach, reach), 0.0).sum(axis=0) / count[known]
        season: Floats = np.interp(np.arange(count.size), known, means, period=count.size)
        return season

    def chance(self) -> float:
        """The standard error of :meth:`agreement` in noise that is as smooth as what the season leaves."""
        count = self.present.sum(axis=0)
        pairs = float((count * (count - 1.0)).sum()) / 2.0
        if pairs == 0.0:
            return np.inf
        left = np.where(self.present > 0, self.values - self.values.sum(axis=0) / np.maximum(count, 1.0), 0.0)
        period = count.size
        correlation = autocorrelation(left.ravel())[1 : max(period // 2, _SMOOTH) + 1]
        return float(np.sqrt((1.0 + 2.0 * np.sum(correlation**2)) / pairs))


def find_season(sampling: Sampling, places: Places, values: Floats) -> int | None:
    """The period in places, at least 2; None if no two cycles agree more than noise does by chance.

    Args:
        sampling: of the series.
        places: of the points on the sampling's grid, shape (n,), ascending.
        values: winsorised, shape (n,).
    """
    kept = places > places[-1] - LONGEST_SEARCH
    if np.count_nonzero(kept) < min(places.size, LONGEST_SEARCH) // 4:
        # Mostly gaps, or one of years. By weeks, or days, they are closed without moving a season of the calendar.
        units = (max(round(seconds / sampling.step), 1) for seconds in (7 * _DAY, _DAY, _HOUR))
        places = close_gaps(places, next((unit for unit in units if unit <= LONGEST_SEARCH // 3), 1))
        kept = places > places[-1] - LONGEST_SEARCH
    places, values, height = places[kept], _without_line(places[kept], values[kept]), float(np.ptp(values[kept]))
    if float(np.ptp(values)) <= _ROUNDING * height:
        return None
    search = _Search(sampling, places, values)
    for period in sorted(search.calendar | set(_peaks(places, values))):
        top = search.climb_from(period)
        # The peak of a multiple can be the higher one by chance.
        for divisor in _DIVISORS:
            search.climb_from(round(top / divisor))
    return search.choose()


class _Search:
    """The periods that were tried, and what came of it."""

    def __init__(self, sampling: Sampling, places: Places, values: Floats) -> None:
        self._places, self._values = places, values
        self._longest = int(places[-1] - places[0] + 1) // 2
        self._tried: dict[int, float] = {}
        self._tops: set[int] = set()
        self.calendar = {round(seconds / sampling.step) for seconds in _CALENDAR}

    def climb_from(self, period: int) -> int:
        """Keeps the period around whose cycles agree best, and tells it; one of the calendar stays where it is."""
        if not 2 <= period <= self._longest:
            return 0
        for _ in range(_CLIMB):
            around = max((period + apart for apart in _STRIDES), key=self._agreement)
            if period in self.calendar | self._tops or self._agreement(around) <= self._agreement(period):
                break
            period = around
        self._tops.add(period)
        return period

    def choose(self) -> int | None:
        """The shortest that leaves little more unexplained than the best does; None if none is sure."""
        chances = {period: self._cycles(period).chance() for period in sorted(self._tops) if self._is_worth_it(period)}
        # Correlations near 1 are surer than their standard error says: R. Fisher's transformation.
        sure = [
            period
            for period, chance in chances.items()
            if np.arctanh(min(self._agreement(period), _MOST)) > self._errors(period) * chance
        ]
        if not sure:
            return None
        best = max(sure, key=self._agreement)
        reached = self._agreement(best) - _SLACK * chances[best]
        least = max(1.0 - _LEFT * (1.0 - reached), _SHARE * self._agreement(best))
        good = [period for period in sure if self._agreement(period) >= least]
        # One of the calendar that needs no more phases is most likely meant: it is near by, or gaps hide which it is.
        most = _NEAR * self._phases(good[0])
        return next((period for period in good if period in self.calendar and self._phases(period) <= most), good[0])

    def _phases(self, period: int) -> int:
        return np.unique(self._places % period).size

    def _cycles(self, period: int) -> Cycles:
        return Cycles.of(self._places, self._values, period)

    def _agreement(self, period: int) -> float:
        if period not in self._tried:
            fits = 2 <= period <= self._longest
            self._tried[period] = self._cycles(period).agreement() if fits else -1.0
        return self._tried[period]

    def _is_worth_it(self, period: int) -> bool:
        return self._agreement(period) > _LEAST + _LEAST_OF_FEW * period / (2.0 * self._longest)

    def _errors(self, period: int) -> float:
        return _SURE_OF_CALENDAR if period in self.calendar else _SURE


def close_gaps(places: Places, period: int) -> Places:
    """Gaps of more than two periods shortened to one to two, by whole periods: phases stay, and work is bounded."""
    apart = np.diff(places)
    skipped = np.where(apart > 2 * period, (apart // period - 1) * period, 0)
    return places - np.concatenate([[0], np.cumsum(skipped)]) if skipped.any() else places


def _peaks(places: Places, values: Floats) -> Iterator[int]:
    """Lags at which the series resembles itself, whatever slower movements there are."""
    cells = np.arange(places[0], places[-1] + 1)
    filled = np.interp(cells, places, values)
    ones = np.ones(filled.size)
    window = _NARROWEST
    while window <= filled.size // 2:
        correlation = autocorrelation(filled - _moving_mean(filled, ones, window, 0, filled.size))[: 2 * window]
        inner = correlation[2:-1]
        tops = 2 + np.flatnonzero((inner > correlation[1:-2]) & (inner >= correlation[3:]) & (inner > 0.0))
        yield from tops[np.argsort(-correlation[tops], kind="stable")[:_PEAKS]].tolist()
        window *= _WIDER


def _moving_mean(values: Floats, weights: Floats, window: int, start: int, end: int) -> Floats:
    """The centred moving mean, shape (n,); of the same weight for every phase where the window is a season.

    Within half a window of the ends, that of the nearest whole window.

    Args:
        values: shape (n,), 0 where there is none.
        weights: 1 where there is a value, else 0.
        window: at least 2.
        start: where values begin.
        end: where they end; less than a window further, their mean is taken.
    """
    if end - start <= window:
        return np.full(values.size, values.sum() / weights.sum())
    sums, counts = (_centred_sums(part[start:end], window) for part in (values, weights))
    means = np.where(counts > 0.0, sums / np.maximum(counts, 0.5), 0.0)
    edge = window // 2 + start
    return np.pad(means, (edge, values.size - edge - means.size), mode="edge")


def _centred_sums(values: Floats, window: int) -> Floats:
    """Sums over windows; where their length is even, of one more value, the outermost two by half."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    sums = running[window:] - running[:-window]
    centred: Floats = sums if window % 2 else 0.5 * (sums[1:] + sums[:-1])
    return centred


def _without_line(places: Places, values: Floats) -> Floats:
    """Values without their straight line by least squares."""
    centred = (places - places.mean()) / max(float(places[-1] - places[0]), 1.0)
    left: Floats = values - values.mean() - centred * (float(centred @ values) / max(float(centred @ centred), 1e-9))
    return left
