"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest
import tidewatch.calibration
import tidewatch.detectors
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS

ROOMS = (tidewatch.calibration, tidewatch.detectors)
MODULES = [room.__name__ for room in ROOMS] + [
    module.name for room in ROOMS for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    found = doctest.testmod(import_module(name))
    assert not found.failed


@pytest.mark.parametrize("detector", [*CATALOGUE.values(), *CATALOGUE_OF_ROWS.values()])
def test_every_detector_tells_its_source_and_gives_an_example(detector):
    text = detector.__doc__
    assert "Source" in text
    assert ">>>" in text
