"""``auto`` as the catalogue offers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.calibration.conformal import MOST_EVIDENCE, severity_of
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Scores
from tidewatch.detectors.ensemble.auto.stream import WARM_UP, Judgement, Stream
from tidewatch.detectors.events import THRESHOLD
from tidewatch.series import TimeSeries

_SCALAR_NAMES: Final = ("expected", "lower", "upper", "period")


class AutoOptions(DetectorOptions):
    """Seven experts on level, season, drift, shift, shape and roughness, each calibrated by its own past, and fused.

    The one to begin with: it finds the season by itself and needs no option. It judges nothing before 128 points. Gaps
    move its season by the points that are missing, until they are older than 16,384 points.
    """

    name: Literal["auto"] = "auto"
    threshold: Annotated[
        float,
        Field(gt=0, le=12.5, description="The fused score, 0 to 12.5, from which on a point is an anomaly."),
    ] = THRESHOLD


class Auto:
    """Seven experts, each calibrated by its own past, and the evidence of those that see most.

    An expert measures one thing about a point and the points before it: distance from the level, from the season,
    drift, shift, shape, roughness or calm. Its evidence is ``-log10`` of the rank of that measure in its own past, with
    a Pareto tail beyond.

        score = largest evidence + second largest + half of the third, each at most 5

    A model is a stream as far as training went: it goes on to learn from every point that it is given as context or to
    judge, and calibrates itself, so it needs neither units nor a calibration beside it. What makes it one is in
    :mod:`~tidewatch.detectors.ensemble.auto.stream`.

    Sources: of each expert, in its module; ranks as p-values, V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in
    a Random World (2005), chapter 2; the tail, A. Siffer et al., Anomaly Detection in Streams with Extreme Value Theory
    (2017), KDD.

    >>> wave = np.sin(np.arange(480) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 0.1, 480)
    >>> model = Auto.train(TimeSeries(3600 * np.arange(480), wave), AutoOptions())
    >>> model.period
    24
    >>> model.score(TimeSeries(3600 * np.arange(480, 482), np.array([0.0, 5.0]))).anomaly.tolist()
    [False, True]
    """

    options_type: ClassVar[type[AutoOptions]] = AutoOptions

    def __init__(self, options: AutoOptions, stream: Stream, learned: Mapping[str, float | None]) -> None:
        self._options, self._stream, self._learned = options, stream, learned

    @classmethod
    def train(cls, series: TimeSeries, options: DetectorOptions, deadline: Deadline = NEVER) -> Auto:
        """Runs a stream over a series that passed preflight; a short one warms up with what follows.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        stream = Stream()
        judgement = stream.extend(series.timestamps, series.values, deadline)
        learned: dict[str, float | None] = dict.fromkeys(_SCALAR_NAMES)
        if len(series) > WARM_UP:
            ends = (judgement.expected[-1], judgement.lower[-1], judgement.upper[-1])
            learned |= {
                name: float(end) if np.isfinite(end) else None for name, end in zip(_SCALAR_NAMES, ends, strict=False)
            }
        season = stream.season()
        learned["period"] = float(season) if season else None
        return cls(AutoOptions.model_validate(options.model_dump()), stream, learned)

    @classmethod
    def restore(cls, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Auto:
        """Builds the model that gave these ``parameters()`` and ``arrays()`` under these options."""
        return cls(AutoOptions.model_validate(options), Stream.restore(arrays), parameters["learned"])

    @property
    def options(self) -> AutoOptions:
        """The options that it was fitted with."""
        return self._options

    @property
    def period(self) -> int | None:
        """The season of the training data, in points; None if its cycles agree no more than those of noise."""
        period = self._learned["period"]
        return int(period) if period else None

    def score(self, series: TimeSeries, context: TimeSeries | None = None, deadline: Deadline = NEVER) -> Scores:
        """Judges points that follow the training data, and the context if there is one.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        stream = self._stream.copy()
        if context is not None:
            stream.extend(context.timestamps, context.values, deadline)
        return self._scores(stream.extend(series.timestamps, series.values, deadline))

    def review(self, series: TimeSeries, deadline: Deadline = NEVER) -> Scores:
        """Judges points as a stream that begins with them.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        return self._scores(Stream().extend(series.timestamps, series.values, deadline))

    def parameters(self) -> Mapping[str, Json]:
        """Numbers for people; the rest is arrays."""
        return {"learned": dict(self._learned)}

    def arrays(self) -> Arrays:
        """The state of the stream: at most 0.9 MB."""
        return self._stream.state()

    def preprocessing(self) -> Mapping[str, Json]:
        """Each expert scales what it measures by its own past."""
        return {"features": ["value"], "scaling": "by each expert", "fill": "none"}

    def learned(self) -> Mapping[str, float | None]:
        """Expectation and band at the last training point, and the period in points."""
        return self._learned

    def _scores(self, judgement: Judgement) -> Scores:
        warming_up = judgement.warming_up
        evidence = np.where(warming_up, np.nan, np.minimum(judgement.evidence, MOST_EVIDENCE))
        rate = self._options.false_alarm_rate
        p_value = np.power(10.0, -evidence)
        unusual = judgement.score >= self._options.threshold if rate is None else p_value <= rate
        return Scores(
            anomaly=unusual & ~warming_up,
            score=np.where(warming_up, np.nan, judgement.score),
            p_value=p_value,
            severity=severity_of(evidence),
            expected=_known(judgement.expected, warming_up),
            lower=_known(judgement.lower, warming_up),
            upper=_known(judgement.upper, warming_up),
            direction=np.where(warming_up, 0, judgement.direction).astype(np.int8),
            warming_up=warming_up,
        )


def _known(limit: Floats, warming_up: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    return np.where(np.isfinite(limit) & ~warming_up, limit, np.nan)
