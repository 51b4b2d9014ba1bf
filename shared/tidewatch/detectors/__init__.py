"""Detectors by name. To add one, write its file, then add its line to the catalogue."""

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Model, Scores
from tidewatch.detectors.catalogue import (
    CATALOGUE,
    DEFAULT_DETECTOR,
    FAMILY_DEFAULTS,
    fit_model,
    load_catalogue,
    restore_model,
)
from tidewatch.detectors.detector import Detector
from tidewatch.detectors.events import Event, find_events

__all__ = [
    "CATALOGUE",
    "DEFAULT_DETECTOR",
    "FAMILY_DEFAULTS",
    "Arrays",
    "CannotTrain",
    "Detector",
    "DetectorOptions",
    "Event",
    "Model",
    "Scores",
    "find_events",
    "fit_model",
    "load_catalogue",
    "restore_model",
]
