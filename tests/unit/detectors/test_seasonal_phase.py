"""What all methods with a season have in common."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, fit_model

from tests.support.daily import DAY, days, hourly


@pytest.mark.parametrize("name", ["holt_winters", "seasonal_decomposition"])
def test_the_phase_goes_by_time_and_not_by_points(name):
    """Trained with gaps, and asked after one of 2,003 hours."""
    values = days(80, np.random.default_rng(5))
    hours = np.arange(values.size)
    kept = np.ones(values.size, dtype=bool)
    kept[[*range(100, 131), *range(500, 577), 900]] = False
    model = fit_model(hourly(values[kept], hours[kept]), CATALOGUE[name].options_type())
    assert model.period == 24
    later = values.size + 2_003 + np.arange(48)
    scores = model.score(hourly(100 + DAY[later % 24], later))
    assert not scores.anomaly.any()
    assert scores.expected == pytest.approx(100 + DAY[later % 24], abs=1.0)
