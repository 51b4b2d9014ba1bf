"""Whether a p-value is one: the share of small ones on normal series of ten kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.backgrounds import BACKGROUNDS, timed
from benchmarks.quality.contenders import Contender, judge
from benchmarks.quality.halves import Half, part_of

LEVELS: Final = (0.01, 0.001)
SERIES: Final = 10
"""Of each kind."""
HISTORY: Final = 2_000
JUDGED: Final = 8_000


@dataclass(frozen=True, slots=True, eq=False)
class KindFigures:
    """Of the series of one kind; both arrays have one row a series.

    Attributes:
        small: int64, shape (series, 2): how many p-values were below .01, and below .001.
        flags: int64, shape (series,): how many points were flagged.
        judged: likewise, how many were judged at all.
    """

    small: NDArray[np.int64]
    flags: NDArray[np.int64]
    judged: NDArray[np.int64]

    def of(self, half: Half) -> KindFigures:
        """Those of every other series."""
        rows = part_of(range(len(self.judged)), half)
        return KindFigures(self.small[rows], self.flags[rows], self.judged[rows])

    def per_thousand(self) -> tuple[float, float, float]:
        """Of 1,000 judged points: p-values below .01, below .001, and flags; NaN where none was judged."""
        judged = int(self.judged.sum())
        if not judged:
            return (float("nan"),) * 3
        below_1, below_01 = (1000.0 * self.small.sum(axis=0) / judged).tolist()
        return below_1, below_01, 1000.0 * int(self.flags.sum()) / judged


def measure(contender: Contender, kinds: Sequence[str] = tuple(BACKGROUNDS)) -> dict[str, KindFigures]:
    """Judges ten series of each kind, by the name of the kind."""
    return {kind: _measure_kind(contender, kind) for kind in kinds}


def _measure_kind(contender: Contender, kind: str) -> KindFigures:
    number = list(BACKGROUNDS).index(kind)
    small, flags, judged = [], [], []
    for seed in range(SERIES):
        values = BACKGROUNDS[kind](np.random.default_rng((seed, number)), HISTORY + JUDGED)
        judgement = judge(contender, timed(values), HISTORY)
        # NaN, where a point was not judged, is not below anything.
        small.append([int((judgement.p_value < level).sum()) for level in LEVELS])
        flags.append(int(judgement.flag.sum()))
        judged.append(int((~np.isnan(judgement.p_value)).sum()))
    return KindFigures(np.array(small), np.array(flags), np.array(judged))
