"""VUS-PR: the volume under the surface of precision and recall, where labels may be some points off.

Source: J. Paparrizos, P. Boniol, T. Palpanas, R. S. Tsay, A. Elmore, M. J. Franklin, Volume Under the Surface: A New
Accuracy Evaluation Measure for Time-Series Anomaly Detection (2022), PVLDB 15(11), sections 4 and 5. Every threshold
counts here, where the authors' own program takes 250 of them. Their package was not taken, as it pulls in TensorFlow.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.bool_]

WIDTHS: Final = (0, 4, 8, 12, 16, 20)
"""Of the buffer around each event, half of it on either side, in points."""


def vus_pr(labels: Labels, rank: NDArray[np.float64]) -> float:
    """The mean over all widths of the area under precision and recall, 0 to 1.

    Args:
        labels: shape (n,), at least one of them true.
        rank: finite, shape (n,), larger for more unusual.
    """
    order = np.argsort(-rank, kind="stable")
    # Points of one rank are called anomalies together: only the last of equals is a state that a threshold can reach.
    last = np.append(np.diff(rank[order]) != 0.0, True)
    return float(np.mean([_area(labels, order, last, width) for width in WIDTHS]))


def soft_labels(labels: Labels, width: int) -> NDArray[np.float64]:
    """1 at labelled points, and the root of ``1 - distance / width`` up to half a width from them; shape (n,)."""
    distance = _distance(labels)
    near = distance <= width // 2
    soft = np.zeros(labels.size)
    soft[near] = np.sqrt(1.0 - distance[near] / max(width, 1))
    return soft


def _area(labels: Labels, order: NDArray[np.intp], last: Labels, width: int) -> float:
    soft = soft_labels(labels, width)
    stretches = _stretches(soft > 0.0)
    # How many of the stretches have a point called an anomaly, when so many points are.
    place = np.empty(order.size, dtype=np.intp)
    place[order] = np.arange(order.size)
    reached = np.zeros(order.size)
    np.add.at(reached, [place[stretch].min() for stretch in stretches], 1.0)
    found = np.cumsum(soft[order])
    # As in the authors' program, a point of a buffer is asked for only where it is called an anomaly.
    positives = labels.sum() + np.cumsum(np.where(labels, 0.0, soft)[order]) / 2.0
    recall = np.minimum(found / positives, 1.0) * np.cumsum(reached) / len(stretches)
    precision = found / np.arange(1, order.size + 1)
    return float(np.sum(np.diff(recall[last], prepend=0.0) * precision[last]))


def _distance(labels: Labels) -> NDArray[np.int64]:
    """How many points each point is from the nearest labelled one."""
    places = np.flatnonzero(labels)
    index = np.arange(labels.size)
    after = np.searchsorted(places, index)
    right = places[np.minimum(after, places.size - 1)]
    left = places[np.maximum(after - 1, 0)]
    distance: NDArray[np.int64] = np.minimum(np.abs(right - index), np.abs(index - left))
    return distance


def _stretches(marks: Labels) -> list[NDArray[np.intp]]:
    places = np.flatnonzero(marks)
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
