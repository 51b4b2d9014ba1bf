"""Every detector that the service offers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tidewatch.detectors import three_sigma
from tidewatch.detectors.protocol import Detector, Json, Model

# One line a detector. The first is the default of a fit that names none.
_DETECTORS: Final[tuple[Detector, ...]] = (three_sigma.DETECTOR,)


def _name(detector: Detector) -> str:
    return str(detector.options_type.model_fields["name"].default)


CATALOGUE: Final[Mapping[str, Detector]] = MappingProxyType({_name(detector): detector for detector in _DETECTORS})
DEFAULT_DETECTOR: Final[str] = _name(_DETECTORS[0])


def detector_named(name: str) -> Detector:
    """The detector of that name.

    Raises:
        KeyError: if the catalogue has none of that name.
    """
    return CATALOGUE[name]


def model_from_parameters(name: str, options: Mapping[str, Json], parameters: Mapping[str, Json]) -> Model:
    """The model that a version stored under these options and parameters.

    Raises:
        KeyError: if the catalogue has no detector of that name.
    """
    return detector_named(name).restore(options, parameters)
