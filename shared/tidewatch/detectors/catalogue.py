"""Every detector that the service offers, by name. A new one is a line in the table of families here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, cast

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Json, Model
from tidewatch.detectors.constant import ConstantModel
from tidewatch.detectors.detector import Detector
from tidewatch.series import TimeSeries

# The class of each detector, in the module of its name. By family, which is the package that holds it; the first of a
# family is its default.
_FAMILIES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "statistical": {
            "three_sigma": "ThreeSigma",
            "evt": "Evt",
            "ewma": "Ewma",
            "iqr": "Iqr",
            "mad": "Mad",
            "moving_average": "MovingAverage",
        },
        "seasonal": {"holt_winters": "HoltWinters", "seasonal_decomposition": "SeasonalDecomposition"},
        "learned": {
            "isolation_forest": "IsolationForest",
            "dbscan": "Dbscan",
            "kmeans": "KMeans",
            "local_outlier_factor": "LocalOutlierFactor",
            "one_class_svm": "OneClassSvm",
            "sub_pca": "SubPca",
        },
        "ensemble": {"auto": "Auto"},
    }
)
_FAMILY_OF: Final[Mapping[str, str]] = MappingProxyType(
    {name: family for family, classes in _FAMILIES.items() for name in classes}
)


class _Catalogue(Mapping[str, type[Detector[Any]]]):
    """Imports a detector when it is asked for: a prediction pays at its start for one and not for all."""

    def __getitem__(self, name: str) -> type[Detector[Any]]:
        family = _FAMILY_OF[name]
        module = import_module(f"tidewatch.detectors.{family}.{name}")
        return cast("type[Detector[Any]]", getattr(module, _FAMILIES[family][name]))

    def __contains__(self, name: object) -> bool:
        return name in _FAMILY_OF

    def __iter__(self) -> Iterator[str]:
        return iter(_FAMILY_OF)

    def __len__(self) -> int:
        return len(_FAMILY_OF)


CATALOGUE: Final[Mapping[str, type[Detector[Any]]]] = _Catalogue()
FAMILY_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"statistical": next(iter(_FAMILIES["statistical"])), "ml": next(iter(_FAMILIES["learned"]))}
)
"""The detector that a family is asked for by."""
DEFAULT_DETECTOR: Final = FAMILY_DEFAULTS["statistical"]
"""The detector of a fit that names none: clients of the first contract rely on it."""


def fit_model(
    series: TimeSeries, options: DetectorOptions, *, allow_constant: bool = False, deadline: Deadline = NEVER
) -> Model:
    """Trains the detector that the options name.

    Args:
        series: passed preflight.
        options: of the detector.
        allow_constant: whether a series of equal values is learned, by a :class:`ConstantModel`.
        deadline: when to give up.

    Raises:
        KeyError: if the catalogue has no detector of that name.
        CannotTrain: if the series does not suit the detector, or the options would take too long.
        DeadlineExceeded: once the deadline has passed.
    """
    detector = CATALOGUE[options.name]
    if allow_constant and series.values.min() == series.values.max():
        return ConstantModel(options, float(series.values[0]), len(series))
    return detector.train(series, options, deadline)


def restore_model(name: str, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays) -> Model:
    """Builds the model that gave these options, parameters and arrays.

    Raises:
        KeyError: if the catalogue has no detector of that name.
    """
    detector = CATALOGUE[name]
    if "constant" in parameters:
        return ConstantModel.restore(detector.options_type.model_validate(options), parameters)
    return detector.restore(options, parameters, arrays)


def load_catalogue() -> None:
    """Imports every detector, for a snapshot of a function that is asked for all of them."""
    for name in CATALOGUE:
        _ = CATALOGUE[name]
