"""A stream as arrays, of less than 64 kB, and back; also what earlier releases stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.gaps import Pace
from tidewatch.detectors.ensemble.auto.past import EVERY, Deviations
from tidewatch.detectors.ensemble.auto.stream import SURE, Marks, Stream
from tidewatch.detectors.ensemble.auto.unit import Unit
from tidewatch.detectors.events import Alerts

_MARKS: Final = len(astuple(Marks()))
_SEVEN_EXPERTS: Final = "past"
"""An array that only streams of seven experts had, as they were before there were three outputs."""


def store(stream: Stream) -> dict[str, NDArray[Any]]:
    """All that :func:`restore` needs."""
    numbers = (*astuple(stream.marks), stream.deviations.count, stream.unit.exponent, stream.pace.step)
    return {
        "numbers": np.array((*numbers, stream.alerts.since), dtype=np.int64),
        "sizes": np.array((stream.unit.offset, stream.alerts.worst, *stream.pairs)),
        "early": stream.early,
        "times": stream.times,
        "values": stream.values.view().astype(np.float32),
        **stream.deviations.state(),
    }


def restore(state: Mapping[str, NDArray[Any]], sure: float = SURE) -> Stream:
    """The stream that gave this state; it judges what comes next as that one would have.

    One of an earlier release is run again over the values that it kept: it judges by what it knew, in today's way.

    Args:
        state: what :func:`store` gave.
        sure: see :class:`~tidewatch.detectors.ensemble.auto.stream.Stream`.
    """
    if _SEVEN_EXPERTS in state:
        return _replayed(state, sure)
    stream = Stream(sure)
    numbers = [int(number) for number in state["numbers"]]
    stream.marks = Marks(*numbers[:_MARKS])
    judged, exponent, step, since = numbers[_MARKS:]
    offset, worst = (float(size) for size in state["sizes"][:2])
    stream.unit, stream.pace, stream.alerts = Unit(offset, exponent), Pace(step), Alerts(since, worst)
    stream.pairs = np.asarray(state["sizes"][2:], dtype=np.float64)
    stream.early = np.asarray(state["early"], dtype=np.float64)
    stream.times = np.asarray(state["times"], dtype=np.int64)
    stream.values.push(np.asarray(state["values"], dtype=np.float64))
    stream.deviations = Deviations.restore({name: state[name] for name in EVERY}, judged)
    stream.resume()
    return stream


def _replayed(state: Mapping[str, NDArray[Any]], sure: float) -> Stream:
    count, exponent = (int(scalar) for scalar in state["scalars"][:2])
    times = np.asarray(state["times"][0], dtype=np.int64)
    early = np.asarray(state["early"], dtype=np.float64)
    values = np.ldexp(np.asarray(state["values"][0], dtype=np.float64), exponent)
    values = np.concatenate([early, values[max(values.size - (count - early.size), 0) :]])
    size = min(values.size, times.size)
    stream = Stream(sure)
    stream.extend(times[times.size - size :], values[values.size - size :])
    return stream
