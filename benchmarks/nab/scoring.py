"""NAB's scoring rules: sigmoid-weighted detections in labelled windows, one threshold for the whole corpus.

Source: A. Lavin, S. Ahmad, Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark (2015),
section II; the weights of the profiles are those that the benchmark publishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PROBATION_SHARE: Final = 0.15
PROBATION_LONGEST: Final = 750
OUTSIDE: Final = -1
"""In place of a window's number: the point lies in no window."""
PROBATION: Final = -2
"""Likewise: the detector may still learn, and the point does not count."""

_STEEPNESS: Final = 5.0
_FAR: Final = 3.0  # window widths behind a window, after which a false positive costs its full weight


@dataclass(frozen=True, slots=True)
class Profile:
    """What an application gains by a window detected, and pays for a false positive and a window missed."""

    name: str
    true_positive: float = 1.0
    false_positive: float = 0.11
    false_negative: float = 1.0


PROFILES: Final[tuple[Profile, ...]] = (
    Profile("standard"),
    Profile("reward low FP", false_positive=0.22),
    Profile("reward low FN", false_negative=2.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where each of n points stands to the labelled windows of its file; both arrays have shape (n,).

    Attributes:
        window: int64, the number of the point's window, or ``OUTSIDE``, or ``PROBATION``.
        value: float64, what a detection here is worth before the profile's weights: in a window 1 at its left edge,
            falling to almost 0 at its right edge; outside from 0 down to -1.
        windows: how many windows the file has; one that lies wholly in probation can be neither hit nor missed.
    """

    window: NDArray[np.int64]
    value: NDArray[np.float64]
    windows: int


def scaled_sigmoid(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """The worth of a detection by its position: -1 a window's left edge, 0 its right edge, beyond 3 all is lost."""
    worth = 2.0 / (1.0 + np.exp(_STEEPNESS * np.minimum(position, _FAR))) - 1.0
    return np.where(position > _FAR, -1.0, worth)


def probation(length: int) -> int:
    """How many points at a file's start do not count."""
    return min(int(PROBATION_SHARE * length), PROBATION_LONGEST)


def lay_out(length: int, windows: Sequence[tuple[int, int]]) -> Layout:
    """Places every point of a file.

    Args:
        length: the number of points.
        windows: first and last index of each window, both included, in order and apart.
    """
    index = np.arange(length, dtype=np.float64)
    window = np.full(length, OUTSIDE, dtype=np.int64)
    value = np.full(length, -1.0)
    best = float(scaled_sigmoid(np.array([-1.0]))[0])
    for number, (first, last) in enumerate(windows):
        inside = slice(first, last + 1)
        width = last - first + 1
        window[inside] = number
        value[inside] = scaled_sigmoid((index[inside] - last - 1) / width) / best
        value[last + 1 :] = scaled_sigmoid((index[last + 1 :] - last) / max(width - 1, 1))
    window[: probation(length)] = PROBATION
    return Layout(window, value, len(windows))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A threshold and what it brings: ``score`` 0 is a detector that never alerts, 100 a perfect one."""

    threshold: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The raw score of a set of files for every threshold that makes a difference.

    Attributes:
        thresholds: float64, shape (k,), falling, the first infinite; a point alerts at or above the threshold.
        raw: float64, shape (k,), the sum of all gains and costs.
        null: the raw score of a detector that never alerts.
        perfect: that of one that alerts at the left edge of every window and nowhere else.
    """

    thresholds: NDArray[np.float64]
    raw: NDArray[np.float64]
    null: float
    perfect: float

    def best(self) -> Outcome:
        """The threshold with the highest score; of equals the highest threshold."""
        return self._outcome(int(np.argmax(self.raw)))

    def at(self, threshold: float) -> Outcome:
        """The score under a given threshold."""
        return self._outcome(int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1)

    def _outcome(self, index: int) -> Outcome:
        normalised = 100.0 * (float(self.raw[index]) - self.null) / max(self.perfect - self.null, 1e-300)
        return Outcome(float(self.thresholds[index]), normalised)


def sweep(scores: Mapping[str, NDArray[np.float64]], layouts: Mapping[str, Layout], profile: Profile) -> Curve:
    """Scores all files together under every threshold.

    Args:
        scores: by file, float64, shape (n,), higher is more unusual.
        layouts: by file, at least those of ``scores``.
        profile: the weights.
    """
    parts = [_gains(scores[file], layouts[file], profile) for file in scores]
    level = np.concatenate([part[0] for part in parts])
    gain = np.concatenate([part[1] for part in parts])
    perfect = profile.true_positive * sum(layouts[file].windows for file in scores)
    null = perfect - scale((layouts[file] for file in scores), profile)
    order = np.argsort(-level, kind="stable")
    level, total = level[order], np.cumsum(gain[order])
    # Points of one score alert together: only the last of equals is a state that a threshold can reach.
    last = np.append(level[1:] != level[:-1], True) if level.size else np.zeros(0, dtype=np.bool_)
    return Curve(
        np.append(np.inf, level[last]),
        np.append(null, null + total[last]),
        null,
        perfect,
    )


def worth(alerts: NDArray[np.bool_], layout: Layout, profile: Profile) -> float:
    """What the alerts of one file gain over none at all, shape (n,): twice the number of windows at the very most."""
    places = np.flatnonzero(alerts)
    windows, value = layout.window[places], layout.value[places]
    hit, first = np.unique(windows, return_index=True)
    earliest = value[first[hit >= 0]] * profile.true_positive + profile.false_negative
    return float(earliest.sum() + value[windows == OUTSIDE].sum() * profile.false_positive)


def scale(layouts: Iterable[Layout], profile: Profile) -> float:
    """What a perfect detector gains over one that never alerts."""
    return sum(
        profile.true_positive * layout.windows
        + profile.false_negative * np.unique(layout.window[layout.window >= 0]).size
        for layout in layouts
    )


def _gains(
    scores: NDArray[np.float64], layout: Layout, profile: Profile
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the points that count, and what the total gains when the threshold sinks to each, both shape (m,)."""
    outside = layout.window == OUTSIDE
    levels = [scores[outside]]
    gains = [layout.value[outside] * profile.false_positive]
    for number in range(layout.windows):
        members = np.flatnonzero(layout.window == number)
        if members.size == 0:
            continue
        # A window counts once, by its earliest detection: in falling order of score, what each adds to the best.
        order = members[np.argsort(-scores[members], kind="stable")]
        best = np.maximum.accumulate(layout.value[order] * profile.true_positive)
        levels.append(scores[order])
        gains.append(np.diff(best, prepend=-profile.false_negative))
    return np.concatenate(levels), np.concatenate(gains)
