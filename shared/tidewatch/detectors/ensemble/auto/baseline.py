"""What the detector has learned of a stream at one place, and uses until the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.codes import rounded
from tidewatch.detectors.ensemble.auto.incident import (
    FLOOR_SHARE,
    LOOKBACK,
    SLOW,
    IncidentBaseline,
    Shapes,
    roughness,
    running_means,
)
from tidewatch.detectors.ensemble.auto.order import WinsorLimits, middle_of, spread_of
from tidewatch.detectors.ensemble.auto.past import Deviations
from tidewatch.detectors.ensemble.auto.point import PointBaseline
from tidewatch.detectors.ensemble.auto.season import (
    MOST_PERIODS,
    ROBUST,
    earlier_rows,
    middle_of_three,
    pooled,
    reach_of,
    trimmed_mean,
)
from tidewatch.detectors.ensemble.auto.stretch import StretchBaseline
from tidewatch.detectors.ensemble.auto.tails import tamed_order

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-9
"""Differences below this share of the spread are rounding."""
_SEASON_LEADS: Final = 0.8  # of the level's scale: the season must explain this much more to lead
_EXPLAINED: Final = 0.4  # likewise: it explains most
_BAND: Final = 0.997  # share of usual points inside the band, as within three sigmas of a Gaussian
_THINNED: Final = 3


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual.

    Attributes:
        point: of single points.
        incident: of windows.
        stretch: of points in a row, by their season.
        period: in points; 0 if none is known.
        periods: how many earlier periods points are compared with.
        seasonal: whether points are expected by the season, and not by the level.
        explained: whether the season explains most of the series.
        margin: half the width of the band about what is expected.
    """

    point: PointBaseline
    incident: IncidentBaseline
    stretch: StretchBaseline
    period: int
    periods: int
    seasonal: bool
    explained: bool
    margin: float

    def expect(self, past: Floats, size: int) -> tuple[Floats, Floats, Floats]:
        """What the season expects of the last ``size`` points, and how the means of windows differ from its.

        Args:
            past: shape (n,), the values of the stream.
            size: less than n.

        Returns:
            The expectation, or the level where there is no earlier period; the means of the last 4 and 24 points less
            the nearest of the same phase, or less the level. Shape (size,) each.
        """
        hold = self.incident.limits.hold
        before = min(past.size - size, SLOW - 1)
        own = past[past.size - size - before :]
        own = hold(own if before == SLOW - 1 else np.concatenate([np.full(SLOW - 1 - before, own[0]), own]))
        # The newest point of a window counts as it is: it is judged itself.
        beyond = past[past.size - size :] - own[SLOW - 1 :]
        means = [mean + beyond / width for mean, width in zip(running_means(own, SLOW - 1), (4, SLOW), strict=True)]
        if not self.periods:
            centre = self.point.centre
            return np.full(size, centre), np.abs(means[0] - centre), np.abs(means[1] - centre)
        reach = reach_of(self.period)
        after = reach + 1
        rows = hold(earlier_rows(past, size, (SLOW - 1, after), self.period, self.periods))
        nearest = [
            np.abs(earlier - mean).min(axis=0)
            for earlier, mean in zip(running_means(rows[:, :-after], SLOW - 1), means, strict=True)
        ]
        phases = rows[:, SLOW - 1 - after :]
        if self.periods < ROBUST:
            phases, reach = middle_of_three(phases), reach - 1
        return trimmed_mean(pooled(phases, reach)[:, 1 : 1 + size]), nearest[0], nearest[1]

    def measure(self, past: Floats, size: int, shapes: Shapes) -> tuple[Floats, dict[str, Floats]]:
        """What is expected of the last ``size`` points, and what is measured of them, rounded to codes.

        Args:
            past: shape (n,), the values of the stream.
            size: less than n.
            shapes: moved on to the last point.
        """
        expected, fast, slow = self.expect(past, size)
        values, floor, centre = past[past.size - size :], self.incident.floor, self.point.centre
        before = min(past.size - size, LOOKBACK)
        held = self.incident.limits.hold(past[past.size - size - max(before, shapes.lookback) :])
        lately = held[held.size - size - before :]
        if before < LOOKBACK:
            lately = np.concatenate([np.full(LOOKBACK - before, lately[0]), lately])
        measures = {
            "level": np.abs(values - centre),
            "season": np.abs(values - expected),
            "step": np.abs(np.diff(past[past.size - size - 1 :])),
            "fast": np.maximum(fast - floor, 0.0),
            "slow": np.maximum(slow - floor, 0.0),
            "rough": roughness(lately, LOOKBACK),
        }
        if shapes.known:
            measures["shape"] = shapes.measure(held, size)
        together = rounded(np.stack(list(measures.values())))
        return expected, dict(zip(measures, together, strict=True))


def learn(deviations: Deviations, until: int, kept: Floats, period: int) -> Baseline:
    """Learns from the past.

    Args:
        deviations: of the past; at least 16 points.
        until: the place of the stream before which it ends.
        kept: the last values before that place, shape (n,), n at least 16.
        period: in points; 0 if none is known.
    """
    ordered = np.sort(kept)
    centre, spread = middle_of(ordered), spread_of(ordered)
    floor = _ROUNDING * spread
    levels = np.sort(deviations.of("level", until))
    steps = np.abs(np.diff(kept))[::_THINNED]
    point = PointBaseline.of(deviations, until, ordered, steps, centre, floor, tamed_order(levels))
    incident = IncidentBaseline.of(deviations, until, levels, WinsorLimits.of(ordered, spread), spread, period)
    periods = periods_of(kept.size, period)
    level, season = float(point.scales[0]), float(point.scales[1])
    seasonal = periods > 0 and season < _SEASON_LEADS * level
    by_season = deviations.of("season", until)
    stretch = StretchBaseline.of(by_season, levels, season, period, periods)
    of_usual = by_season if seasonal else levels
    place = int(_BAND * (of_usual.size - 1))
    margin = float(np.partition(of_usual, place)[place] if seasonal else levels[place]) + FLOOR_SHARE * spread
    explained = periods > 0 and season <= _EXPLAINED * level
    return Baseline(point, incident, stretch, period, periods, seasonal, explained, margin)


def periods_of(size: int, period: int) -> int:
    """How many earlier periods so many values have, at the most; 0 for no period."""
    return max(min(MOST_PERIODS, (size - SLOW) // period), 0) if period else 0
