"""Which points of a history are outliers, and must not calibrate.

A history has anomalies in it. As calibration points they would make each other usual: one spike in 200 points could be
no rarer than 1 in 100, however far it is.

Source: outward testing, B. Rosner, Percentage Points for a Generalized ESD Many-Outlier Procedure (1983), Technometrics
25(2): the most extreme points are tested one after the other against the rest, and all up to the last one that does not
fit it are outliers. The rest is modelled here by a Pareto tail instead of a normal distribution.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.pareto import Tail, log_survival, tail_size

Floats = NDArray[np.float64]

_RARE: Final = 1e-3
"""How often a history without anomalies loses its largest score, if its tail is the one that was fitted."""
_SHARE: Final = 0.01
"""Anomalies that a history may have, by its length: what happens more often is usual."""
_ALWAYS: Final = 3
_MOST: Final = 0.2
"""Of the points, that they may have touched in all."""
_FEWEST: Final = 10
"""Points that a tail can be told by."""
_GAPS: Final = 16
"""Places to look at: anomalies begin where there is a gap."""
_WILD: Final = 12.0
"""Median distances from the median, beyond which a point may be wild: eight standard deviations of normal scores."""
_MOST_ECHOES: Final = 0.5
"""Of the scores, that may have looked back at a wild point."""
_HEAVIEST: Final = 0.9
"""Shape of the tails that are told apart from anomalies; of heavier ones there is no mean."""


def trim_outliers(scores: Floats, touched: int = 1, worth: float | None = None) -> Floats:
    """The nonconformity scores of the points that calibrate, shape (m,), ascending.

    Left out are those so far beyond all others that one history in a thousand would have such a point by chance; at
    most 1 % of the points, or three where they are few, with the judgements that each of them bears on.

    Args:
        scores: nonconformity scores of the points of a history, shape (n,), finite, in any order.
        touched: on how many judgements one point bears: 1, and as many as a judgement looks back at.
        worth: how many independent scores each is worth, at most 1. Given, the tail that tells outliers is as much
            heavier as its fit to so few may have missed; None to take the fit as it is.
    """
    ordered = np.sort(scores)
    count = ordered.size
    most = min(max(int(_SHARE * count), _ALWAYS) * touched, int(_MOST * count), count - _FEWEST)
    if most < 1:
        return ordered
    size = min(tail_size(count), count - most - 1)
    # So many are left out, the most first: where the largest one that remains is far from the next.
    gaps = np.diff(ordered[count - most - 1 :])
    left_out = np.sort(most - np.argsort(-gaps, kind="stable")[:_GAPS])[::-1]
    median = float(ordered[(count - most) // 2])
    for outliers in left_out.tolist():
        rest = ordered[: count - outliers]
        tail = Tail.of(rest, size, median, _HEAVIEST)
        shape = tail.shape if worth is None else tail.shape + 1.0 / (size * worth)
        beyond = log_survival(ordered[[count - outliers]] - tail.start, max(tail.scale, tail.least), shape)[0]
        if beyond + np.log(size / rest.size) < np.log(_RARE / count):
            return rest
    return ordered


def without_echoes(scores: Floats, lookback: int) -> Floats:
    """The scores, with NaN where a judgement looked back at a wild point, shape (n,).

    A forecast from a window with a wild value is far off, and the errors of such forecasts would widen what is usual
    for all others. The wild point's own score stays: whether that calibrates is for :func:`trim_outliers` to say.

    Args:
        scores: nonconformity scores in the order of time, shape (n,), NaN where too few points came before.
        lookback: how many points before a point its judgement looks at.
    """
    known = scores[~np.isnan(scores)]
    if not lookback or not known.size:
        return scores
    centre = float(np.median(known))
    wild = np.flatnonzero(np.abs(scores - centre) > _WILD * float(np.median(np.abs(known - centre))))
    echoes = np.zeros(scores.size, dtype=np.bool_)
    for place in wild.tolist():
        if not echoes[place]:
            echoes[place + 1 : place + 1 + lookback] = True
    # Where so many are wild, that is what is usual of the series.
    if np.count_nonzero(echoes) > _MOST_ECHOES * known.size:
        return scores
    return np.where(echoes, np.nan, scores)
