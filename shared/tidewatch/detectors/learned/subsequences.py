"""Subsequences: windows of one length, one that ends at each point of a series.

They are compared as they are, in spreads of the training values about their median. If each were scaled to a mean of 0
and a standard deviation of 1, as is done where only shapes matter, a level or an amplitude that was never seen would
look usual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from tidewatch.calibration.trimming import trim_outliers
from tidewatch.detectors.base import DetectorOptions, Floats
from tidewatch.detectors.decision import THREE_SIGMAS
from tidewatch.detectors.learned.cross_fitting import CrossFit, L
from tidewatch.detectors.learned.row_detector import RowDetector, Seed
from tidewatch.detectors.robust import RobustScaler
from tidewatch.detectors.seasonal.season import find_season
from tidewatch.detectors.windows import trailing_moments
from tidewatch.series import Sampling, TimeSeries

LEAST_SCORE: Final = 1e-6
"""In spreads: what is less is rounding."""

_LONGEST: Final = 128
"""Points of the longest season that is taken as the length: what is learned grows with its square."""
_USUAL: Final = (32, 16, 8)
"""Lengths to try where there is no such season, the shorter ones for short series."""
_SPREADS: Final = 3.2897
"""Standard deviations from the 5th to the 95th percentile where values are normal."""
_LEAST_STD: Final = 0.05
"""Of logarithms: the windows of a wave without noise have equal scores but for rounding."""
_FARTHEST: Final = 1e6
_WINSOR: Final = 13.0
"""Standard deviations beyond which a training value is drawn in, so that one cannot rule what is learned."""
_SHARED: Final = 2
"""Of the windows that calibrate, one point is in so many at the most."""


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
        float | None,
        Field(
            gt=0,
            le=100,
            description="How many standard deviations above the mean of the training scores, in logarithms, the "
            "threshold lies; unless given, 3, and no less than training and the last points ask for.",
        ),
    ] = None
    seed: Seed = 0


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
    def of(cls, series: TimeSeries, window: int | None, plan: CrossFit) -> tuple[Subsequences, CrossFit]:
        """Chooses the length, unless it is given, for a series with values in units.

        Args:
            series: to learn from.
            window: the length; None to choose it.
            plan: of the training, but for what depends on the length.

        Returns:
            The subsequences, and the plan for them: with at least as many windows as each has points, since fewer
            would be too few, and scoring windows that overlap by a quarter, since nearer ones are unusual together.

        Raises:
            CannotTrain: if the series is too short.
        """
        scaler = RobustScaler(series.values)
        season = None if window else _season(series, scaler)
        choices = [window] if window else [*([season] if season and 4 <= season <= _LONGEST else []), *_USUAL]
        plans = [
            replace(plan, lookback=length - 1, stride=length - length // 4, fewest=max(plan.fewest, length))
            for length in choices
        ]
        chosen = next((some for some in plans if some.suits(len(series))), plans[-1])
        chosen.require(len(series))
        return cls(chosen.lookback + 1, scaler.centre, scaler.spread / _SPREADS, season), chosen

    @property
    def lookback(self) -> int:
        """Points before a point that are in its window."""
        return self.length - 1

    @property
    def names(self) -> list[str]:
        """The values of a window, oldest first, by how many points ago they were."""
        return [f"value[-{ago}]" for ago in range(self.lookback, 0, -1)] + ["value"]

    def rows(self, points: TimeSeries) -> tuple[Floats, NDArray[np.int8]]:
        """The window that ends at each point but the first ``lookback``, and on which side of its mean the point is.

        Returns:
            Float64, shape (n - lookback, length), a view, within a million spreads; int8, shape (n - lookback,).
        """
        with np.errstate(over="ignore"):
            values = np.clip((points.values - self.centre) / self.spread, -_FARTHEST, _FARTHEST)
        ((mean, _),) = trailing_moments(points.values, (self.length,))
        return sliding_window_view(values, self.length), np.sign(points.values[self.lookback :] - mean).astype(np.int8)

    def facts(self) -> dict[str, float]:
        """The length."""
        return {"window": float(self.length)}

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` takes it."""
        return {"length": self.length, "centre": self.centre, "spread": self.spread, "season": self.season}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Subsequences:
        """The subsequences that gave this."""
        return cls(int(parts["length"]), float(parts["centre"]), float(parts["spread"]), parts["season"])


SubsequenceOptionsT = TypeVar("SubsequenceOptionsT", bound=SubsequenceOptions)


class SubsequenceDetector(RowDetector[SubsequenceOptionsT, L], Generic[SubsequenceOptionsT, L]):
    """A detector that judges each point by the window that ends at it."""

    rows_type: ClassVar[type[Subsequences]] = Subsequences
    cost_option = "windows"

    @property
    def decides_by_default(self) -> bool:
        """Whether ``sigmas`` is not given."""
        return self.options.sigmas is None

    def plan(self, series: TimeSeries) -> tuple[Subsequences, CrossFit]:
        """The length of a window, and a training that fits it."""
        plan = CrossFit(
            name=self.options.name,
            most=self.most_rows,
            fewest=self.fewest_rows,
            seed=self.options.seed,
            length_option="window",
            cost_option=self.cost_option,
        )
        return Subsequences.of(series, self.options.window, plan)

    def choose_threshold(self, scores: Floats) -> float:
        """As many standard deviations above the mean score as the option ``sigmas`` says, in logarithms."""
        return log_threshold(trim_outliers(scores, _SHARED), self.options.sigmas or THREE_SIGMAS)


def winsorised(rows: Floats) -> Floats:
    """Training windows with wild values drawn in."""
    return np.clip(rows, -_WINSOR, _WINSOR)


def log_threshold(scores: Floats, sigmas: float) -> float:
    """So many standard deviations above the mean of the logarithms, shape (n,), each score at least LEAST_SCORE.

    Errors and distances are skewed; their logarithms are about normal.
    """
    logs = np.log(scores)
    return math.exp(float(logs.mean()) + sigmas * max(float(logs.std()), _LEAST_STD))


def _season(series: TimeSeries, scaler: RobustScaler) -> int | None:
    sampling = Sampling.of(series.timestamps)
    if not sampling.is_regular:
        return None
    return find_season(sampling, sampling.places(series.timestamps), scaler.transform(series.values))
