"""How often a contender alarmed, how far two of them agree, and what labels say, all by judged points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.events import GAP
from tidewatch.lifecycle.evaluation.report import Agreement, AlarmRate, FoldRate, LabelQuality, Quality

Flags = NDArray[np.bool_]

_P_VALUES: Final = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True, eq=False)
class FoldJudgement:
    """How the n points of a fold were judged; every array has shape (n,).

    Attributes:
        times: Unix seconds.
        anomaly: whether each is an anomaly.
        p_value: NaN while warming up.
        warming_up: whether too few came before to judge it.
    """

    times: NDArray[np.int64]
    anomaly: Flags
    p_value: NDArray[np.float64]
    warming_up: Flags


def joined(folds: Sequence[FoldJudgement]) -> FoldJudgement:
    """All folds as one."""
    return FoldJudgement(
        np.concatenate([fold.times for fold in folds]),
        np.concatenate([fold.anomaly for fold in folds]),
        np.concatenate([fold.p_value for fold in folds]),
        np.concatenate([fold.warming_up for fold in folds]),
    )


def alarm_rate(folds: Sequence[FoldJudgement], promised: float | None) -> AlarmRate:
    """The rate of alarms, whole and by fold, beside what the options promise."""
    by_fold = [_fold_rate(fold) for fold in folds]
    judged, alarms = sum(fold.judged for fold in by_fold), sum(fold.alarms for fold in by_fold)
    rate = share(alarms, judged)
    rates = [fold.rate for fold in by_fold if fold.rate is not None]
    known = np.concatenate([fold.p_value[~fold.warming_up] for fold in folds])
    return AlarmRate(
        rate=rate,
        promised=promised,
        ratio=None if promised is None or rate is None else rate / promised,
        lowest=min(rates, default=None),
        highest=max(rates, default=None),
        standard_deviation=float(np.std(rates)) if rates else None,
        below={str(limit): share(int(np.count_nonzero(known <= limit)), known.size) for limit in _P_VALUES},
        folds=by_fold,
    )


def _fold_rate(fold: FoldJudgement) -> FoldRate:
    judged, alarms = int(np.count_nonzero(~fold.warming_up)), int(np.count_nonzero(fold.anomaly))
    return FoldRate(int(fold.times[0]), int(fold.times[-1]), judged, alarms, share(alarms, judged))


def agreement(names: tuple[str, str], one: FoldJudgement, other: FoldJudgement) -> Agreement:
    """How far two judgements of the same points agree.

    Source of kappa: J. Cohen, A Coefficient of Agreement for Nominal Scales (1960), Educational and Psychological
    Measurement 20(1).
    """
    common = ~(one.warming_up | other.warming_up)
    first, second = one.anomaly[common], other.anomaly[common]
    points, both = int(first.size), int(np.count_nonzero(first & second))
    alone, beside = int(np.count_nonzero(first)) - both, int(np.count_nonzero(second)) - both
    return Agreement(
        first=names[0],
        second=names[1],
        points=points,
        both=both,
        first_only=alone,
        second_only=beside,
        jaccard=share(both, both + alone + beside),
        kappa=_kappa(points, both, alone, beside),
    )


def _kappa(points: int, both: int, first_only: int, second_only: int) -> float | None:
    if not points:
        return None
    first, second = (both + first_only) / points, (both + second_only) / points
    by_chance = first * second + (1.0 - first) * (1.0 - second)
    if by_chance >= 1.0:
        return None
    observed = 1.0 - (first_only + second_only) / points
    return (observed - by_chance) / (1.0 - by_chance)


def label_quality(truth: NDArray[np.int8], found: FoldJudgement) -> LabelQuality:
    """What labels say of a judgement.

    Args:
        truth: 1 for an anomaly, 0 for a usual point, -1 where it is not known, shape (n,).
        found: of the same points.
    """
    alarms = found.anomaly
    hits = int(np.count_nonzero(alarms & (truth == 1)))
    misses = int(np.count_nonzero(~alarms & (truth == 1)))
    false_alarms = int(np.count_nonzero(alarms & (truth == 0)))
    labelled = events(truth == 1)
    delays = [int(np.argmax(alarms[event])) for event in labelled if alarms[event].any()]
    # An alarm of whose points nobody knows whether they were anomalies is neither right nor wrong.
    told = [event for event in events(alarms) if (truth[event] >= 0).any()]
    right = sum(bool((truth[event] == 1).any()) for event in told)
    return LabelQuality(
        points=_quality(hits, hits + misses, hits, hits + false_alarms),
        events=_quality(len(delays), len(labelled), right, len(told)),
        average_precision=average_precision(truth, found.p_value),
        delay=float(np.mean(delays)) if delays else None,
        hits=hits,
        misses=misses,
        false_alarms=false_alarms,
        found_events=len(delays),
        missed_events=len(labelled) - len(delays),
        false_events=len(told) - right,
    )


def _quality(found: int, all_of_them: int, right: int, called: int) -> Quality:
    precision, recall = share(right, called), share(found, all_of_them)
    if precision is None or recall is None:
        return Quality(precision, recall, None)
    return Quality(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)


def average_precision(truth: NDArray[np.int8], p_value: NDArray[np.float64]) -> float | None:
    """The mean precision at each labelled anomaly, from the smallest to the largest p-value; equals count together.

    Args:
        truth: as for :func:`label_quality`; points of which nothing is known are left out.
        p_value: shape (n,); NaN ranks last.
    """
    known = truth >= 0
    labels, unusual = truth[known] == 1, -np.nan_to_num(p_value[known], nan=2.0)
    if not labels.any():
        return None
    order = np.argsort(-unusual, kind="stable")
    # Only the last of equals is a state that a threshold can reach.
    last = np.append(np.diff(unusual[order]) != 0.0, True)
    hits = np.cumsum(labels[order])[last]
    precision = hits / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(hits, prepend=0) * precision) / hits[-1])


def events(marks: Flags) -> list[slice]:
    """The stretches of marked points, shape (n,), with at most three others between two of one event."""
    places = np.flatnonzero(marks)
    if not places.size:
        return []
    groups = np.split(places, np.flatnonzero(np.diff(places) > GAP + 1) + 1)
    return [slice(int(group[0]), int(group[-1]) + 1) for group in groups]


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None
