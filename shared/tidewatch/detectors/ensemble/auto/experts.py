"""What each expert measures of a point; larger measures are less usual.

| expert | measures | sees |
|---|---|---|
| level | distance of the value from the median of the past | spikes, values never seen |
| season | distance of the mean of 4 points from the nearest of the same phase | a usual value at an unusual time |
| drift | the same of the mean of 24 points | a slow departure from the season |
| shift | change of the mean of 24 points since the 24 before | steps, ramps |
| shape | distance of the last 24 points from the nearest stretch of the past | patterns never seen |
| rough | mean absolute first difference of 50 points | jitter, bursts |
| calm | inverse of that of 20 points | a sensor that is stuck, traffic that stopped |

In the windows of later points a value counts as winsorised (class ``Winsorizer``), so that one spike is one anomaly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.baseline import EXPERTS, Baseline
from tidewatch.detectors.ensemble.auto.season import leave_one_out, same_phase
from tidewatch.detectors.ensemble.auto.shape import LENGTH

MARGIN: Final = 64
"""Points before a block that its windows reach back to."""

_FAST: Final = 4
_SLOW: Final = 24
_ROUGH: Final = 50
_CALM: Final = 20
_LEAST_MOVE: Final = 1e-290
_MOST_RESIDUAL: Final = 6.7
"""In medians of the residuals: none counts as more. It is 4.5 standard deviations of normal ones."""

Floats = NDArray[np.float64]


def expectation(past: Floats, size: int, baseline: Baseline) -> Floats:
    """What the season expects of the last ``size`` points, or the level while there is none, shape (size,).

    Args:
        past: shape (n,), the values of the stream.
        size: less than n.
        baseline: what was learned before them.
    """
    periods = min(baseline.periods, (past.size - size) // baseline.period) if baseline.periods else 0
    if not periods:
        return np.full(size, baseline.centre)
    return _trimmed_mean(same_phase(past, size, baseline.period, periods))


def smoothed(values: Floats, winsorised: Floats) -> Floats:
    """The running means of values over 4 and 24 points, shape (2, size). The last point of each is not winsorised.

    Args:
        values: shape (size,).
        winsorised: shape (MARGIN + size,), the same and what came before, as later points remember them.
    """
    beyond = values - winsorised[MARGIN:]
    return np.stack([_means(winsorised, length, values.size) + beyond / length for length in (_FAST, _SLOW)])


def measure(winsorised: Floats, past: Floats, expected: Floats, baseline: Baseline) -> Floats:
    """The statistics of the last ``size`` points, shape (len(EXPERTS), size).

    Args:
        winsorised: shape (MARGIN + size,), the block and what came before it, as later points remember them.
        past: shape (3, n), the values of the stream and what :func:`smoothed` made of them, the block included.
        expected: shape (size,), what the season expects of the block.
        baseline: what was learned before the block.
    """
    size = expected.size
    values, fast, slow = past[:, past.shape[1] - size :]
    statistics = np.zeros((len(EXPERTS), size))
    statistics[0] = np.abs(values - baseline.centre)
    if baseline.periods:
        phases = [same_phase(row, size, baseline.period, baseline.periods) for row in past[1:]]
        statistics[1] = np.abs(phases[0] - fast).min(axis=0)
        statistics[2] = np.abs(phases[1] - slow).min(axis=0)
    statistics[3] = np.abs(slow - past[2, past.shape[1] - size - _SLOW : past.shape[1] - _SLOW])
    # What is less than the floor is rounding or quantisation: equal to nothing, or ranks would make much of it.
    statistics[:4] = np.maximum(statistics[:4] - baseline.floor, 0.0)
    # What is unusual for its time alone is part of a shape.
    shape = past[0, past.shape[1] - size - LENGTH + 1 :]
    statistics[4] = baseline.stretches.distance(baseline.winsorizer.clip(shape))
    steps = baseline.winsorizer.steps(winsorised)
    statistics[5] = _means(steps, _ROUGH, size)
    statistics[6] = 1.0 / np.maximum(_means(steps, _CALM, size) + baseline.floor, _LEAST_MOVE)
    return statistics


def remeasure_season(past: Floats, size: int, baseline: Baseline) -> Floats:
    """What season and drift would have measured of the last ``size`` points, and the season's residual, (3, size).

    For when a period is found, or another: what comes must not be ranked among what knew of no season.

    Args:
        past: shape (3, n), as in :func:`measure`.
        size: at most n.
        baseline: with at least one period.
    """
    again = [leave_one_out(row, baseline.period, baseline.periods) for row in past]
    nearest = np.stack([again[1][0], again[2][0]])
    residual = again[0][1]
    residual = np.minimum(residual, _MOST_RESIDUAL * float(np.median(residual)) + baseline.floor)
    measured = np.concatenate([np.maximum(nearest - baseline.floor, 0.0), residual[None]])
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
