"""Correctness of the pipeline: a model that was stored and read back judges, one point at a time, as it was trained."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from tidewatch.deadline import Deadline
from tidewatch.detectors import restore_model
from tidewatch.lifecycle.evaluation.plan import Points
from tidewatch.lifecycle.evaluation.report import Serving
from tidewatch.registry.encoding import pack_arrays, unpack_arrays

_CHECKED: Final = 50
_CONTEXT: Final = 500


def check_serving(model: Any, data: Points, deadline: Deadline) -> Serving:
    """Judges the last 50 points of some data in three ways, after the 500 before them as context.

    In memory, many at once; from what storage would give back, many at once; and so one at a time, each with those
    before it, as ``POST /predict`` gets them.

    Args:
        model: of points or of rows.
        data: at least 2 points.
        deadline: when to give up.

    Raises:
        DeadlineExceeded: once the deadline has passed.
    """
    first = len(data) - min(_CHECKED, len(data) // 2)
    points: Any = data.part(first)
    context: Any = data.part(max(first - _CONTEXT, 0), first)
    stored = _stored(model)
    in_memory = model.score(points, context, deadline)
    at_once = stored.score(points, context, deadline)
    singly = []
    for place in range(len(points)):
        deadline.check()
        before = context.followed_by(points.part(0, place))
        singly.append(stored.score(points.part(place, place + 1), before, deadline))
    one_by_one = np.concatenate([_bits(each) for each in singly])
    memory_bits, stored_bits = _bits(in_memory), _bits(at_once)
    stored_differs = int(np.count_nonzero((memory_bits != stored_bits).any(axis=1)))
    single_differs = int(np.count_nonzero((one_by_one != stored_bits).any(axis=1)))
    alarms = np.array([each.anomaly[0] for each in singly])
    p_values = np.array([each.p_value[0] for each in singly])
    return Serving(
        points=len(points),
        equal=not stored_differs and not single_differs,
        stored_differs=stored_differs,
        single_differs=single_differs,
        alarms_differ=int(
            np.count_nonzero((alarms != at_once.anomaly) | (at_once.anomaly != in_memory.anomaly)),
        ),
        largest_difference=max(_difference(p_values, at_once.p_value), _difference(in_memory.p_value, at_once.p_value)),
    )


def _stored(model: Any) -> Any:
    """The model as another process gets it from storage."""
    options, parameters = (
        orjson.loads(orjson.dumps(each)) for each in (model.options.model_dump(), dict(model.parameters()))
    )
    return restore_model(model.options.name, options, parameters, unpack_arrays(pack_arrays(model.arrays())))


def _bits(scores: Any) -> NDArray[np.uint8]:
    """All that was said of each of n points, as bytes, shape (n, bytes)."""
    arrays = [value for field in fields(scores) if isinstance(value := getattr(scores, field.name), np.ndarray)]
    columns = [np.ascontiguousarray(array).reshape(array.shape[0], -1).view(np.uint8) for array in arrays]
    return np.concatenate(columns, axis=1)


def _difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest difference of two p-values; one that is there once only counts as 1."""
    found = np.where(np.isnan(one) & np.isnan(other), 0.0, np.nan_to_num(np.abs(one - other), nan=1.0))
    return float(found.max(initial=0.0))
