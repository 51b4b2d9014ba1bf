"""The Numenta Anomaly Benchmark: three profiles, alerting once an incident or at every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors.ensemble.auto import RECOVERY, THRESHOLD, alert_once

from benchmarks.nab.contenders import CONTENDERS, Contender, Scores, apply, choose
from benchmarks.nab.corpus import LabelledSeries, halves
from benchmarks.nab.scoring import PROFILES, Outcome, Profile, scale, worth
from benchmarks.quality.halves import Half

_SHARES: Final = np.geomspace(1e-4, 5e-2, 160)
"""Thresholds are tried that so many of the points are at or above."""

Outcomes = Mapping[str, Mapping[Half, Outcome]]
"""By profile, then by half."""


@dataclass(frozen=True, slots=True)
class NabFigures:
    """The threshold of the whole is the best one of the whole, and that of a half is the best one of the other half.

    Attributes:
        once: one alert an incident.
        every: an alert at every point at the threshold, as the published detectors have it.
        shipped: one alert an incident at the detector's own threshold; empty where that is not one of this scale.
    """

    once: Outcomes
    every: Outcomes
    shipped: Outcomes


def measure(name: str, corpus: Sequence[LabelledSeries]) -> NabFigures:
    """Scores a detector of the catalogue under its default options."""
    contender = next(one for one in CONTENDERS if one.name == name)
    scores = {file.name: contender.score(file.series) for file in corpus}
    thresholds = np.unique(np.quantile(np.concatenate(list(scores.values())), 1.0 - _SHARES))
    return NabFigures(
        _chosen(corpus, scores, thresholds),
        _every(replace(contender, recoveries=()), corpus, scores),
        _chosen(corpus, scores, np.array([THRESHOLD])) if name == "auto" else {},
    )


def _chosen(corpus: Sequence[LabelledSeries], scores: Scores, thresholds: NDArray[np.float64]) -> Outcomes:
    even, odd = halves(corpus)
    # Alerts do not depend on the profile, so each threshold is tried once for all of them.
    gained = {"even": _gained(even, scores, thresholds), "odd": _gained(odd, scores, thresholds)}
    gained["all"] = gained["even"] + gained["odd"]
    files: Mapping[Half, Sequence[LabelledSeries]] = {"all": corpus, "even": even, "odd": odd}
    chosen_on: Mapping[Half, Half] = {"all": "all", "even": "odd", "odd": "even"}
    outcomes: dict[str, dict[Half, Outcome]] = {}
    for number, profile in enumerate(PROFILES):
        outcomes[profile.name] = {}
        for half, other in chosen_on.items():
            best = int(np.argmax(gained[other][number]))
            score = 100.0 * gained[half][number, best] / scale((file.layout for file in files[half]), profile)
            outcomes[profile.name][half] = Outcome(float(thresholds[best]), float(score))
    return outcomes


def _gained(files: Sequence[LabelledSeries], scores: Scores, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What alerting once an incident gains over no alert at all, by profile and threshold, shape (3, thresholds)."""
    gained = np.zeros((len(PROFILES), thresholds.size))
    for file in files:
        for place, threshold in enumerate(thresholds.tolist()):
            alerts = alert_once(scores[file.name], threshold, recovery=RECOVERY)
            gained[:, place] += [worth(alerts, file.layout, profile) for profile in PROFILES]
    return gained


def _every(contender: Contender, corpus: Sequence[LabelledSeries], scores: Scores) -> Outcomes:
    even, odd = halves(corpus)

    def crossed(chosen_on: Sequence[LabelledSeries], scored_on: Sequence[LabelledSeries], profile: Profile) -> Outcome:
        threshold = choose(contender, chosen_on, scores, profile).outcome.threshold
        return Outcome(threshold, apply(scored_on, scores, profile, threshold, None))

    return {
        profile.name: {
            "all": choose(contender, corpus, scores, profile).outcome,
            "even": crossed(odd, even, profile),
            "odd": crossed(even, odd, profile),
        }
        for profile in PROFILES
    }
