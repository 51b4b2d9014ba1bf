"""A champion and a challenger on the same points: which is better, at a stated error rate, whenever one looks.

Where both say the same, nothing is learned. Where they differ, one of them is right. If neither is better, the next
such point goes to either with a chance of one half, whatever came before (McNemar 1947, on pairs that differ). So we
bet: the wealth of a gambler who bets on the challenger, started with 1, is the likelihood of what came if the
challenger's chance were drawn uniformly from 1/2 to 1, over its likelihood if the chance were 1/2. While the challenger
is not better, the expected wealth never grows, so that it reaches 1/a at any time with a probability of a at the most
(Ville 1939; the mixture is Robbins' of 1970; Johari, Pekelis, Walsh, "Always Valid Inference", Operations Research
70(3), 2022). A second gambler bets on the champion. One may look after every point, and stop when one of them has won.

Neighbouring points on which the two differ in the same way are one bet: an incident is one mistake and not fifty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tidewatch.lifecycle.observations import Observations

Verdict = Literal["promote", "keep", "not yet"]
Basis = Literal["labels", "alarms"]

_GRID: Final = 4_001


@dataclass(frozen=True, slots=True)
class Counts:
    """What labels say of one version's judgements.

    Attributes:
        hits: labelled anomalies that it called so.
        misses: labelled anomalies that it did not.
        false_alarms: usual points that it called anomalies.
    """

    hits: int
    misses: int
    false_alarms: int

    @property
    def precision(self) -> float | None:
        """Share of its alarms that were anomalies; None without an alarm."""
        return _share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of the anomalies that it found; None without one."""
        return _share(self.hits, self.hits + self.misses)

    def cost(self, miss_cost: float) -> float:
        """In false alarms: each miss costs so many."""
        return self.false_alarms + miss_cost * self.misses


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a champion and a challenger compare.

    Attributes:
        points: that both judged.
        agreement: share of them on which both say the same; None without a point.
        champion_alarms, challenger_alarms: how many each called anomalies.
        labelled: how many of the points have labels.
        champion_counts, challenger_counts: what these say of each.
        basis: what the test goes by: labels, where there is one on which the two differ; else which alarms less.
        wins_of_challenger, wins_of_champion: on how many occasions each was the better one.
        wealth_of_challenger, wealth_of_champion: what the gamblers have, of 1.
        verdict: which of them has reached 1 over the error rate.
    """

    points: int
    agreement: float | None
    champion_alarms: int
    challenger_alarms: int
    labelled: int
    champion_counts: Counts
    challenger_counts: Counts
    basis: Basis
    wins_of_challenger: int
    wins_of_champion: int
    wealth_of_challenger: float
    wealth_of_champion: float
    verdict: Verdict


def compare(observations: Sequence[Observations], labels: Mapping[int, bool], error_rate: float) -> Comparison:
    """Compares the two versions of some observations.

    Args:
        observations: of one champion and one challenger, in the order in which they were made.
        labels: whether points were anomalies, by Unix seconds, as far as that is known.
        error_rate: the chance, at the most, of ever preferring one of two versions that are equally good.
    """
    champion, challenger, truth = _columns(observations, labels)
    known = truth >= 0
    right = np.where(
        known, (challenger == (truth == 1)).astype(np.int8) - (champion == (truth == 1)).astype(np.int8), 0
    )
    basis: Basis = "labels" if np.any(right) else "alarms"
    # 1 where the challenger is the better one, -1 where the champion is. Without labels: the one without an alarm.
    better = right if basis == "labels" else champion.astype(np.int8) - challenger.astype(np.int8)
    # Where the two differ and no label tells who is right, neighbours are not parted: that may be the same incident.
    tells = known | (champion == challenger)
    outcomes = _occasions(better[tells] if basis == "labels" else better)
    wins, losses = int(np.count_nonzero(outcomes == 1)), int(np.count_nonzero(outcomes == -1))
    for_challenger, for_champion = mixture_wealth(wins, losses), mixture_wealth(losses, wins)
    return Comparison(
        points=int(champion.size),
        agreement=float(np.mean(champion == challenger)) if champion.size else None,
        champion_alarms=int(champion.sum()),
        challenger_alarms=int(challenger.sum()),
        labelled=int(known.sum()),
        champion_counts=_counts(champion, truth),
        challenger_counts=_counts(challenger, truth),
        basis=basis,
        wins_of_challenger=wins,
        wins_of_champion=losses,
        wealth_of_challenger=for_challenger,
        wealth_of_champion=for_champion,
        verdict=_verdict(for_challenger, for_champion, error_rate),
    )


def mixture_wealth(wins: int, losses: int) -> float:
    """The wealth of who bets on chances drawn uniformly from 1/2 to 1, after so many wins and losses.

    >>> round(mixture_wealth(1, 0), 6)  # twice the mean chance
    1.5
    """
    if not wins + losses:
        return 1.0
    # By Simpson's rule over log-likelihoods: nothing overflows before the result does.
    chance = np.linspace(0.5, 1.0, _GRID)
    with np.errstate(divide="ignore"):
        logs = wins * np.log(2.0 * chance) + (losses * np.log(2.0 * (1.0 - chance)) if losses else 0.0)
    weights = np.full(_GRID, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    top = float(logs.max())
    mean = float(np.sum(weights * np.exp(logs - top)) / weights.sum())
    return math.exp(min(top + math.log(mean), 700.0))


def _columns(
    observations: Sequence[Observations], labels: Mapping[int, bool]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int8]]:
    """The alarms of both in the order of time, each time once, and the truth: 1, 0, or -1 where it is not known."""
    known = [each for each in observations if each.challenger is not None]
    if not known:
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int8)
    times = np.concatenate([each.points.timestamps for each in known])
    # A point that was asked about again counts as it was judged first.
    times, first = np.unique(times, return_index=True)
    champion = np.concatenate([each.anomaly for each in known])[first]
    challenger = np.concatenate([each.challenger_anomaly for each in known])[first]
    truth = np.array([labels.get(time, -1) for time in times.tolist()], dtype=np.int8)
    return champion, challenger, truth


def _occasions(better: NDArray[np.int8]) -> NDArray[np.int8]:
    """Of each run of equal outcomes one; those that are none are left out."""
    changed = np.diff(better, prepend=np.int8(0)) != 0
    chosen: NDArray[np.int8] = better[changed & (better != 0)]
    return chosen


def _verdict(for_challenger: float, for_champion: float, error_rate: float) -> Verdict:
    """Who has reached 1 over the error rate."""
    if for_challenger * error_rate >= 1.0:
        return "promote"
    return "keep" if for_champion * error_rate >= 1.0 else "not yet"


def _counts(alarms: NDArray[np.bool_], truth: NDArray[np.int8]) -> Counts:
    return Counts(
        hits=int(np.count_nonzero(alarms & (truth == 1))),
        misses=int(np.count_nonzero(~alarms & (truth == 1))),
        false_alarms=int(np.count_nonzero(alarms & (truth == 0))),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
