"""A whole series judged at once, without anything being stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidewatch.api.detection_requests import DetectRequest
from tidewatch.detectors import CannotTrain, DetectorOptions, Event, Model, Scores, detector_named, find_events
from tidewatch.series import TimeSeries


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A series of n points and how a detector judged it that learned from this series alone.

    Attributes:
        series: what was judged.
        has_times: whether its timestamps are times; if not, only its order is known.
        model: what was learned.
        scores: of every point.
        events: what the anomalous points were merged to, in order.
    """

    series: TimeSeries
    has_times: bool
    model: Model
    scores: Scores
    events: list[Event]

    @classmethod
    def of(cls, request: DetectRequest) -> Detection:
        """Learns from the series and judges it.

        Raises:
            CannotTrain: if the series does not suit the detector, or its options would take too long.
        """
        try:
            model = detector_named(request.options.name).fit(request.series, request.options)
        except CannotTrain as error:
            error.field = request.field
            raise
        scores = model.review(request.series)
        return cls(request.series, request.has_times, model, scores, find_events(scores))

    @property
    def options(self) -> DetectorOptions:
        """Of the detector, defaults filled in."""
        return self.model.options

    @property
    def warmup_points(self) -> int:
        """How many points at the start are not judged: too little came before them."""
        return int(np.argmin(np.append(self.scores.warming_up, False)))

    @property
    def judged(self) -> int:
        """How many points are judged."""
        return int(np.count_nonzero(~self.scores.warming_up))

    @property
    def anomalous(self) -> int:
        """How many points are anomalies."""
        return int(np.count_nonzero(self.scores.anomaly))
