"""Judging a whole series at once, by itself. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CannotTrain, DetectorOptions, Event, Model, Scores, find_events
from tidewatch.detectors.retrospective.rolling_forest import ValuesJudged, judge_values
from tidewatch.series import UTC_NAME, SentSeries, TimeSeries
from tidewatch.services.fit import train_in_time

AUTO_FROM: Final = 256
"""Points from which on ``auto`` is the default: it judges nothing before 128, so that half of them are judged."""
OF_MANY: Final = "auto"
"""The detector for so many points, unless the request names one."""
OF_FEW: Final = "mad"
"""The detector for fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A series of n points and how a detector judged it that learned from this series alone.

    Attributes:
        series: what was judged.
        has_times: whether its timestamps are times; if not, only its order is known.
        model: what was learned.
        scores: of every point.
        events: what the anomalous points were merged to, in order.
        timezone: whose days the series has.
    """

    series: TimeSeries
    has_times: bool
    model: Model
    scores: Scores
    events: list[Event]
    timezone: str = UTC_NAME

    @property
    def options(self) -> DetectorOptions:
        """Of the detector, defaults filled in."""
        return self.model.options

    @property
    def warmup_points(self) -> int:
        """How many points at the start are not judged, because too few came before them."""
        return int(np.argmin(np.append(self.scores.warming_up, False)))

    @property
    def judged(self) -> int:
        """How many points are judged."""
        return int(np.count_nonzero(~self.scores.warming_up))

    @property
    def anomalous(self) -> int:
        """How many points are anomalies."""
        return int(np.count_nonzero(self.scores.anomaly))


def default_detector(points: int) -> str:
    """The detector for a series of so many points, where the request names none."""
    return OF_MANY if points >= AUTO_FROM else OF_FEW


def detect(sent: SentSeries, options: DetectorOptions, *, timezone: str = UTC_NAME, deadline: Deadline) -> Detection:
    """Learns from a series and judges each of its points, whose days are those of a time zone.

    Raises:
        CannotTrain: if the series does not suit the detector, or it takes too long.
    """
    try:
        model = train_in_time(sent.series, options, timezone=timezone, deadline=deadline)
        scores = judge_in_time(model, sent.series, deadline)
    except CannotTrain as error:
        error.field = sent.field
        raise
    return Detection(sent.series, sent.has_times, model, scores, find_events(scores), timezone)


def judge_in_time(model: Model, series: TimeSeries, deadline: Deadline) -> Scores:
    """The judgement of every point of a series that nothing came before.

    Raises:
        CannotTrain: if it takes too long.
    """
    try:
        return model.review(series, deadline)
    except DeadlineExceeded:
        raise CannotTrain(
            f"{model.options.name} takes longer to judge {len(series):,} points than a request has: send fewer points, "
            "or choose options or a detector that need less time"
        ) from None


def detect_in_values(values: NDArray[np.float64]) -> ValuesJudged:
    """Judges bare values, float64, shape (n,), in the order of time, each by all of them."""
    return judge_values(values)
