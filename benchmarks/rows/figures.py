"""What is counted of a judged experiment, what that adds up to, and which variant is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.rows.contenders import RATES, Ranked


@dataclass(frozen=True, slots=True)
class Judged:
    """One experiment, judged by one variant of a contender.

    Attributes:
        average_precision: of its rank.
        true, false: for each rate, how many labelled rows were flagged, and how many others.
        labelled, normal: how many rows there are of each.
    """

    experiment: str
    contender: str
    variant: str
    average_precision: float
    true: list[int]
    false: list[int]
    labelled: int
    normal: int

    @classmethod
    def of(cls, experiment: str, contender: str, variant: str, labels: NDArray[np.bool_], ranked: Ranked) -> Judged:
        """Counts the flags of an experiment."""
        rank = np.nan_to_num(ranked.rank, nan=-np.inf, neginf=-1e300, posinf=1e300)
        rank = np.where(np.isfinite(rank), rank, -1e300)
        return cls(
            experiment,
            contender,
            variant,
            float(average_precision_score(labels, rank)),
            [int((flags & labels).sum()) for flags in ranked.flags],
            [int((flags & ~labels).sum()) for flags in ranked.flags],
            int(labels.sum()),
            int((~labels).sum()),
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """Of several experiments at one rate: the mean average precision, and what is counted row by row, all together."""

    average_precision: float
    precision: float
    recall: float
    false_alarms: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where nothing is right."""
        both = self.precision + self.recall
        return 2.0 * self.precision * self.recall / both if both else 0.0

    @classmethod
    def of(cls, judged: Sequence[Judged], rate: float) -> Figures:
        """The figures at one of the rates."""
        at = RATES.index(rate)
        true, false = sum(one.true[at] for one in judged), sum(one.false[at] for one in judged)
        return cls(
            float(np.mean([one.average_precision for one in judged])),
            true / (true + false) if true + false else 0.0,
            true / sum(one.labelled for one in judged),
            false / sum(one.normal for one in judged),
        )

    @classmethod
    def of_everything(cls, judged: Sequence[Judged]) -> Figures:
        """What flagging every row gives: each labelled row is found."""
        shares = [one.labelled / (one.labelled + one.normal) for one in judged]
        labelled, normal = sum(one.labelled for one in judged), sum(one.normal for one in judged)
        return cls(float(np.mean(shares)), labelled / (labelled + normal), 1.0, 1.0)


def chosen(judged: Sequence[Judged]) -> tuple[str, float]:
    """The variant with the best average precision, and the rate that gives it the best F1."""
    by_variant: dict[str, list[Judged]] = {}
    for one in judged:
        by_variant.setdefault(one.variant, []).append(one)
    best = max(by_variant, key=lambda variant: float(np.mean([o.average_precision for o in by_variant[variant]])))
    return best, max(RATES, key=lambda rate: Figures.of(by_variant[best], rate).f1)
