"""Detectors by name. To add one: write its file, then add its line to the catalogue."""

from tidewatch.detectors.catalogue import CATALOGUE, DEFAULT_DETECTOR, detector_named, restore_model
from tidewatch.detectors.protocol import Arrays, CannotTrain, Detector, DetectorOptions, Model, Scores

__all__ = [
    "CATALOGUE",
    "DEFAULT_DETECTOR",
    "Arrays",
    "CannotTrain",
    "Detector",
    "DetectorOptions",
    "Model",
    "Scores",
    "detector_named",
    "restore_model",
]
