"""Failure detection: what a contender says of anomalies that were put into points it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tidewatch.deadline import Deadline
from tidewatch.lifecycle.evaluation.contenders import Candidate, Contender, Flags, Judge
from tidewatch.lifecycle.evaluation.injection import Injector
from tidewatch.lifecycle.evaluation.judged import share
from tidewatch.lifecycle.evaluation.plan import Fold
from tidewatch.lifecycle.evaluation.report import FailureDetection

_MOST_JUDGED: Final = 200_000
"""Points that a contender judges for this at the most, unless one trial in each fold needs more."""
_AFTER: Final = 20
"""Points after an anomaly in which alarms are counted that it caused."""


def trials_in_fold(wanted: int, contenders: Sequence[Contender], folds: Sequence[Fold], kinds: int) -> int:
    """How many anomalies of each kind are put into each fold, at least 1: the same for all contenders.

    Args:
        wanted: of each kind in all folds together.
        contenders: who is to judge them.
        folds: of the data.
        kinds: of anomalies.
    """
    # A detector begins with its fold; a model that came trained may have to look at all that came before.
    begins = all(isinstance(contender, Candidate) for contender in contenders)
    cost = kinds * sum(fold.size if begins else fold.end for fold in folds)
    return max(min(-(-wanted // len(folds)), _MOST_JUDGED // cost), 1)


class FailureCounts:
    """What is counted of the trials of one kind by one contender."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._length = self._asked = self._trials = self._by_chance = self._false = self._after = 0
        self._delays: list[int] = []

    def add(self, fold: Fold, judge: Judge, clean: Flags, injector: Injector, trials: int, deadline: Deadline) -> None:
        """Adds the trials of a fold.

        Args:
            fold: of the data.
            judge: who judges it.
            clean: the alarms without an anomaly, shape (fold.size,).
            injector: of the anomalies.
            trials: how many.
            deadline: when to give up.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        for _ in range(trials):
            injected = injector.inject(self._kind, fold, self._asked, _AFTER)
            self._asked += 1
            if injected is None:
                continue
            deadline.check()
            alarms = judge.judge(injected.points, deadline)[0]
            here, after = slice(injected.start, injected.end), slice(injected.end, alarms.size)
            self._trials += 1
            self._length = max(self._length, injected.end - injected.start)
            if alarms[here].any():
                self._delays.append(int(np.argmax(alarms[here])))
            self._by_chance += bool(clean[here].any())
            self._false += int(np.count_nonzero(alarms[after] & ~clean[after]))
            self._after += alarms.size - injected.end

    def report(self) -> FailureDetection:
        """What was counted."""
        return FailureDetection(
            kind=self._kind,
            length=self._length,
            trials=self._trials,
            found=len(self._delays),
            recall=share(len(self._delays), self._trials),
            by_chance=share(self._by_chance, self._trials),
            delay=float(np.mean(self._delays)) if self._delays else None,
            false_alarms=self._false,
            points_after=self._after,
        )
