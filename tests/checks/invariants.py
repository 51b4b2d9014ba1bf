"""What must hold of a judgement and of a model, whoever gives it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from tidewatch.detectors import Arrays, Model, Scores, restore_model
from tidewatch.registry.encoding import pack_arrays, unpack_arrays
from tidewatch.series import TimeSeries

ARRAYS: Final = {
    "anomaly": np.bool_,
    "score": np.float64,
    "p_value": np.float64,
    "severity": np.float64,
    "expected": np.float64,
    "lower": np.float64,
    "upper": np.float64,
    "direction": np.int8,
    "warming_up": np.bool_,
}
OPTIONAL: Final = ("incident",)
JUDGEMENT: Final = ("score", "p_value", "severity")


def bits(scores: Scores) -> dict[str, bytes]:
    return {name: getattr(scores, name).tobytes() for name in ARRAYS}


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(dict(value), allow_nan=False))


def stored_and_loaded(model: Model) -> Model:
    """The model as another process gets it."""
    options, parameters = through_json(model.options.model_dump()), through_json(model.parameters())
    return restore_model(model.options.name, options, parameters, unpack_arrays(pack_arrays(model.arrays())))


def check_scores(scores: Scores, points: TimeSeries) -> None:
    """What must hold of every judgement."""
    for name, dtype in ARRAYS.items():
        array = getattr(scores, name)
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (np.dtype(dtype), points.values.shape), name
    for name in OPTIONAL:
        array = getattr(scores, name)
        if array is not None:
            assert (array.dtype, array.shape) == (np.dtype(np.float64), points.values.shape), name
            assert (np.isnan(array) == scores.warming_up).all(), name
    judged = ~scores.warming_up
    for name in JUDGEMENT:
        assert np.isfinite(getattr(scores, name)[judged]).all(), name
        assert np.isnan(getattr(scores, name)[scores.warming_up]).all(), f"{name} while warming up"
    assert ((scores.p_value[judged] > 0) & (scores.p_value[judged] <= 1)).all()
    assert ((scores.severity[judged] >= 0) & (scores.severity[judged] <= 1)).all()
    assert np.isin(scores.direction, (-1, 0, 1)).all()
    assert not scores.anomaly[scores.warming_up].any()
    for name in ("expected", "lower", "upper"):
        assert not np.isinf(getattr(scores, name)).any(), f"{name} is NaN where there is none"
    # One scale: the severity follows from the p-value, and falls as it rises.
    order = np.argsort(scores.p_value[judged], kind="stable")
    assert (np.diff(scores.severity[judged][order]) <= 1e-12).all()


def check_band(scores: Scores, points: TimeSeries) -> None:
    """The decision and the band that is shown say the same. NaN compares false: what is open is never crossed."""
    outside = (points.values > scores.upper) | (points.values < scores.lower)
    assert scores.anomaly.tolist() == (outside & ~scores.warming_up).tolist()


def check_learned(model: Model) -> None:
    learned = model.learned()
    assert learned
    assert through_json(learned) == learned
    assert all(value is None or (type(value) is float and math.isfinite(value)) for value in learned.values())


def check_model_comes_back(model: Model, points: TimeSeries) -> None:
    restored = stored_and_loaded(model)
    assert restored.options == model.options
    assert through_json(restored.parameters()) == through_json(model.parameters())
    assert same_arrays(restored.arrays(), model.arrays())
    assert (restored.learned(), restored.period) == (model.learned(), model.period)
    assert bits(restored.review(points)) == bits(model.review(points))
    assert bits(restored.score(points)) == bits(model.score(points))


def same_arrays(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes() for name in one
    )


def close(one: Scores, other: Scores, tolerance: float = 1e-9) -> None:
    """Two judgements of the same points are the same to rounding."""
    assert one.warming_up.tolist() == other.warming_up.tolist()
    for name in ("severity", "score", "p_value"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance)


def check_severity_grows(model: Model, at: int, values: Sequence[float]) -> None:
    """Further from what was expected is never less severe."""
    severities = [float(model.score(TimeSeries.of_point(at, value)).severity[0]) for value in values]
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(severities)), severities
