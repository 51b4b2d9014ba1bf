"""The catalogue: detectors by name."""

from __future__ import annotations

import pytest
from tidewatch.detectors import (
    CATALOGUE,
    CATALOGUE_OF_ROWS,
    DEFAULT_DETECTOR,
    DEFAULT_OF_ROWS,
    fit_model,
    restore_model,
)
from tidewatch.detectors.statistical.three_sigma import ThreeSigma, ThreeSigmaOptions
from tidewatch.series import preflight


def test_the_default_is_the_three_sigma_rule():
    assert DEFAULT_DETECTOR == "three_sigma"
    assert CATALOGUE[DEFAULT_DETECTOR] is ThreeSigma


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        CATALOGUE["another"] = ThreeSigma


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError):
        CATALOGUE["four_sigma"]
    with pytest.raises(KeyError):
        restore_model("four_sigma", {}, {}, {})


def test_a_model_comes_back_from_its_parameters():
    series = preflight([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], most_points=5).require()
    model = fit_model(series, ThreeSigmaOptions(sigmas=2.0, side="both"))
    restored = restore_model("three_sigma", model.options.model_dump(), model.parameters(), model.arrays())
    assert restored.options == model.options
    assert restored.learned() == model.learned()


def test_one_name_is_a_detector_of_values_and_one_of_rows():
    assert DEFAULT_OF_ROWS == "isolation_forest"
    assert CATALOGUE_OF_ROWS["isolation_forest"] is not CATALOGUE["isolation_forest"]
    with pytest.raises(KeyError):
        CATALOGUE_OF_ROWS["three_sigma"]
