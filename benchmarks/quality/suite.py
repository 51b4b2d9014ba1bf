"""Made-up series with known truth: each kind of anomaly on each background that it is one on.

Of each pair there are two series. A detector is fitted on a history of 2,000 points without anomalies, but for a
sentinel where the kind says so, and judges 6,000 points with eight anomalies of one kind in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """Values, shape (8000,), and the events in them."""

    values: Values
    events: tuple[Event, ...]


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


@dataclass(frozen=True, slots=True)
class SuiteFigures:
    """The series of each pair of anomaly and background; ``shapes`` has those of :mod:`benchmarks.quality.beats`."""

    points: Mapping[tuple[str, str], Sequence[Found]]
    shapes: Mapping[tuple[str, str], Sequence[Found]]

    def of(self, half: Half) -> SuiteFigures:
        """Every other series of each pair."""
        return SuiteFigures(
            {pair: part_of(found, half) for pair, found in self.points.items()},
            {pair: part_of(found, half) for pair, found in self.shapes.items()},
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


def measure(contender: Contender) -> SuiteFigures:
    """Judges every series of the suite."""
    points = {
        (kind, background): [_find(contender, make(kind, background, seed)) for seed in range(SERIES)]
        for kind, anomaly in ANOMALIES.items()
        for background in anomaly.backgrounds
    }
    shapes = {
        (kind, beat): [_find(contender, make_beats(kind, beat, seed)) for seed in range(SERIES)]
        for kind in CHANGES
        for beat in BEATS
    }
    return SuiteFigures(points, shapes)


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
    changed = CHANGES[kind](shape)
    first, last = visible(shape, changed, noise)
    events = []
    for slot in range(EVENTS):
        start = HISTORY + slot * _SLOT + int(random.integers(_EARLIEST, _LATEST - period))
        start += -start % period
        clean[start : start + period] = changed
        begin = start - HISTORY + first
        events.append(Event(begin, start - HISTORY + last, begin + period))
    return Made(clean + random.normal(0.0, noise, size), tuple(events))


def _find(contender: Contender, made: Made) -> Found:
    flags = judge(contender, timed(made.values), HISTORY).flag
    normal = np.ones(flags.size, dtype=np.bool_)
    delays, by_chance = np.full(len(made.events), np.nan), np.zeros(len(made.events), dtype=np.bool_)
    for number, event in enumerate(made.events):
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
