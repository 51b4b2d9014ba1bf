"""Made-up data of three variables with anomalies put in and their labels: the same seed gives the same bytes.

Random numbers come from ``random.Random.random``, whose sequence Python promises to keep for a seed; NumPy promises
that for no distribution. Values are rounded, so that the last bit of a platform's sine makes no difference.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from statistics import NormalDist
from typing import Final

NAMES: Final = ("x1", "x2", "x3")

_DAY_SECONDS: Final = 86_400
_LONGEST_ANOMALY: Final = 12
_DIGITS: Final = 3


class Kind(StrEnum):
    """What the variables are.

    ``sensors``: load, a temperature that follows it slowly, vibration. ``logs``: requests, errors among them, latency
    in ms.
    """

    SENSORS = "sensors"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one time, and the kind of the anomaly that was put in; empty if none was."""

    time: str
    values: tuple[float, ...]
    anomaly: str


def generate(kind: Kind, *, seed: int, points: int, step: int, start: datetime, anomalies: int) -> list[Line]:
    """Makes data with a daily season.

    Anomalies are spread over the last three quarters, so that the first quarter is fit to train on. In turn they are a
    spike of x1, a shift of x3, an x2 that follows x1 no longer, and an x1 that is stuck. A spike is one line, the
    others are up to twelve.

    Args:
        kind: what the variables are.
        seed: of all that is random.
        points: how many lines.
        step: seconds between two of them.
        start: the first time.
        anomalies: how many; each needs four lines of the last three quarters.

    Raises:
        ValueError: if there are too few points for the anomalies.
    """
    chance = _Chance(seed)
    usual = _sensors if kind is Kind.SENSORS else _logs
    first = int(start.timestamp())
    values = usual(chance, [first + step * index for index in range(points)])
    labels = [""] * points
    for number, (begin, end) in enumerate(_places(chance, points, anomalies)):
        name, change = _CHANGES[number % len(_CHANGES)]
        change(values, begin, end if name != "spike" else begin + 1)
        for index in range(begin, end if name != "spike" else begin + 1):
            labels[index] = name
    return [
        Line(
            datetime.fromtimestamp(first + step * index, UTC).isoformat().replace("+00:00", "Z"),
            tuple(round(value, _DIGITS) for value in row),
            labels[index],
        )
        for index, row in enumerate(values)
    ]


class _Chance:
    def __init__(self, seed: int) -> None:
        # Made-up data, no secret.
        self.uniform: Callable[[], float] = random.Random(seed).random  # noqa: S311
        self._normal = NormalDist()

    def normal(self, deviation: float) -> float:
        return deviation * self._normal.inv_cdf(min(max(self.uniform(), 1e-12), 1 - 1e-12))


def _cycle(second: int) -> float:
    """Between -1 at 3 in the morning and 1 at 3 in the afternoon, UTC."""
    return math.sin(2 * math.pi * (second % _DAY_SECONDS) / _DAY_SECONDS - 0.75 * math.pi)


def _sensors(chance: _Chance, times: list[int]) -> list[list[float]]:
    rows, temperature = [], 0.0
    for index, second in enumerate(times):
        load = 50 + 10 * _cycle(second) + chance.normal(1)
        wanted = 20 + 0.6 * load
        temperature = wanted if index == 0 else temperature + 0.3 * (wanted - temperature)
        rows.append([load, temperature + chance.normal(0.3), 2 + chance.normal(0.2)])
    return rows


def _logs(chance: _Chance, times: list[int]) -> list[list[float]]:
    rows = []
    for second in times:
        requests = max(0, round(400 + 250 * _cycle(second) + chance.normal(20)))
        errors = max(0, round(0.02 * requests + chance.normal(math.sqrt(0.02 * requests + 1))))
        rows.append([float(requests), float(errors), 40 + 0.05 * requests + chance.normal(2)])
    return rows


def _places(chance: _Chance, points: int, count: int) -> list[tuple[int, int]]:
    """Where anomalies begin and end: each in a stretch of its own, none beside another."""
    first = points // 4
    stretch = (points - first) // count if count else 0
    if count and stretch < 4:
        raise ValueError(f"{points} points have no room for {count} anomalies; at most {(points - first) // 4}")
    places = []
    for number in range(count):
        begin = first + number * stretch + 1 + int(chance.uniform() * (stretch // 2 - 1))
        places.append((begin, begin + min(_LONGEST_ANOMALY, stretch // 2)))
    return places


def _spike(values: list[list[float]], begin: int, end: int) -> None:
    for row in values[begin:end]:
        row[0] = 2 * row[0] + 20


def _shift(values: list[list[float]], begin: int, end: int) -> None:
    for row in values[begin:end]:
        row[2] = 1.5 * row[2] + 2


def _broken(values: list[list[float]], begin: int, end: int) -> None:
    """What x2 would be at the other extreme of the day."""
    lowest, highest = (bound(row[1] for row in values) for bound in (min, max))
    for row in values[begin:end]:
        row[1] = lowest + highest - row[1]


def _stuck(values: list[list[float]], begin: int, end: int) -> None:
    for row in values[begin:end]:
        row[0] = values[begin - 1][0]


_CHANGES: Final[tuple[tuple[str, Callable[[list[list[float]], int, int], None]], ...]] = (
    ("spike", _spike),
    ("shift", _shift),
    ("broken_correlation", _broken),
    ("stuck", _stuck),
)
