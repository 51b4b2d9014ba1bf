"""What was published before the detectors moved into families is read as it was.

``tests/data/published_before_families.json`` holds one model of every detector, as the version at commit c6f49a5 wrote
it, some points, and how that version judged them. ``auto`` is another method since: what was stored is run again.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, restore_model
from tidewatch.registry.encoding import unpack_arrays
from tidewatch.series import TimeSeries

from tests.support.environment import ROOT

PUBLISHED: dict[str, Any] = json.loads((ROOT / "tests/data/published_before_families.json").read_text())
POINTS = TimeSeries(np.array(PUBLISHED["timestamps"]), np.array(PUBLISHED["values"]))


def restored(name):
    stored = PUBLISHED["models"][name]
    arrays = unpack_arrays(base64.b64decode(stored["arrays"]))
    return restore_model(name, stored["options"], stored["parameters"], arrays), stored


def test_a_stream_of_seven_experts_goes_on_as_one_of_three_outputs():
    model, stored = restored("auto")
    scores = model.score(POINTS)
    assert scores.anomaly.tolist() == stored["scores"]["anomaly"]
    np.testing.assert_allclose(scores.expected, np.array(stored["scores"]["expected"]), atol=1.5)
    assert (model.learned(), model.options.model_dump()) == (stored["parameters"]["learned"], stored["options"])
    again = restore_model("auto", stored["options"], model.parameters(), model.arrays())
    np.testing.assert_array_equal(again.score(POINTS).p_value, scores.p_value)


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name != "auto"])
def test_it_judges_as_it_did(name):
    model, stored = restored(name)
    scores = model.score(POINTS)
    for column, expected in stored["scores"].items():
        found = getattr(scores, column)
        if column in ("anomaly", "direction", "warming_up"):
            assert found.tolist() == expected, column
        else:
            known = np.array([np.nan if number is None else number for number in expected])
            finite = np.where(np.isfinite(found), found, np.nan)
            np.testing.assert_allclose(finite, known, rtol=1e-9, err_msg=column)
