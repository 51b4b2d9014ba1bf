"""What each expert measures of a point: the larger, the less usual.

| expert | measures | sees |
|---|---|---|
| level | distance of the value from the median of the past | spikes, values never seen |
| season | distance of the mean of 4 points from the nearest of the same phase | a usual value at an unusual time |
| drift | the same of the mean of 24 points | a slow departure from the season |
| shift | change of the mean of 24 points since the 24 before | steps, ramps |
| shape | distance of the last 24 points from the nearest stretch of the past | patterns never seen |
| rough | mean absolute first difference of 50 points | jitter, bursts |
| calm | inverse of that of 20 points | a sensor that is stuck, traffic that died |
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tidewatch.detectors.auto.knowledge import EXPERTS, Knowledge
from tidewatch.detectors.auto.season import leave_one_out, same_phase
from tidewatch.detectors.auto.shape import LENGTH

MARGIN: Final = 64
"""Points before a block that its windows reach back to."""

_FAST: Final = 4
_SLOW: Final = 24
_ROUGH: Final = 50
_CALM: Final = 20
_LEAST_MOVE: Final = 1e-290

Floats = NDArray[np.float64]


def smoothed(recent: Floats, size: int) -> Floats:
    """The last ``size`` values and their running means over 4 and 24 points, shape (3, size).

    Args:
        recent: shape (MARGIN + size,), the block and what came before it.
        size: how many points the block has.
    """
    return np.stack([recent[MARGIN:], _means(recent, _FAST, size), _means(recent, _SLOW, size)])


def measure(recent: Floats, past: Floats, size: int, known: Knowledge) -> tuple[Floats, Floats]:
    """The statistics of the last ``size`` points, shape (len(EXPERTS), size), and what the season expects, (size,).

    Args:
        recent: shape (MARGIN + size,), the block and what came before it.
        past: shape (3, n), what :func:`smoothed` made of the stream, the block included.
        size: how many points the block has.
        known: what was learned before the block.
    """
    values, fast, slow = past[:, past.shape[1] - size :]
    moves = np.abs(np.diff(recent))
    statistics = np.zeros((len(EXPERTS), size))
    statistics[0] = np.abs(values - known.centre)
    expected = np.full(size, known.centre)
    if known.periods:
        phases = [same_phase(row, size, known.period, known.periods) for row in past]
        expected = _trimmed_mean(phases[0])
        statistics[1] = np.abs(phases[1] - fast).min(axis=0)
        statistics[2] = np.abs(phases[2] - slow).min(axis=0)
    statistics[3] = np.abs(slow - past[2, past.shape[1] - size - _SLOW : past.shape[1] - _SLOW])
    # What is less than the floor is rounding or quantisation: equal to nothing, or ranks would make much of it.
    statistics[:4] = np.maximum(statistics[:4] - known.floor, 0.0)
    statistics[4] = known.stretches.distance(recent[MARGIN + 1 - LENGTH :])
    statistics[5] = _means(moves, _ROUGH, size)
    statistics[6] = 1.0 / np.maximum(_means(moves, _CALM, size) + known.floor, _LEAST_MOVE)
    return statistics, expected


def remeasure_season(past: Floats, size: int, known: Knowledge) -> Floats:
    """What season and drift would have measured of the last ``size`` points, and the season's residual, (3, size).

    For when a period is found, or another: what comes must not be ranked among what knew of no season.

    Args:
        past: shape (3, n), as in :func:`measure`.
        size: at most n.
        known: with at least one period.
    """
    again = [leave_one_out(row, known.period, known.periods) for row in past]
    nearest = np.stack([again[1][0], again[2][0]])
    measured = np.concatenate([np.maximum(nearest - known.floor, 0.0), again[0][1][None]])
    return measured[:, past.shape[1] - size :]


def _means(values: Floats, length: int, size: int) -> Floats:
    """The means of the ``size`` last windows: each summed by itself, as running sums would leave rounding behind."""
    means: Floats = sliding_window_view(values[values.size - size - length + 1 :], length).mean(axis=1)
    return means


def _trimmed_mean(rows: Floats) -> Floats:
    """The mean of each column without its highest and its lowest, where there are more than two rows."""
    count = rows.shape[0]
    total = rows.sum(axis=0)
    if count > 2:
        total = total - rows.max(axis=0) - rows.min(axis=0)
        count -= 2
    mean: Floats = total / count
    return mean
