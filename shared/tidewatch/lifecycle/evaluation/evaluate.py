"""The evaluation whole: each contender on each fold, then with anomalies in it, then against the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS, CannotTrain, RowsModel
from tidewatch.detectors.base import NEVER
from tidewatch.lifecycle.evaluation.contenders import Candidate, Contender, Fitted, Judge, judge_of, share_seen
from tidewatch.lifecycle.evaluation.failures import FailureCounts, trials_in_fold
from tidewatch.lifecycle.evaluation.injection import Injector
from tidewatch.lifecycle.evaluation.judged import (
    FoldJudgement,
    agreement,
    alarm_rate,
    events,
    joined,
    label_quality,
)
from tidewatch.lifecycle.evaluation.plan import (
    MOST_CONTENDERS,
    CannotEvaluate,
    EvaluationOptions,
    Fold,
    Points,
    split,
)
from tidewatch.lifecycle.evaluation.report import Agreement, ContenderReport, Report
from tidewatch.lifecycle.evaluation.serving import check_serving
from tidewatch.series import Frame

_MOST_TIMES: Final = 1_000
_USUAL: Final = EvaluationOptions()


def _ignore(_: int, __: int) -> None:
    """Nobody asked how far it is."""


def evaluate(
    data: Points,
    contenders: Sequence[Contender],
    *,
    labels: Mapping[int, bool] | None = None,
    options: EvaluationOptions = _USUAL,
    deadline: Deadline = NEVER,
    progress: Callable[[int, int], None] = _ignore,
) -> Report:
    """Evaluates detectors and trained models on some data.

    If there is a detector among them, the first half of the data is what came before, and the second half is split
    into folds; the detector learns anew from all that came before each fold. Else the whole data is split into folds.
    A model that came trained judges points after its training with those before them as context. Where the data begins
    before its training ended, it judges all of it as if nothing came before, and ``seen`` says how much it had seen.

    The same arguments give the same report.

    Args:
        data: points of one variable or rows of several, checked, in the order of time.
        contenders: 1 to 8, of different names; all for what the data is.
        labels: whether points were anomalies, by Unix seconds, as far as that is known; None if nothing is.
        options: how to evaluate.
        deadline: when to give up.
        progress: is told after each step how many are done, of how many. What it raises ends the evaluation.

    Raises:
        CannotEvaluate: if the data is too short for the folds, or the contenders are none, too many, or of one name.
        DeadlineExceeded: once the deadline has passed.
    """
    _check(contenders)
    kept: Points = data.last(options.most_points)
    folds = split(len(kept), options.folds, training=any(isinstance(each, Candidate) for each in contenders))
    truth = _truth(kept.timestamps, labels) if labels else None
    injector = Injector(kept, truth, options.size, options.seed)
    trials = trials_in_fold(options.trials, contenders, folds, len(injector.kinds()))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        deadline.check()
        progress(done, len(contenders) * (2 * len(folds) + 1))

    trial = _Trial(kept, folds, truth, injector, trials, deadline, step)
    judged = [trial.run(contender) for contender in contenders]
    first = folds[0].start
    told = np.empty(0, dtype=np.int8) if truth is None else truth[first:]
    return Report(
        kind="rows" if isinstance(kept, Frame) else "series",
        points=len(kept) - first,
        points_before=first,
        points_left_out=len(data) - len(kept),
        start=int(kept.timestamps[first]),
        end=kept.end,
        seed=options.seed,
        size=options.size,
        folds=len(folds),
        labelled=int(np.count_nonzero(told >= 0)),
        labelled_anomalies=int(np.count_nonzero(told == 1)),
        labelled_events=len(events(told == 1)),
        anomalies=kept.timestamps[first:][np.flatnonzero(told == 1)][-_MOST_TIMES:].tolist(),
        contenders=[each.report for each in judged],
        agreements=_agreements(judged),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A contender's report, and its judgement if it could judge."""

    report: ContenderReport
    judgement: FoldJudgement | None


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is the same for all contenders."""

    data: Points
    folds: Sequence[Fold]
    truth: NDArray[np.int8] | None
    injector: Injector
    trials: int
    deadline: Deadline
    step: Callable[[], None]

    def run(self, contender: Contender) -> _Outcome:
        """Evaluates one contender, or tells why it cannot be."""
        options = contender.options if isinstance(contender, Candidate) else contender.model.options
        report = ContenderReport(
            name=contender.name,
            detector=options.name,
            trained="on folds" if isinstance(contender, Candidate) else "before",
            seen=share_seen(contender, self.data.timestamps[self.folds[0].start :]),
            problem=_unsuited(contender, self.data),
        )
        if report.problem is None:
            try:
                return self._judge(contender, report, options.false_alarm_rate)
            except CannotTrain as error:
                report = replace(report, problem=str(error))
        return _Outcome(report, None)

    def _judge(self, contender: Contender, report: ContenderReport, promised: float | None) -> _Outcome:
        counts = [FailureCounts(kind) for kind in self.injector.kinds()]
        judged: list[FoldJudgement] = []
        judge: Judge | None = None
        for fold in self.folds:
            judge = judge_of(contender, self.data, fold, self.deadline)
            points = self.data.part(fold.start, fold.end)
            found = FoldJudgement(points.timestamps, *judge.judge(points, self.deadline))
            judged.append(found)
            self.step()
            for kind in counts:
                kind.add(fold, judge, found.anomaly, self.injector, self.trials, self.deadline)
            self.step()
        whole = joined(judged)
        failures = [kind.report() for kind in counts]
        recalls = [failure.recall for failure in failures if failure.recall is not None]
        serving = check_serving(judge.model, self.data, self.deadline) if judge else None
        self.step()
        report = replace(
            report,
            alarm_rate=alarm_rate(judged, promised),
            failures=failures,
            recall=float(np.mean(recalls)) if recalls else None,
            labels=None if self.truth is None else label_quality(self.truth[self.folds[0].start :], whole),
            serving=serving,
            alarms=whole.times[whole.anomaly][-_MOST_TIMES:].tolist(),
        )
        return _Outcome(report, whole)


def _check(contenders: Sequence[Contender]) -> None:
    if not 1 <= len(contenders) <= MOST_CONTENDERS:
        raise CannotEvaluate(f"1 to {MOST_CONTENDERS} contenders are evaluated, got {len(contenders)}")
    names = [contender.name for contender in contenders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CannotEvaluate(f"contenders need different names, got two of {', '.join(twice)}")


def _unsuited(contender: Contender, data: Points) -> str | None:
    """Why the data is nothing for the contender, for people; None if it is."""
    rows = isinstance(data, Frame)
    if isinstance(contender, Candidate):
        catalogue = CATALOGUE_OF_ROWS if rows else CATALOGUE
        name = contender.options.name
        fits = name in catalogue and isinstance(contender.options, catalogue[name].options_type)
    else:
        fits = isinstance(contender.model, RowsModel) is rows
    if not fits:
        other = "single values" if rows else "rows of many variables"
        return f"{contender.name} judges {other}, and the data is of the other kind"
    return _unsuited_rows(contender, data) if isinstance(data, Frame) else None


def _unsuited_rows(contender: Contender, data: Frame) -> str | None:
    if isinstance(contender, Fitted) and isinstance(contender.model, RowsModel):
        missing = [name for name in contender.model.variables if name not in data.names]
        if missing:
            return f"{contender.name} judges variables that are not there: {', '.join(missing)}"
        takes_missing = contender.model.takes_missing
    else:
        options = contender.options if isinstance(contender, Candidate) else contender.model.options
        takes_missing = getattr(options, "missing", "refuse") != "refuse"
    if not takes_missing and bool(np.isnan(data.values).any()):
        return f"{contender.name} takes no missing values, and some are missing"
    return None


def _truth(times: NDArray[np.int64], labels: Mapping[int, bool]) -> NDArray[np.int8] | None:
    """1 for an anomaly, 0 for a usual point, -1 where it is not known, shape (n,); None if nothing is."""
    truth = np.array([labels.get(time, -1) for time in times.tolist()], dtype=np.int8)
    return truth if (truth >= 0).any() else None


def _agreements(judged: Sequence[_Outcome]) -> list[Agreement]:
    able = [(each.report.name, each.judgement) for each in judged if each.judgement is not None]
    return [agreement((one[0], other[0]), one[1], other[1]) for one, other in combinations(able, 2)]
