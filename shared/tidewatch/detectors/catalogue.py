"""Every detector that the service offers, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from tidewatch.detectors.protocol import Arrays, Detector, Json, Model

# By family; the first of a family is its default. Each is the module of its name.
_STATISTICAL: Final = (
    "three_sigma",
    "evt",
    "ewma",
    "holt_winters",
    "iqr",
    "mad",
    "moving_average",
    "seasonal_decomposition",
)
_MACHINE_LEARNING: Final = (
    "isolation_forest",
    "dbscan",
    "kmeans",
    "local_outlier_factor",
    "one_class_svm",
    "sub_pca",
)
_ENSEMBLES: Final = ("auto",)


class _Catalogue(Mapping[str, Detector]):
    """Imports a detector when it is asked for: a prediction pays at its start for one and not for all."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Detector:
        if name not in self._names:
            raise KeyError(name)
        return cast("Detector", import_module(f"tidewatch.detectors.{name}").DETECTOR)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


CATALOGUE: Final[Mapping[str, Detector]] = _Catalogue((*_STATISTICAL, *_MACHINE_LEARNING, *_ENSEMBLES))
FAMILY_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"statistical": _STATISTICAL[0], "ml": _MACHINE_LEARNING[0]}
)
"""The detector that a family is asked for by."""
DEFAULT_DETECTOR: Final = _STATISTICAL[0]
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


def load_catalogue() -> None:
    """Imports every detector, for a snapshot of a function that is asked after all of them."""
    for name in CATALOGUE:
        detector_named(name)
