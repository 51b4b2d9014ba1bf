"""A series cut into overlapping stretches of one length, one that ends at each point.

Stretches are compared as they are, in spreads of the training values about their median. If each were brought to a mean
of 0 and a standard deviation of 1, as is done where only shapes matter, a level or an amplitude that was never there
would look usual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.calibration.trimming import trim_outliers
from tidewatch.detectors.base import DetectorOptions, Floats
from tidewatch.detectors.learned.cross_fitting import Course, CrossFitted, L, cross_fit
from tidewatch.detectors.learned.learned_rows import Seed
from tidewatch.detectors.robust import Moderation
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.windows.rolling import trailing_moments
from tidewatch.series import Sampling, TimeSeries

LEAST_STRANGENESS: Final = 1e-6
"""In spreads: what is less is rounding."""

_LONGEST: Final = 128
"""Points of the longest season that becomes a window by itself: what is learned grows with the square of it."""
_USUAL: Final = (32, 16, 8)
"""Lengths to try where there is no such season, the shorter ones for short series."""
_SPREADS: Final = 3.2897
"""Standard deviations from the 5th to the 95th percentile where values are normal."""
_LEAST_STD: Final = 0.05
"""Of logarithms: the windows of a wave without noise are equally strange but for rounding."""
_FARTHEST: Final = 1e6
_REACH: Final = 13.0
"""Standard deviations beyond which a training value is drawn in, so that one cannot rule what is learned."""


class SubsequenceOptions(DetectorOptions):
    """Options of the learners over subsequences.

    Windows count points, not time: a gap shortens nothing, and what follows it is in one window with what came before.
    """

    window: Annotated[
        int | None,
        Field(
            ge=4,
            le=512,
            description="Points of a subsequence; unless given, those of the season if there is one of up to 128 "
            "points, else 32, or 16 or 8 where the series is short.",
        ),
    ] = None
    sigmas: Annotated[
        float,
        Field(
            gt=0,
            le=100,
            description="How many standard deviations above the mean of the training scores, in logarithms, the "
            "threshold lies.",
        ),
    ] = 3.0
    seed: Seed = 0

    def cross_fit(
        self, series: TimeSeries, fit: Callable[[Floats, int], L], *, most: int, fewest: int
    ) -> tuple[Subsequences, CrossFitted[L], float]:
        """Subsequences of a series with values in units, what a learner makes of them, and its threshold.

        Args:
            series: to learn from.
            fit: learns from some windows by a seed.
            most: windows that are learned from at the most: the option ``windows``.
            fewest: those that it needs at the least.

        Raises:
            CannotTrain: if the series is too short, or the training would take too long.
        """
        course = Course(
            name=self.name,
            most=most,
            fewest=fewest,
            seed=self.seed,
            memory_option="window",
            cost_option="windows",
        )
        subsequences, course = Subsequences.of(series, self.window, course)
        fitted = cross_fit(subsequences.rows(series)[0], fit, course)
        usual = trim_outliers(fitted.strangeness, subsequences.length)
        return subsequences, fitted, log_threshold(usual, self.sigmas)


@dataclass(frozen=True, slots=True)
class Subsequences:
    """How points become rows of the values up to them.

    Attributes:
        length: of a window, in points.
        centre, spread: of the training values.
        season: the period that was found, in points; None if there is none, or if it was not looked for.
    """

    length: int
    centre: float
    spread: float
    season: int | None

    @classmethod
    def of(cls, series: TimeSeries, window: int | None, course: Course) -> tuple[Subsequences, Course]:
        """Chooses the length, unless it is given, for a series with values in units.

        Args:
            series: to learn from.
            window: the length; None to choose it.
            course: of the training, but for the memory that comes of the length.

        Returns:
            The subsequences, and the course with their memory: with at least as many windows as each has points, and
            judging windows that overlap by a quarter. Fewer would be too few, and nearer ones are strange together.

        Raises:
            CannotTrain: if the series is too short.
        """
        moderation = Moderation(series.values)
        season = None if window else _season(series, moderation)
        choices = [window] if window else [*([season] if season and 4 <= season <= _LONGEST else []), *_USUAL]
        courses = [
            replace(course, memory=length - 1, apart=length - length // 4, fewest=max(course.fewest, length))
            for length in choices
        ]
        chosen = next((some for some in courses if some.suits(len(series))), courses[-1])
        chosen.require(len(series))
        return cls(chosen.memory + 1, moderation.centre, moderation.spread / _SPREADS, season), chosen

    @property
    def memory(self) -> int:
        """Points before a point that are in its window."""
        return self.length - 1

    def rows(self, points: TimeSeries) -> tuple[Floats, NDArray[np.int8]]:
        """The window that ends at each point but the first ``memory``, and on which side of its mean the point is.

        Returns:
            Float64, shape (n - memory, length), a view, within a million spreads; int8, shape (n - memory,).
        """
        with np.errstate(over="ignore"):
            values = np.clip((points.values - self.centre) / self.spread, -_FARTHEST, _FARTHEST)
        ((mean, _),) = trailing_moments(points.values, (self.length,))
        return sliding_window_view(values, self.length), np.sign(points.values[self.memory :] - mean).astype(np.int8)

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` takes it."""
        return {"length": self.length, "centre": self.centre, "spread": self.spread, "season": self.season}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Subsequences:
        """The subsequences that gave this."""
        return cls(int(parts["length"]), float(parts["centre"]), float(parts["spread"]), parts["season"])


def moderate(rows: Floats) -> Floats:
    """Training windows with wild values drawn in."""
    return np.clip(rows, -_REACH, _REACH)


def log_threshold(strangeness: Floats, sigmas: float) -> float:
    """So many standard deviations above the mean of the logarithms, shape (n,), each at least LEAST_STRANGENESS.

    Errors and distances are skewed; their logarithms are about normal.
    """
    logs = np.log(strangeness)
    return math.exp(float(logs.mean()) + sigmas * max(float(logs.std()), _LEAST_STD))


def _season(series: TimeSeries, moderation: Moderation) -> int | None:
    sampling = Sampling.of(series.timestamps)
    if not sampling.is_regular:
        return None
    return find_season(sampling, sampling.places(series.timestamps), moderation.moderate(series.values))
