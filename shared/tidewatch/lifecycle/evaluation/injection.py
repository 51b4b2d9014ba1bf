"""Anomalies that are put into data: kinds of failures of sensors and of what they measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.lifecycle.evaluation.background import Background, background
from tidewatch.lifecycle.evaluation.plan import Fold, Points
from tidewatch.series import Frame, TimeSeries

Floats = NDArray[np.float64]

_LARGEST: Final = float(np.finfo(np.float64).max) / 4
_ATTEMPTS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Where an anomaly is put.

    Attributes:
        values: of the variable, the whole data, shape (n,).
        usual: their background.
        start, end: of the anomaly, as a slice counts them.
        reach: how far it goes at its largest, in the unit of the variable; negative for downwards.
        random: what is random about it.
    """

    values: Floats
    usual: Background
    start: int
    end: int
    reach: float
    random: np.random.Generator

    @property
    def here(self) -> slice:
        """Its points."""
        return slice(self.start, self.end)

    @property
    def rest(self) -> Floats:
        """What is left of its values without level and season."""
        rest: Floats = self.values[self.here] - self.usual.usual[self.here]
        return rest


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of anomaly.

    Attributes:
        length: points that it lasts at the most; None for one season.
        put: its values, shape (length,).
        rows_only: whether it is one only where there are other variables to compare with.
    """

    length: int | None
    put: Callable[[Stretch], Floats]
    rows_only: bool = False


def _shift(stretch: Stretch) -> Floats:
    return stretch.values[stretch.here] + stretch.reach


def _spike(stretch: Stretch) -> Floats:
    return stretch.values[stretch.here] + abs(stretch.reach)


def _dip(stretch: Stretch) -> Floats:
    return stretch.values[stretch.here] - abs(stretch.reach)


def _drift(stretch: Stretch) -> Floats:
    ramp = np.linspace(0.0, 1.0, stretch.end - stretch.start + 1)[1:]
    return stretch.values[stretch.here] + stretch.reach * ramp


def _variance(stretch: Stretch) -> Floats:
    """Half the reach as standard deviation of what is added: at a size of 8 that is four times the noise."""
    noise = stretch.random.standard_normal(stretch.end - stretch.start)
    return stretch.values[stretch.here] + 0.5 * abs(stretch.reach) * noise


def _hold(stretch: Stretch) -> Floats:
    return np.full(stretch.end - stretch.start, stretch.values[stretch.start])


def _without_season(stretch: Stretch) -> Floats:
    return stretch.usual.level[stretch.here] + stretch.rest


def _from_elsewhere(stretch: Stretch) -> Floats:
    """What the variable did at another time, while the others do what they do."""
    length, size = stretch.end - stretch.start, stretch.values.size
    away = int(stretch.random.integers(length, max(size - length, length + 1)))
    return np.roll(stretch.values, away)[stretch.here]


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "spike": Kind(1, _spike),
        "dip": Kind(1, _dip),
        "level_shift": Kind(20, _shift),
        "drift": Kind(40, _drift),
        "variance_change": Kind(30, _variance),
        "flat_line": Kind(20, _hold),
        "missing_season": Kind(None, _without_season),
        "decoupled": Kind(20, _from_elsewhere, rows_only=True),
    }
)
"""By name. ``size`` is how far each goes, in robust standard deviations of what level and season leave:

- ``spike``, ``dip``: one point, ``size`` higher or lower.
- ``level_shift``: 20 points, ``size`` higher or lower.
- ``drift``: a ramp of 40 points to ``size`` higher or lower.
- ``variance_change``: 30 points with normal noise of ``size / 2`` on top.
- ``flat_line``: the first value is held for 20 points, as by a stuck sensor.
- ``missing_season``: a season of the data without its shape, level and noise as they were.
- ``decoupled``, of rows: 20 points of one variable as they were at another time, so that only its relation to the
  others is wrong.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Injected:
    """A fold with an anomaly in it.

    Attributes:
        points: the fold from its start, as far as it is to be judged: some points after the anomaly.
        start, end: of the anomaly, counted from the start of the fold.
    """

    points: TimeSeries | Frame
    start: int
    end: int


class Injector:
    """Puts anomalies into the folds of some data: the same for every contender."""

    def __init__(self, data: Points, labels: NDArray[np.int8] | None, size: float, seed: int) -> None:
        """Takes what the anomalies are made from.

        Args:
            data: the whole of it.
            labels: 1 for an anomaly, 0 for a usual point, -1 where it is not known, shape (n,); None without labels.
                Anomalies are put where there is none yet, if there is room.
            size: of an anomaly, in robust standard deviations.
            seed: of all that is random.
        """
        self._data, self._size, self._seed = data, size, seed
        marked = np.zeros(len(data), dtype=np.int64) if labels is None else (labels == 1).astype(np.int64)
        self._marked_before = np.concatenate([[0], np.cumsum(marked)])
        self._backgrounds: dict[int, Background] = {}
        columns = data.values if isinstance(data, Frame) else data.values[:, None]
        highest = np.max(columns, axis=0, where=~np.isnan(columns), initial=-np.inf)
        lowest = np.min(columns, axis=0, where=~np.isnan(columns), initial=np.inf)
        self._variables = np.flatnonzero(highest > lowest).tolist() or [0]
        self._columns = columns

    def kinds(self) -> list[str]:
        """The kinds that there are for this data."""
        return [name for name, kind in KINDS.items() if not kind.rows_only or len(self._variables) > 1]

    def length(self, name: str, fold: Fold) -> int | None:
        """How many points an anomaly of a kind lasts in a fold, a third of it at the most; None if there is none.

        Of rows it may differ by variable: it is that of the first.
        """
        return self._length(KINDS[name], self._variables[0], fold)

    def inject(self, name: str, fold: Fold, trial: int, points_after: int) -> Injected | None:
        """A fold with an anomaly; None if that changes nothing, such as a flat line where all is flat.

        Args:
            name: of its kind.
            fold: of the data.
            trial: tells it from others of its kind; those of even numbers go upwards, the others downwards.
            points_after: how many points after it are to be judged, at the most.
        """
        kind = KINDS[name]
        random = np.random.default_rng([self._seed, list(KINDS).index(name), trial])
        variable = self._variables[int(random.integers(len(self._variables)))]
        length = self._length(kind, variable, fold)
        if length is None:
            return None
        start = self._place(fold, length, random)
        usual, values = self._background(variable), self._columns[:, variable]
        reach = self._size * usual.scale * (-1.0 if trial % 2 else 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            changed = kind.put(Stretch(values, usual, start, start + length, reach, random))
        # What is missing stays so, and nothing leaves the range of a double.
        old = values[start : start + length]
        changed = np.where(
            np.isnan(old), np.nan, np.clip(np.where(np.isnan(changed), old, changed), -_LARGEST, _LARGEST)
        )
        if np.array_equal(changed, old, equal_nan=True):
            return None
        end = min(start + length + points_after, fold.end)
        points = self._with(fold.start, end, start - fold.start, variable, changed)
        return Injected(points, start - fold.start, start - fold.start + length)

    def _length(self, kind: Kind, variable: int, fold: Fold) -> int | None:
        length = kind.length or self._background(variable).period
        return length and min(length, max(fold.size // 3, 1))

    def _place(self, fold: Fold, length: int, random: np.random.Generator) -> int:
        """Where in the data an anomaly begins: at no labelled one, if there is such a place."""
        place = fold.start
        for _ in range(_ATTEMPTS):
            place = fold.start + int(random.integers(fold.size - length + 1))
            if self._marked_before[place] == self._marked_before[place + length]:
                break
        return place

    def _background(self, variable: int) -> Background:
        if variable not in self._backgrounds:
            # Near the end of the range of a double an anomaly may have no size, and is none.
            with np.errstate(over="ignore", invalid="ignore"):
                self._backgrounds[variable] = background(self._data.timestamps, self._columns[:, variable])
        return self._backgrounds[variable]

    def _with(self, first: int, end: int, start: int, variable: int, changed: Floats) -> TimeSeries | Frame:
        """The points from a place to another, with some values of a variable changed."""
        values = self._columns[first:end].copy()
        values[start : start + changed.size, variable] = changed
        times = self._data.timestamps[first:end]
        if isinstance(self._data, Frame):
            return Frame(times, values, self._data.names)
        return TimeSeries(times, values[:, 0])
