"""What an evaluation says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FoldRate:
    """The alarms of one fold.

    Attributes:
        start, end: of its first and its last point, in Unix seconds.
        judged: points that it judged; the others were too early, with too few before them.
        alarms: how many of them it called anomalies.
        rate: the share; None if it judged none.
    """

    start: int
    end: int
    judged: int
    alarms: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class AlarmRate:
    """How often a contender alarms, and whether that is the same over time.

    Attributes:
        rate: share of judged points that were called anomalies; None if none was judged.
        promised: the ``false_alarm_rate`` of its options; None if they name none.
        ratio: the rate over the promised one; None without one.
        lowest, highest: of the folds' rates.
        standard_deviation: of the folds' rates.
        below: share of judged points with a p-value of at most 0.1, 0.01 and 0.001, by these names. Of usual points it
            is about the name.
        folds: one after the other.
    """

    rate: float | None
    promised: float | None
    ratio: float | None
    lowest: float | None
    highest: float | None
    standard_deviation: float | None
    below: dict[str, float | None]
    folds: Sequence[FoldRate]


@dataclass(frozen=True, slots=True)
class FailureDetection:
    """How a contender judged injected anomalies of one kind.

    Attributes:
        kind: see ``injection.KINDS``.
        length: points that each lasts.
        trials: how many were injected, one at a time.
        found: how many had an alarm on one of their points.
        recall: the share; None without a trial, such as of a season that the data does not have.
        by_chance: the share of the same stretches that had an alarm without an anomaly.
        delay: mean points from the start to the first alarm, of those that were found; None if none was.
        false_alarms: alarms after the end of the anomalies that were not there without them, in all.
        points_after: points after the ends that were looked at for these.
    """

    kind: str
    length: int
    trials: int
    found: int
    recall: float | None
    by_chance: float | None
    delay: float | None
    false_alarms: int
    points_after: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision, recall, and their harmonic mean; None where there is nothing to divide by."""

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """What labels say of a contender.

    Attributes:
        points: by points that have a label. A labelled anomaly that was not judged is a miss.
        events: by events: anomalies at most three points apart are one. An event is found if one of its points was
            called an anomaly; an alarm event is right if one of its points is a labelled anomaly.
        average_precision: of labelled points from the smallest to the largest p-value; None without an anomaly.
        delay: mean points from the start of an event to its first alarm, of those that were found; None if none was.
        hits, misses, false_alarms: labelled points.
        found_events, missed_events, false_events: events; of alarms those count that have a labelled point.
    """

    points: Quality
    events: Quality
    average_precision: float | None
    delay: float | None
    hits: int
    misses: int
    false_alarms: int
    found_events: int
    missed_events: int
    false_events: int


@dataclass(frozen=True, slots=True)
class Serving:
    """Whether a model judges as it was trained: in memory and as stored, many points at once and one after the other.

    Attributes:
        points: that were judged in each way.
        equal: whether all judgements are the same to the last bit.
        stored_differs: points that the stored and restored model judged otherwise than the one in memory.
        single_differs: points that it judged otherwise one at a time, each with those before it as context.
        alarms_differ: points of either that were an anomaly in one way and not in another.
        largest_difference: of two p-values.
    """

    points: int
    equal: bool
    stored_differs: int
    single_differs: int
    alarms_differ: int
    largest_difference: float


@dataclass(frozen=True, slots=True)
class ContenderReport:
    """All that was found of one contender.

    Attributes:
        name: as it was given.
        detector: its name in the catalogue.
        trained: ``on folds`` if it learned from what came before each fold, ``before`` if it came trained.
        seen: share of the judged points that lie in the time it was trained on.
        problem: why it could not be evaluated, for people; the rest is None or empty then.
        alarm_rate: how often it alarms.
        failures: how it judged injected anomalies, by kind.
        recall: mean recall of the kinds that were injected; None if none was.
        labels: what labels say; None without labels.
        serving: whether it judges as it was trained.
        alarms: when it alarmed, in Unix seconds, the last 1,000.
    """

    name: str
    detector: str
    trained: str
    seen: float
    problem: str | None = None
    alarm_rate: AlarmRate | None = None
    failures: Sequence[FailureDetection] = ()
    recall: float | None = None
    labels: LabelQuality | None = None
    serving: Serving | None = None
    alarms: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two contenders agree, on the points that both judged.

    Attributes:
        first, second: their names.
        points: that both judged.
        both, first_only, second_only: points that they called anomalies.
        jaccard: share of the points that either called an anomaly on which both did; None if neither ever did.
        kappa: Cohen's: agreement beyond that of chance, 1 for the same, 0 for chance; None if neither ever did, or
            both always.
    """

    first: str
    second: str
    points: int
    both: int
    first_only: int
    second_only: int
    jaccard: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation. The same data, contenders and options give the same report.

    Attributes:
        kind: ``series``, or ``rows`` of many variables.
        points: that were judged.
        points_before: that came before them: detectors learned from these first.
        points_left_out: of data that was too long, the first ones.
        start, end: of the judged points, in Unix seconds.
        seed, size, folds: of the options.
        labelled, labelled_anomalies: judged points with a label, and those of them that are anomalies.
        labelled_events: events of these anomalies.
        anomalies: the times of labelled anomalies, in Unix seconds, the last 1,000.
        contenders: in the order in which they were given.
        agreements: of each pair of them.
    """

    kind: str
    points: int
    points_before: int
    points_left_out: int
    start: int
    end: int
    seed: int
    size: float
    folds: int
    labelled: int
    labelled_anomalies: int
    labelled_events: int
    anomalies: Sequence[int]
    contenders: Sequence[ContenderReport]
    agreements: Sequence[Agreement]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON can hold it: the attributes by name, times as Unix seconds."""
        return asdict(self)
