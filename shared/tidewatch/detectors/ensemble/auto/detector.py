"""``auto`` as the catalogue offers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.calibration.conformal import MOST_EVIDENCE, severity_of
from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Floats, Json, Scores
from tidewatch.detectors.ensemble.auto.stored import restore, store
from tidewatch.detectors.ensemble.auto.stream import SURE, WARM_UP, Judgement, Stream
from tidewatch.series import TimeSeries

_SCALAR_NAMES: Final = ("expected", "lower", "upper", "period")


class AutoOptions(DetectorOptions):
    """Level, season and step together say which point is wrong; p-values are calibrated; evidence of incidents beside.

    The one to begin with: it finds the season by itself, goes on to learn, and needs no option. It judges nothing
    before 32 points. Of evenly sampled series gaps are filled in by the season.
    """

    name: Literal["auto"] = "auto"
    threshold: Annotated[
        float,
        Field(
            gt=0,
            le=12.5,
            description="The incident evidence, 0 to 12.5, from which on the first point of an incident is an anomaly "
            "too, where the season explains most of the series. Points in a row that are 1.9 times as far from their "
            "season as three in four of the past count as 8.",
        ),
    ] = SURE


class Auto:
    """Three outputs of one stream: a score that says which points are wrong, a p-value, evidence of incidents.

    A point is seen from three sides, by its distance from the level, from its season and from the value before it. Its
    score grows with the two that are largest, and it is flagged if all three are large and together rare. The p-value
    is a conformal rank of another mixture of the three, calibrated also where the level wanders. With a
    ``false_alarm_rate`` a point is flagged by its p-value instead. How, and why no single number serves all three, is
    in :mod:`~tidewatch.detectors.ensemble.auto.point`.

    The incident evidence looks at windows, and is what to alert on once per incident:
    :mod:`~tidewatch.detectors.ensemble.auto.incident`. In a series that its season explains, the first point of an
    incident is flagged as well, and that of a stretch far from its season: a bent beat has no single wrong point.

    A model is a stream as far as training went: it goes on to learn from every point that it is given as context or to
    judge, and calibrates itself, so it needs neither units nor a calibration beside it. What makes it one is in
    :mod:`~tidewatch.detectors.ensemble.auto.stream`.

    Sources: of each output, in the modules above; ranks as p-values, V. Vovk, A. Gammerman, G. Shafer, Algorithmic
    Learning in a Random World (2005), chapter 2; the tail beyond them, A. Siffer et al., Anomaly Detection in Streams
    with Extreme Value Theory (2017), KDD.

    >>> wave = np.sin(np.arange(480) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 0.1, 480)
    >>> model = Auto.train(TimeSeries(3600 * np.arange(480), wave), AutoOptions())
    >>> model.period
    24
    >>> model.score(TimeSeries(3600 * np.arange(480, 482), np.array([0.0, 5.0]))).anomaly.tolist()
    [False, True]
    """

    options_type: ClassVar[type[AutoOptions]] = AutoOptions
    uses_wall_clock: ClassVar[bool] = True

    def __init__(self, options: AutoOptions, stream: Stream, learned: Mapping[str, float | None]) -> None:
        self._options, self._stream, self._learned = options, stream, learned

    @classmethod
    def train(cls, series: TimeSeries, options: DetectorOptions, deadline: Deadline = NEVER) -> Auto:
        """Runs a stream over a series that passed preflight; a short one warms up with what follows.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        own = AutoOptions.model_validate(options.model_dump())
        stream = Stream(own.threshold)
        judgement = stream.extend(series.timestamps, series.values, deadline)
        learned: dict[str, float | None] = dict.fromkeys(_SCALAR_NAMES)
        if len(series) > WARM_UP:
            ends = (judgement.expected[-1], judgement.lower[-1], judgement.upper[-1])
            learned |= {
                name: float(end) if np.isfinite(end) else None for name, end in zip(_SCALAR_NAMES, ends, strict=False)
            }
        season = stream.season()
        learned["period"] = float(season) if season else None
        return cls(own, stream, learned)

    @classmethod
    def restore(cls, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Auto:
        """Builds the model that gave these ``parameters()`` and ``arrays()`` under these options."""
        own = AutoOptions.model_validate(options)
        return cls(own, restore(arrays, own.threshold), parameters["learned"])

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
        stream = Stream(self._options.threshold)
        return self._scores(stream.extend(series.timestamps, series.values, deadline))

    def follow(self, state: Arrays | None = None) -> AutoFollower:
        """Goes on after the training data, or from the state of a stream."""
        return AutoFollower(self, self._stream if state is None else restore(state, self._options.threshold))

    def go_on(self, stream: Stream, points: TimeSeries, deadline: Deadline) -> tuple[Scores, Stream]:
        """Judges the next points of a stream, and gives that stream after them; the first one stays as it was.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        later = stream.copy()
        return self._scores(later.extend(points.timestamps, points.values, deadline)), later

    def parameters(self) -> Mapping[str, Json]:
        """Numbers for people; the rest is arrays."""
        return {"learned": dict(self._learned)}

    def arrays(self) -> Arrays:
        """The state of the stream: less than 64 kB."""
        return store(self._stream)

    def preprocessing(self) -> Mapping[str, Json]:
        """Each side and each expert scales what it measures by its own past; gaps are filled in by the season."""
        return {"features": ["value"], "scaling": "by each expert", "fill": "earlier period"}

    def learned(self) -> Mapping[str, float | None]:
        """Expectation and band at the last training point, and the period in points."""
        return self._learned

    def _scores(self, judgement: Judgement) -> Scores:
        warming_up = judgement.warming_up
        evidence = np.where(warming_up, np.nan, np.minimum(judgement.evidence, MOST_EVIDENCE))
        rate = self._options.false_alarm_rate
        p_value = np.power(10.0, -evidence)
        return Scores(
            anomaly=judgement.anomaly if rate is None else (p_value <= rate) & ~warming_up,
            score=np.where(warming_up, np.nan, judgement.score),
            p_value=p_value,
            severity=severity_of(evidence),
            expected=_known(judgement.expected, warming_up),
            lower=_known(judgement.lower, warming_up),
            upper=_known(judgement.upper, warming_up),
            direction=np.where(warming_up, 0, judgement.direction).astype(np.int8),
            warming_up=warming_up,
            incident=np.where(warming_up, np.nan, judgement.incident),
        )


@dataclass(frozen=True, slots=True, eq=False)
class AutoFollower:
    """A model of ``auto`` up to a point of its series."""

    model: Auto
    stream: Stream

    def judge(self, points: TimeSeries, deadline: Deadline = NEVER) -> tuple[Scores, AutoFollower]:
        """Judges the next points, and learns from them.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        scores, stream = self.model.go_on(self.stream, points, deadline)
        return scores, AutoFollower(self.model, stream)

    def state(self) -> Arrays:
        """The state of the stream: less than 64 kB."""
        return store(self.stream)


def _known(limit: Floats, warming_up: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    return np.where(np.isfinite(limit) & ~warming_up, limit, np.nan)
