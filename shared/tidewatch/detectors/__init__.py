"""Detectors by name. To add one, write its file, then add its line to the catalogue."""

from tidewatch.detectors.base import Arrays, CannotTrain, DetectorOptions, Follower, Model, Scores
from tidewatch.detectors.catalogue import (
    CATALOGUE,
    CATALOGUE_OF_ROWS,
    DEFAULT_DETECTOR,
    DEFAULT_OF_ROWS,
    DETECTOR_NAMES,
    FAMILY_DEFAULTS,
    fit_model,
    fit_rows,
    load_catalogue,
    restore_model,
    rows_use_wall_clock,
    uses_wall_clock,
)
from tidewatch.detectors.detector import Detector
from tidewatch.detectors.events import Event, find_events
from tidewatch.detectors.rows import RowScores, RowsModel

__all__ = [
    "CATALOGUE",
    "CATALOGUE_OF_ROWS",
    "DEFAULT_DETECTOR",
    "DEFAULT_OF_ROWS",
    "DETECTOR_NAMES",
    "FAMILY_DEFAULTS",
    "Arrays",
    "CannotTrain",
    "Detector",
    "DetectorOptions",
    "Event",
    "Follower",
    "Model",
    "RowScores",
    "RowsModel",
    "Scores",
    "find_events",
    "fit_model",
    "fit_rows",
    "load_catalogue",
    "restore_model",
    "rows_use_wall_clock",
    "uses_wall_clock",
]
