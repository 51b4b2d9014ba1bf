"""Made-up series with known truth: each kind of anomaly on each background that it is one on.

Of each pair there are two series. A detector is fitted on a history of 2,000 points without anomalies, but for a
sentinel where the kind says so, and judges 6,000 points with eight anomalies of one kind in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.anomalies import ANOMALIES, SENTINEL, UNITS, centre
from benchmarks.quality.backgrounds import BACKGROUNDS, Values, timed
from benchmarks.quality.beats import BEATS, CHANGES, visible
from benchmarks.quality.contenders import Contender, judge
from benchmarks.quality.halves import Half, part_of

HISTORY: Final = 2_000
EVENTS: Final = 8
SERIES: Final = 2
_SLOT: Final = 750
_EARLIEST, _LATEST = 220, 480  # in a slot: nothing of one event is near the next one
_BEFORE: Final = 30
_AFTER: Final = 5
"""So soon after an event a flag is neither right nor wrong: its end is a change as well."""


@dataclass(frozen=True, slots=True)
class Event:
    """Where an anomaly can be seen, and until when it has to be found; all counted from the end of the history."""

    start: int
    end: int
    found_until: int


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Values, shape (8000,), and the events in them.

    Attributes:
        values: the series.
        events: in order of time.
        unchanged: the same series without its events, noise and all; None where it is not known.
    """

    values: Values
    events: tuple[Event, ...]
    unchanged: Values | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Of one series.

    Attributes:
        delays: float64, shape (events,), points from the start of each event to its first flag; NaN if not found.
        by_chance: bool, shape (events,), whether a stretch of normal points just as long, before it, has a flag.
        false_flags: flags outside events.
        normal_points: points outside events.
    """

    delays: NDArray[np.float64]
    by_chance: NDArray[np.bool_]
    false_flags: int
    normal_points: int


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Of one series with changed periods: what is seen in the stretch in which each has to be found.

    Attributes:
        evidence: float64, shape (events,), the largest evidence of an incident; NaN if the detector has none.
        usual_evidence: likewise, in the same stretches of the unchanged series.
        usual_flag: bool, shape (events,), whether a point is flagged there.
    """

    evidence: NDArray[np.float64]
    usual_evidence: NDArray[np.float64]
    usual_flag: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SuiteFigures:
    """The series of each pair of anomaly and background.

    Attributes:
        points: anomalies at points.
        shapes: those of :mod:`benchmarks.quality.beats`.
        windows: the same series as ``shapes``, against what they are without their changes.
    """

    points: Mapping[tuple[str, str], Sequence[Found]]
    shapes: Mapping[tuple[str, str], Sequence[Found]]
    windows: Mapping[tuple[str, str], Sequence[Windows]] = field(default_factory=dict)

    def of(self, half: Half) -> SuiteFigures:
        """Every other series of each pair."""
        return SuiteFigures(
            {pair: part_of(found, half) for pair, found in self.points.items()},
            {pair: part_of(found, half) for pair, found in self.shapes.items()},
            {pair: part_of(seen, half) for pair, seen in self.windows.items()},
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Of some series together.

    Attributes:
        recall: the share of events found.
        by_chance: the share of normal stretches, as long and as many, that have a flag.
        delay: the median of the points until an event is found; NaN if none was.
        false_per_thousand: flags of 1,000 normal points.
    """

    recall: float
    by_chance: float
    delay: float
    false_per_thousand: float

    @classmethod
    def of(cls, some: Iterable[Found]) -> Summary:
        """Of at least one series."""
        found = list(some)
        delays = np.concatenate([one.delays for one in found])
        known = delays[~np.isnan(delays)]
        return cls(
            known.size / delays.size,
            float(np.mean(np.concatenate([one.by_chance for one in found]))),
            float(np.median(known)) if known.size else float("nan"),
            1000.0 * sum(one.false_flags for one in found) / sum(one.normal_points for one in found),
        )


def first_found(some: Iterable[Found]) -> float:
    """The share of series, at least one, whose first event is found: nothing of its kind came before it."""
    return float(np.mean([not np.isnan(one.delays[0]) for one in some]))


def measure(contender: Contender) -> SuiteFigures:
    """Judges every series of the suite."""
    points = {
        (kind, background): [_find(contender, make(kind, background, seed)) for seed in range(SERIES)]
        for kind, anomaly in ANOMALIES.items()
        for background in anomaly.backgrounds
    }
    shapes: dict[tuple[str, str], Sequence[Found]] = {}
    windows: dict[tuple[str, str], Sequence[Windows]] = {}
    for pair in product(CHANGES, BEATS):
        judged = [_find_beats(contender, make_beats(*pair, seed)) for seed in range(SERIES)]
        shapes[pair] = [found for found, _ in judged]
        windows[pair] = [seen for _, seen in judged]
    return SuiteFigures(points, shapes, windows)


def make(kind: str, background: str, seed: int) -> Made:
    """A series of a background with eight anomalies of a kind."""
    anomaly = ANOMALIES[kind]
    random = _random(seed, kind, background)
    size = HISTORY + EVENTS * _SLOT
    values = BACKGROUNDS[background](random, size)
    about = centre(background, size)
    events = []
    for slot in range(EVENTS):
        start = slot * _SLOT + int(random.integers(_EARLIEST, _LATEST))
        place = slice(HISTORY + start, HISTORY + start + anomaly.length)
        changed = anomaly.put(values[place], about[place], UNITS[background])
        values[place] = np.maximum(np.round(changed), 0.0) if background == "counts" else changed
        last = start + anomaly.length - 1
        events.append(Event(start, last, last))
    if anomaly.sentinel:
        values[HISTORY // 2] = SENTINEL
    return Made(values, tuple(events))


def make_beats(kind: str, beat: str, seed: int) -> Made:
    """A periodic series with eight periods that have another shape; each is to be found within one period."""
    random = _random(seed, kind, beat)
    shape, noise = BEATS[beat].shape, BEATS[beat].noise
    period, size = shape.size, HISTORY + EVENTS * _SLOT
    clean = np.resize(shape, size)
    unchanged = clean.copy()
    changed = CHANGES[kind](shape)
    first, last = visible(shape, changed, noise)
    events = []
    for slot in range(EVENTS):
        start = HISTORY + slot * _SLOT + int(random.integers(_EARLIEST, _LATEST - period))
        start += -start % period
        clean[start : start + period] = changed
        begin = start - HISTORY + first
        events.append(Event(begin, start - HISTORY + last, begin + period))
    around = random.normal(0.0, noise, size)
    return Made(clean + around, tuple(events), unchanged + around)


def _find(contender: Contender, made: Made) -> Found:
    return _found(judge(contender, timed(made.values), HISTORY).flag, made.events)


def _find_beats(contender: Contender, made: Made) -> tuple[Found, Windows]:
    assert made.unchanged is not None
    changed = judge(contender, timed(made.values), HISTORY)
    usual = judge(contender, timed(made.unchanged), HISTORY)
    stretches = [slice(event.start, event.found_until + 1) for event in made.events]
    windows = Windows(
        np.array([changed.incident[stretch].max() for stretch in stretches]),
        np.array([usual.incident[stretch].max() for stretch in stretches]),
        np.array([usual.flag[stretch].any() for stretch in stretches]),
    )
    return _found(changed.flag, made.events), windows


def _found(flags: NDArray[np.bool_], events: Sequence[Event]) -> Found:
    normal = np.ones(flags.size, dtype=np.bool_)
    delays, by_chance = np.full(len(events), np.nan), np.zeros(len(events), dtype=np.bool_)
    for number, event in enumerate(events):
        hits = np.flatnonzero(flags[event.start : event.found_until + 1])
        if hits.size:
            delays[number] = hits[0]
        quiet = event.start - _BEFORE - (event.found_until - event.start + 1)
        by_chance[number] = flags[quiet : event.start - _BEFORE].any()
        normal[event.start : event.end + 1 + _AFTER] = False
    return Found(delays, by_chance, int((flags & normal).sum()), int(normal.sum()))


def _random(seed: int, kind: str, background: str) -> np.random.Generator:
    kinds, grounds = [*ANOMALIES, *CHANGES], [*BACKGROUNDS, *BEATS]
    return np.random.default_rng((seed, kinds.index(kind), grounds.index(background)))
