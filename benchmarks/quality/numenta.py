"""The Numenta Anomaly Benchmark: three profiles, alerting once an incident or at every point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tidewatch.detectors.ensemble.auto import THRESHOLD

from benchmarks.nab.contenders import CONTENDERS, Contender, Scores, apply, choose
from benchmarks.nab.corpus import LabelledSeries, halves
from benchmarks.nab.scoring import PROFILES, Outcome, Profile
from benchmarks.quality.halves import Half


@dataclass(frozen=True, slots=True)
class NabFigures:
    """By profile, then by half.

    The threshold of the whole is the one that is best on the whole. That of a half is the best one of the other half.

    Attributes:
        once: one alert an incident.
        every: an alert at every point at the threshold, as the published detectors have it.
        shipped: one alert an incident at the detector's own threshold; empty where that is not one of this scale.
    """

    once: Mapping[str, Mapping[Half, Outcome]]
    every: Mapping[str, Mapping[Half, Outcome]]
    shipped: Mapping[str, Mapping[Half, Outcome]]


def measure(name: str, corpus: Sequence[LabelledSeries]) -> NabFigures:
    """Scores a detector of the catalogue under its default options."""
    contender = next(one for one in CONTENDERS if one.name == name)
    scores = {file.name: contender.score(file.series) for file in corpus}
    return NabFigures(
        _by_half(contender, corpus, scores),
        _by_half(replace(contender, recoveries=()), corpus, scores),
        _shipped(contender, corpus, scores) if name == "auto" else {},
    )


def _by_half(
    contender: Contender, corpus: Sequence[LabelledSeries], scores: Scores
) -> dict[str, Mapping[Half, Outcome]]:
    even, odd = halves(corpus)

    def crossed(chosen_on: Sequence[LabelledSeries], scored_on: Sequence[LabelledSeries], profile: Profile) -> Outcome:
        choice = choose(contender, chosen_on, scores, profile)
        threshold = choice.outcome.threshold
        return Outcome(threshold, apply(scored_on, scores, profile, threshold, choice.recovery))

    return _each_profile(
        lambda profile: {
            "all": choose(contender, corpus, scores, profile).outcome,
            "even": crossed(odd, even, profile),
            "odd": crossed(even, odd, profile),
        }
    )


def _shipped(
    contender: Contender, corpus: Sequence[LabelledSeries], scores: Scores
) -> dict[str, Mapping[Half, Outcome]]:
    recovery = contender.recoveries[0]
    even, odd = halves(corpus)
    parts: dict[Half, Sequence[LabelledSeries]] = {"all": corpus, "even": even, "odd": odd}
    return _each_profile(
        lambda profile: {
            half: Outcome(THRESHOLD, apply(files, scores, profile, THRESHOLD, recovery))
            for half, files in parts.items()
        }
    )


def _each_profile(
    figures: Callable[[Profile], Mapping[Half, Outcome]],
) -> dict[str, Mapping[Half, Outcome]]:
    return {profile.name: figures(profile) for profile in PROFILES}
