"""Detectors by name. To add one: write its file, then add its line to the catalogue."""

from tidewatch.detectors.catalogue import CATALOGUE, DEFAULT_DETECTOR, detector_named, model_from_parameters
from tidewatch.detectors.protocol import Detector, DetectorOptions, Model, Scores

__all__ = [
    "CATALOGUE",
    "DEFAULT_DETECTOR",
    "Detector",
    "DetectorOptions",
    "Model",
    "Scores",
    "detector_named",
    "model_from_parameters",
]
