"""Who is measured, and how a detector's scores become alerts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE, CannotTrain, fit_model
from tidewatch.detectors.ensemble.auto import RECOVERY, Stream, alert_once
from tidewatch.series import TimeSeries

from benchmarks.nab.corpus import LabelledSeries
from benchmarks.nab.scoring import Outcome, Profile, scale, sweep, worth

_WINDOW: Final = 6400
_STEP: Final = 100
_SMALLEST_STD: Final = 1e-6
_DECIMALS: Final = 12  # as NAB stores scores before it sweeps them, which makes equals of the most extreme ones


def windowed_gaussian(series: TimeSeries) -> NDArray[np.float64]:
    """One less the tail probability of each value under the Gaussian of a window before it, shape (n,).

    The window grows to 6,400 points and then moves on by 100 at a time; the probability is that of the upper tail for
    values above the mean and of the lower tail for others, as NAB's own detector of that name computes it.
    """
    values = series.values
    scores = np.zeros(values.size)
    mean, std = 0.0, 1.0
    for t, value in enumerate(values.tolist()):
        if t:
            scores[t] = 1.0 - 0.5 * math.erfc(abs(value - mean) / std / math.sqrt(2))
        if t < _WINDOW or (t - _WINDOW + 1) % _STEP == 0:
            window = values[max(t + 1 - _WINDOW, 0) : t + 1]
            mean, std = float(window.mean()), float(window.std()) or _SMALLEST_STD
    return np.round(scores, _DECIMALS)


def random(series: TimeSeries) -> NDArray[np.float64]:
    """Uniform random scores from a fixed seed, shape (n,)."""
    return np.random.default_rng(42).random(len(series))


def null(series: TimeSeries) -> NDArray[np.float64]:
    """The same score for every point, shape (n,)."""
    return np.full(len(series), 0.5)


Scores = Mapping[str, NDArray[np.float64]]

_SHARES: Final = np.geomspace(1e-4, 5e-2, 160)
"""Thresholds are tried that so many of the points are at or above."""
_PROBATION: Final = 0.15
_PROBATION_OF_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Contender:
    """A detector in the benchmark.

    Attributes:
        name: as in the table.
        score: gives each point of a series a score, by what came before it alone, shape (n,).
        recoveries: how many points without anomaly end an incident: the choices for alert-once; none where every
            point at the threshold is an alert of its own, as the published detectors have it.
    """

    name: str
    score: Callable[[TimeSeries], NDArray[np.float64]]
    recoveries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen once for all files."""

    outcome: Outcome
    recovery: int | None


def auto(series: TimeSeries) -> NDArray[np.float64]:
    """The incident evidence of ``auto``, run over the series as a stream: what it alerts by once per incident."""
    return Stream().extend(series.timestamps, series.values).incident


def causally(name: str) -> Callable[[TimeSeries], NDArray[np.float64]]:
    """A detector of the catalogue under its default options, as a client would run it over a stream.

    It is fitted on NAB's probation, the first 15 % of a file and at most 750 points, and anew whenever the points seen
    have doubled; each point is judged by the newest model, by what came before it. The score is
    ``-log10`` of the p-value.
    """

    def score(series: TimeSeries) -> NDArray[np.float64]:
        evidence = np.zeros(len(series))
        begin = int(_PROBATION * min(len(series), _PROBATION_OF_MOST))
        while begin < len(series):
            end = min(2 * begin, len(series))
            seen, next_ = series.part(0, begin), series.part(begin, end)
            # A constant series passes no preflight, and some methods want more points than there are yet.
            if seen.values.min() < seen.values.max():
                with suppress(CannotTrain):
                    p_value = fit_model(seen, CATALOGUE[name].options_type(name=name)).score(next_).p_value
                    evidence[begin:end] = -np.log10(np.where(np.isnan(p_value), 1.0, p_value))
            begin = end
        return evidence

    return score


CONTENDERS: Final = (
    Contender("auto", auto, recoveries=(RECOVERY,)),
    *(Contender(name, causally(name), recoveries=(RECOVERY,)) for name in CATALOGUE if name != "auto"),
    Contender("windowed Gaussian", windowed_gaussian),
    Contender("random", random),
    Contender("null", null),
)

RECOVERIES_TRIED: Final = (25, 50, 75, 100)
"""What the honest figure chooses from."""


def choose(contender: Contender, files: Sequence[LabelledSeries], scores: Scores, profile: Profile) -> Choice:
    """The threshold, and the recovery if there is a choice, that score highest on these files."""
    if not contender.recoveries:
        chosen = {file.name: scores[file.name] for file in files}
        return Choice(sweep(chosen, {file.name: file.layout for file in files}, profile).best(), None)
    together = np.concatenate([scores[file.name] for file in files])
    thresholds = np.unique(np.quantile(together, 1.0 - _SHARES))
    choices = [
        Choice(Outcome(float(threshold), apply(files, scores, profile, float(threshold), recovery)), recovery)
        for recovery in contender.recoveries
        for threshold in thresholds[::-1]
    ]
    return max(choices, key=lambda choice: choice.outcome.score)


def apply(
    files: Sequence[LabelledSeries], scores: Scores, profile: Profile, threshold: float, recovery: int | None
) -> float:
    """The score of these files under a choice: 0 never alerts, 100 is perfect."""
    gained = 0.0
    for file in files:
        values = scores[file.name]
        alerts = values >= threshold if recovery is None else alert_once(values, threshold, recovery=recovery)
        gained += worth(alerts, file.layout, profile)
    return 100.0 * gained / scale((file.layout for file in files), profile)
