"""Models of rows that were published before are read as they were.

``tests/data/published_rows.json`` holds one model of every detector of rows, as the first release that had them wrote
it, some rows, and how that release judged them.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from tidewatch.detectors import RowsModel, restore_model
from tidewatch.registry.encoding import unpack_arrays
from tidewatch.series import Frame

from tests.support.environment import ROOT

PUBLISHED: dict[str, Any] = json.loads((ROOT / "tests/data/published_rows.json").read_text())
ROWS = Frame(
    np.array(PUBLISHED["timestamps"]), np.array(PUBLISHED["values"], dtype=np.float64), tuple(PUBLISHED["names"])
)


@pytest.mark.parametrize("name", PUBLISHED["models"])
def test_it_judges_as_it_did(name):
    stored = PUBLISHED["models"][name]
    model = restore_model(
        name, stored["options"], stored["parameters"], unpack_arrays(base64.b64decode(stored["arrays"]))
    )
    assert isinstance(model, RowsModel)
    assert model.constant == ("x3",)
    scores = model.score(ROWS)
    assert scores.anomaly.tolist() == stored["scores"]["anomaly"]
    for column in ("score", "p_value", "contributions"):
        np.testing.assert_allclose(getattr(scores, column), stored["scores"][column], rtol=1e-7, atol=1e-9)
