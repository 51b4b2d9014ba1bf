"""What the learners have in common: judging needs none of what training needs."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, CannotTrain, fit_model
from tidewatch.detectors.learned import cross_fitting
from tidewatch.registry.encoding import pack_arrays
from tidewatch.series import TimeSeries

from tests.support.processes import in_a_fresh_process

LEARNERS = ("isolation_forest", "one_class_svm", "local_outlier_factor", "dbscan", "sub_pca", "kmeans")

_JUDGE = """
import base64, json, sys
import numpy as np
from tidewatch.detectors import restore_model
from tidewatch.detectors.retrospective.rolling_forest import judge_values
from tidewatch.registry.encoding import unpack_arrays
from tidewatch.series import TimeSeries
asked = json.load(sys.stdin)
points = TimeSeries(np.array(asked["timestamps"], dtype=np.int64), np.array(asked["values"]))
answers = {}
for name, stored in asked["models"].items():
    arrays = unpack_arrays(base64.b64decode(stored["arrays"]))
    model = restore_model(name, stored["options"], stored["parameters"], arrays)
    answers[name] = [model.score(points).severity.tolist(), model.review(points).severity[-1]]
assert judge_values(points.values).message is None
print(json.dumps({"answers": answers, "modules": sorted({name.split(".")[0] for name in sys.modules})}))
"""


@pytest.fixture(scope="module")
def models():
    values = np.sin(np.arange(400) * 2 * np.pi / 24) + np.random.default_rng(2).normal(0, 0.2, 400)
    series = TimeSeries(1_700_000_000 + 60 * np.arange(400, dtype=np.int64), values)
    return {name: fit_model(series, CATALOGUE[name].options_type()) for name in LEARNERS}


def test_another_process_judges_to_the_last_bit_without_what_training_needs(models):
    points = TimeSeries(1_700_024_000 + 60 * np.arange(60, dtype=np.int64), np.random.default_rng(3).normal(0, 1, 60))
    asked = {
        "timestamps": points.timestamps.tolist(),
        "values": points.values.tolist(),
        "models": {
            name: {
                "options": model.options.model_dump(),
                "parameters": dict(model.parameters()),
                "arrays": base64.b64encode(pack_arrays(model.arrays())).decode(),
            }
            for name, model in models.items()
        },
    }
    found = json.loads(in_a_fresh_process(_JUDGE, stdin=json.dumps(asked)).stdout)
    assert {"sklearn", "scipy", "statsmodels", "joblib", "threadpoolctl"}.isdisjoint(found["modules"])
    assert found["answers"] == {
        name: [model.score(points).severity.tolist(), float(model.review(points).severity[-1])]
        for name, model in models.items()
    }


@pytest.mark.parametrize("name", LEARNERS)
def test_judges_a_block_border_like_any_other_place(models, name):
    """Points are judged some thousand at once."""
    values = np.random.default_rng(4).normal(0, 1, 4_200)
    series = TimeSeries(1_700_000_000 + 60 * np.arange(4_200, dtype=np.int64), values)
    whole = models[name].review(series)
    cut = 4_000
    later = models[name].score(series.part(cut), series.part(0, cut))
    np.testing.assert_allclose(later.score, whole.score[cut:], rtol=1e-12)
    assert later.direction.tolist() == whole.direction[cut:].tolist()


@pytest.mark.parametrize("name", LEARNERS)
def test_a_short_context_warms_up(models, name):
    memory = int(models[name].review(_flat(200)).warming_up.sum())
    assert memory > 5
    scores = models[name].score(_flat(3), _flat(memory - 1))
    assert scores.warming_up.tolist() == [True, False, False]
    assert scores.direction[0] == 0


@pytest.mark.parametrize("limit", ["MOST_SECONDS", "MOST_BYTES"])
@pytest.mark.parametrize(
    ("name", "option", "size"),
    [
        ("dbscan", "references", 200),
        ("isolation_forest", "trees", 200),
        ("kmeans", "windows", 300),
        ("local_outlier_factor", "references", 200),
        ("one_class_svm", "references", 200),
        ("sub_pca", "windows", 300),
    ],
)
def test_names_the_option_that_costs(monkeypatch, name, option, size, limit):
    monkeypatch.setattr(cross_fitting, limit, 0)
    values = np.random.default_rng(6).normal(size=size)
    series = TimeSeries(1_700_000_000 + 60 * np.arange(size, dtype=np.int64), values)
    with pytest.raises(CannotTrain, match=f"lower {option}") as problem:
        fit_model(series, CATALOGUE[name].options_type())
    assert problem.value.option == option


def _flat(size):
    return TimeSeries(1_700_000_000 + 60 * np.arange(size, dtype=np.int64), np.linspace(0.0, 1.0, size))
