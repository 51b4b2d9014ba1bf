"""The model that a fit gives: a fitted detector, the calibration of its scores, and the decision by both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tidewatch.calibration.conformal import Calibration, severity_of
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Scores
from tidewatch.detectors.decision import Decision
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
    ) -> None:
        """Takes the parts of a model.

        Args:
            detector: fitted.
            calibration: of its nonconformity scores.
            units: those that it works in; None for the unit of the series.
            tail: the last training points, as many as a judgement looks back at.
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
        self._lookback = detector.lookback + self._decision.recent
        self._tail = tail.last(self._lookback)

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
        before = (self._tail if context is None else context).last(self._lookback)
        return self._judge(before.followed_by(series), len(before), deadline)

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges points that nothing came before.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._judge(series, 0, deadline)

    def parameters(self) -> Mapping[str, Json]:
        """The detector's own, the calibration and the units."""
        parameters: dict[str, Json] = {
            "method": dict(self._detector.parameters()),
            "calibration": self._calibration.to_json(),
        }
        return parameters | ({"units": self._units.to_json()} if self._units else {})

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

    def _judge(self, points: TimeSeries, skip: int, deadline: Deadline) -> Scores:
        chunk = self._detector.chunk
        if chunk is None or len(points) - skip <= chunk:
            return self._judge_chunk(points, skip)
        judged = []
        for begin in range(skip, len(points), chunk):
            deadline.check()
            first = max(begin - self._lookback, 0)
            judged.append(self._judge_chunk(points.part(first, begin + chunk), begin - first))
        names = [each.name for each in fields(Scores) if getattr(judged[0], each.name) is not None]
        return Scores(**{name: np.concatenate([getattr(one, name) for one in judged]) for name in names})

    def _judge_chunk(self, points: TimeSeries, skip: int) -> Scores:
        values = points.values[skip:]
        if self._units:
            points = TimeSeries(points.timestamps, self._units.scale(points.values))
        found, limits = self._score(points, skip)
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

    def _score(self, points: TimeSeries, skip: int) -> tuple[Nonconformity, Floats]:
        """Scores of the points after the context, and the limits that each must be beyond, shape (n - skip,)."""
        detector, limit = self._detector, self._decision.limit
        size = len(points) - skip
        found = detector.score(points, skip, limit)
        banded = found.lower is not None or found.upper is not None
        if not self._decision.recent or not (banded or np.any(found.score > limit)):
            return found, np.full(size, limit)
        past = min(skip, self._decision.recent)
        scores = detector.score(points.part(0, skip), skip - past, limit).score if past else np.empty(0)
        limits = self._decision.limits(np.concatenate([scores, found.score]), size)
        if banded and np.any(limits > limit):
            # A hair further out: what ties with the past is not beyond it, whatever the rounding of the band.
            limits = np.where(limits > limit, limits * (1.0 + _TIE), limits)
            found = detector.score(points, skip, limits)
        return found, limits

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
