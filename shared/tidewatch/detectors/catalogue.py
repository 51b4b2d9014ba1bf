"""Every detector that the service offers, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from tidewatch.detectors.base import Arrays, Detector, DetectorOptions, Json, Model
from tidewatch.series import TimeSeries

# By family, which is the package that holds it; the first of a family is its default. Each is the module of its name.
_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "statistical": ("three_sigma", "evt", "ewma", "iqr", "mad", "moving_average"),
        "seasonal": ("holt_winters", "seasonal_decomposition"),
        "learned": ("isolation_forest", "dbscan", "kmeans", "local_outlier_factor", "one_class_svm", "sub_pca"),
        "ensemble": ("auto",),
    }
)
_FAMILY_OF: Final[Mapping[str, str]] = MappingProxyType(
    {name: family for family, names in _FAMILIES.items() for name in names}
)


class _Catalogue(Mapping[str, Detector]):
    """Imports a detector when it is asked for: a prediction pays at its start for one and not for all."""

    def __getitem__(self, name: str) -> Detector:
        return cast("Detector", import_module(f"tidewatch.detectors.{_FAMILY_OF[name]}.{name}").DETECTOR)

    def __contains__(self, name: object) -> bool:
        return name in _FAMILY_OF

    def __iter__(self) -> Iterator[str]:
        return iter(_FAMILY_OF)

    def __len__(self) -> int:
        return len(_FAMILY_OF)


CATALOGUE: Final[Mapping[str, Detector]] = _Catalogue()
FAMILY_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"statistical": _FAMILIES["statistical"][0], "ml": _FAMILIES["learned"][0]}
)
"""The detector that a family is asked for by."""
DEFAULT_DETECTOR: Final = _FAMILIES["statistical"][0]
"""Of a fit that names none: what clients of the first contract rely on."""


def detector_named(name: str) -> Detector:
    """The detector of that name.

    Raises:
        KeyError: if the catalogue has none of that name.
    """
    return CATALOGUE[name]


def fit_model(series: TimeSeries, options: DetectorOptions) -> Model:
    """The model that the detector of these options learns from a series that passed preflight.

    Raises:
        CannotTrain: if the series does not suit the detector.
    """
    return detector_named(options.name).fit(series, options)


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
