"""Every detector that the service offers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tidewatch.detectors import (
    dbscan,
    evt,
    ewma,
    holt_winters,
    iqr,
    isolation_forest,
    kmeans,
    local_outlier_factor,
    mad,
    moving_average,
    one_class_svm,
    seasonal_decomposition,
    sub_pca,
    three_sigma,
)
from tidewatch.detectors.auto import detector as auto
from tidewatch.detectors.protocol import Arrays, Detector, Json, Model

# One line a detector, by family; the first of a family is its default.
_STATISTICAL: Final[tuple[Detector, ...]] = (
    three_sigma.DETECTOR,
    evt.DETECTOR,
    ewma.DETECTOR,
    holt_winters.DETECTOR,
    iqr.DETECTOR,
    mad.DETECTOR,
    moving_average.DETECTOR,
    seasonal_decomposition.DETECTOR,
)
_MACHINE_LEARNING: Final[tuple[Detector, ...]] = (
    isolation_forest.DETECTOR,
    dbscan.DETECTOR,
    kmeans.DETECTOR,
    local_outlier_factor.DETECTOR,
    one_class_svm.DETECTOR,
    sub_pca.DETECTOR,
)
_ENSEMBLES: Final[tuple[Detector, ...]] = (auto.DETECTOR,)


def _name(detector: Detector) -> str:
    return str(detector.options_type.model_fields["name"].default)


CATALOGUE: Final[Mapping[str, Detector]] = MappingProxyType(
    {_name(detector): detector for detector in (*_STATISTICAL, *_MACHINE_LEARNING, *_ENSEMBLES)}
)
FAMILY_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"statistical": _name(_STATISTICAL[0]), "ml": _name(_MACHINE_LEARNING[0])}
)
"""The detector that a family is asked for by."""
DEFAULT_DETECTOR: Final[str] = _name(_STATISTICAL[0])
"""Of a fit that names none: what clients of the first contract rely on."""


def detector_named(name: str) -> Detector:
    """The detector of that name.

    Raises:
        KeyError: if the catalogue has none of that name.
    """
    return CATALOGUE[name]


def restore_model(name: str, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Model:
    """The model that a version stored under these options, parameters and arrays.

    Raises:
        KeyError: if the catalogue has no detector of that name.
    """
    return detector_named(name).restore(options, parameters, arrays)
