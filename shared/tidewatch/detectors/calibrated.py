"""The model that a fit gives: a fitted detector, the calibration of its scores, and the decision by both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Scores, joined
from tidewatch.detectors.decision import Decision, Past
from tidewatch.detectors.units import Units
from tidewatch.series import TimeSeries

if TYPE_CHECKING:
    from tidewatch.detectors.detector import Detector, Nonconformity

_LARGEST: Final = float(np.finfo(np.float64).max)
LARGEST_NONCONFORMITY: Final = 1e300
"""Differences of two such scores still are doubles."""
_TIE: Final = 1e-9
"""Of a score: what differs by less ties."""


class CalibratedModel:
    """A fitted detector with its calibration."""

    def __init__(
        self,
        detector: Detector[Any],
        calibration: Calibration,
        units: Units | None,
        tail: TimeSeries,
        past: Past | None = None,
    ) -> None:
        """Takes the parts of a model.

        Args:
            detector: fitted.
            calibration: of its nonconformity scores.
            units: those that it works in; None for the unit of the series.
            tail: the last training points, as many as a judgement looks back at.
            past: what the decision needs of earlier points; None to take it from the tail, which then has so many more.
        """
        self._detector, self._calibration, self._units = detector, calibration, units
        rate = detector.options.false_alarm_rate
        if rate is not None:
            self._decision = Decision(calibration.limit(rate))
        elif detector.decides_by_default:
            self._decision = Decision.by_default(
                detector.threshold, calibration, detector.recent, detector.recent_events, detector.echo
            )
        else:
            self._decision = Decision(detector.threshold)
        self._lookback = detector.lookback
        self._tail = tail.last(self._lookback)
        self._remembered, self._given = tail.last(self._lookback + self._decision.recent), past

    @property
    def options(self) -> DetectorOptions:
        """The options that it was fitted with."""
        options: DetectorOptions = self._detector.options
        return options

    @property
    def period(self) -> int | None:
        """The season that the detector found, in points."""
        return self._detector.period

    def score(self, series: TimeSeries, context: TimeSeries | None = None, deadline: Deadline = NEVER) -> Scores:
        """Judges points that follow the context, or else the training data.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        if context is None:
            return self._judge(self._tail.followed_by(series), len(self._tail), self._past, deadline)
        before = context.last(self._lookback + self._decision.recent)
        return self._judge(before.followed_by(series), len(before), None, deadline)

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges points that nothing came before.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._judge(series, 0, Past.none(), deadline)

    def follow(self, state: Arrays | None = None) -> CalibratedFollower:
        """Goes on after the training data, or from a state: the points of the lookback, and the past of the next."""
        if state is None:
            return CalibratedFollower(self, self._tail, self._past)
        tail = TimeSeries(state["timestamps"], state["values"])
        return CalibratedFollower(self, tail, Past(state["ago"], state["scores"]))

    def advance(
        self, before: TimeSeries, past: Past, points: TimeSeries, deadline: Deadline
    ) -> tuple[Scores, TimeSeries, Past]:
        """Judges points that follow others.

        Args:
            before: the last points before them, as many as a judgement looks back at.
            past: of the first of the points.
            points: n points, n at least 1.
            deadline: when to give up; looked at before every chunk.

        Returns:
            Their scores; the points that the next one looks back at; its past.
        """
        chunk = self._detector.chunk or len(points)
        judged = []
        for begin in range(0, len(points), chunk):
            deadline.check()
            part = points.part(begin, begin + chunk)
            whole = before.followed_by(part)
            found, limits, _ = self._score(whole, len(before), past)
            judged.append(self._answer(part.values, found, limits))
            past = self._decision.after(past, found.score)
            before = whole.last(self._lookback)
        return joined(judged), before, past

    def parameters(self) -> Mapping[str, Json]:
        """The detector's own, the calibration, the units, and the last high scores if there are any."""
        parameters: dict[str, Json] = {
            "method": dict(self._detector.parameters()),
            "calibration": self._calibration.to_json(),
        }
        if self._units:
            parameters["units"] = self._units.to_json()
        if self._past.ago.size:
            parameters["past"] = self._past.to_json()
        return parameters

    def arrays(self) -> Arrays:
        """The detector's own, and the tail of the training data that its judgements look back at."""
        if not len(self._tail):
            return self._detector.arrays()
        tail = {"tail_timestamps": self._tail.timestamps, "tail_values": self._tail.values}
        return {**self._detector.arrays(), **tail}

    def preprocessing(self) -> Mapping[str, Json]:
        """The detector's own."""
        return self._detector.preprocessing()

    def learned(self) -> Mapping[str, float | None]:
        """What the detector learned, in the unit of the series."""
        found = self._detector.learned(self._units or Units(0, 0.0, 0), self._decision.limit)
        return {name: value if np.isfinite(value) else None for name, value in found.items()}

    @cached_property
    def _past(self) -> Past:
        """That of the points which follow the training data."""
        if self._given is not None:
            return self._given
        return self._recall(self._scaled(self._remembered), len(self._remembered))

    def _recall(self, points: TimeSeries, skip: int) -> Past:
        """The past of a point by the scores of those before it, their values in units."""
        past = min(skip - self._lookback, self._decision.recent)
        if past <= 0:
            return Past.none()
        scores = self._detector.score(points.part(0, skip), skip - past, self._decision.limit).score
        return self._decision.after(Past.none(), scores)

    def _scaled(self, points: TimeSeries) -> TimeSeries:
        return TimeSeries(points.timestamps, self._units.scale(points.values)) if self._units else points

    def _judge(self, points: TimeSeries, skip: int, past: Past | None, deadline: Deadline) -> Scores:
        """Judges all but the first points; without their past, these are as many as it is made of."""
        chunk = self._detector.chunk
        if chunk is None or len(points) - skip <= chunk:
            return self._answer(points.values[skip:], *self._score(points, skip, past)[:2])
        judged = []
        for begin in range(skip, len(points), chunk):
            deadline.check()
            first = 0 if begin == skip else max(begin - self._lookback, 0)
            part = points.part(first, begin + chunk)
            found, limits, past = self._score(part, begin - first, past)
            judged.append(self._answer(part.values[begin - first :], found, limits))
            past = self._decision.after(past, found.score)
        return joined(judged)

    def _answer(self, values: Floats, found: Nonconformity, limits: Floats) -> Scores:
        """The judgement of values in the unit of the series."""
        nonconformity = np.minimum(found.score, LARGEST_NONCONFORMITY)
        warming_up = np.isnan(nonconformity)
        evidence = self._calibration.evidence(nonconformity)
        expected, lower, upper = self._in_unit_of_series(found, values.size)
        if found.lower is None and found.upper is None:
            anomaly = nonconformity > limits
        else:
            # By the limits that a client sees: an answer must not contradict itself in its last digit.
            anomaly = ((values > upper) | (values < lower)) & ~warming_up
        direction = found.direction
        if direction is None:
            direction = (values > expected).view(np.int8) - (values < expected).view(np.int8)
        return Scores(
            anomaly=anomaly,
            score=np.where(warming_up, np.nan, np.minimum(np.maximum(found.statistic, -_LARGEST), _LARGEST)),
            p_value=np.power(10.0, -evidence),
            severity=severity_of(evidence),
            expected=expected,
            lower=lower,
            upper=upper,
            direction=direction,
            warming_up=warming_up,
        )

    def _score(self, points: TimeSeries, skip: int, past: Past | None) -> tuple[Nonconformity, Floats, Past]:
        """Scores of the points after the context, the limits that each must be beyond, and the past of the first."""
        points, size = self._scaled(points), len(points) - skip
        detector, decision = self._detector, self._decision
        if not decision.recent:
            return detector.score(points, skip, decision.limit), np.full(size, decision.limit), Past.none()
        # The limit of a single point depends on its past alone, so that its band is right at once.
        guess = decision.limits(past or Past.none(), np.full(size, -np.inf))
        found = detector.score(points, skip, self._band_at(guess))
        if past is not None and size <= 1:
            return found, guess, past
        banded = found.lower is not None or found.upper is not None
        if past is None:
            # What comes before is scored only where it matters.
            matters = banded or np.any(found.score > decision.limit)
            past = self._recall(points, skip) if matters else Past.none()
        limits = decision.limits(past, found.score)
        if banded and np.any(limits != guess):
            found = detector.score(points, skip, self._band_at(limits))
        return found, limits, past

    def _band_at(self, limits: Floats) -> Floats:
        """A hair further out: what ties with the past is not beyond it, whatever the rounding of the band."""
        return np.where(limits > self._decision.limit, limits * (1.0 + _TIE), limits)

    def _in_unit_of_series(self, found: Nonconformity, size: int) -> Floats:
        """Expected values, lower and upper limits, shape (3, size); NaN where there are none."""
        # In one array: of a single point, each pass costs as much as of a thousand.
        band = np.full((3, size), np.nan)
        for row, limit in enumerate((found.expected, found.lower, found.upper)):
            if limit is not None:
                band[row] = limit
        if self._units:
            band = self._units.unscale(band)
        band[~np.isfinite(band)] = np.nan
        return band


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedFollower:
    """A calibrated model up to a point of its series: what the judgement of the next one looks back at."""

    model: CalibratedModel
    tail: TimeSeries
    past: Past

    def judge(self, points: TimeSeries, deadline: Deadline = NEVER) -> tuple[Scores, CalibratedFollower]:
        """Judges the next points.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        scores, tail, past = self.model.advance(self.tail, self.past, points, deadline)
        return scores, CalibratedFollower(self.model, tail, past)

    def state(self) -> Arrays:
        """The points that the next judgement looks back at, and the high scores before it."""
        tail, past = self.tail, self.past
        return {"timestamps": tail.timestamps, "values": tail.values, "ago": past.ago, "scores": past.scores}
