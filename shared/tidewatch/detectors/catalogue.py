"""Every detector that the service offers, by name. A new one is a line in one of the tables of families here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import NEVER, Arrays, DetectorOptions, Json, Model
from tidewatch.detectors.constant import ConstantModel
from tidewatch.detectors.detector import Detector
from tidewatch.detectors.rows import RowsModel
from tidewatch.series import UTC_NAME, Frame, TimeSeries, local_clock

if TYPE_CHECKING:
    # Who judges values only need not import them.
    from tidewatch.detectors.multivariate.detector import RowsDetector

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
# Detectors of rows of many variables. A name may also be that of a detector of values: what is judged tells them apart.
_FAMILIES_OF_ROWS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "multivariate": {
            "isolation_forest": "IsolationForest",
            "forecast_residual": "ForecastResidual",
            "knn": "Knn",
            "mahalanobis": "Mahalanobis",
            "pca": "Pca",
        }
    }
)

Method = TypeVar("Method")


class _Catalogue(Mapping[str, type[Method]], Generic[Method]):
    """Imports a detector when it is asked for: a prediction pays at its start for one and not for all."""

    def __init__(self, families: Mapping[str, Mapping[str, str]]) -> None:
        self._places = {name: (family, classes[name]) for family, classes in families.items() for name in classes}

    def __getitem__(self, name: str) -> type[Method]:
        family, of_class = self._places[name]
        module = import_module(f"tidewatch.detectors.{family}.{name}")
        return cast("type[Method]", getattr(module, of_class))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


CATALOGUE: Final[Mapping[str, type[Detector[Any]]]] = _Catalogue(_FAMILIES)
"""Detectors of values, one after the other."""
CATALOGUE_OF_ROWS: Final[Mapping[str, type[RowsDetector[Any, Any]]]] = _Catalogue(_FAMILIES_OF_ROWS)
"""Detectors of rows of many variables."""
DETECTOR_NAMES: Final = tuple(dict.fromkeys([*CATALOGUE, *CATALOGUE_OF_ROWS]))
"""The names of all detectors; that of one of values and one of rows counts once."""
DEFAULT_OF_ROWS: Final = next(iter(CATALOGUE_OF_ROWS))
"""The detector of a fit of rows that names none."""
FAMILY_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {"statistical": next(iter(_FAMILIES["statistical"])), "ml": next(iter(_FAMILIES["learned"]))}
)
"""The detector that a family is asked for by."""
DEFAULT_DETECTOR: Final = FAMILY_DEFAULTS["statistical"]
"""The detector of a fit that names none: clients of the first contract rely on it."""


def uses_wall_clock(options: DetectorOptions) -> bool:
    """Whether a model by these options, of a detector of values, depends on the time zone of its series."""
    return CATALOGUE[options.name].uses_wall_clock


def rows_use_wall_clock(options: DetectorOptions) -> bool:
    """Whether a model of rows by these options depends on the time zone."""
    return bool(getattr(options, "calendar", ()))


def fit_model(
    series: TimeSeries,
    options: DetectorOptions,
    *,
    allow_constant: bool = False,
    timezone: str = UTC_NAME,
    deadline: Deadline = NEVER,
) -> Model:
    """Trains the detector that the options name.

    Args:
        series: passed preflight.
        options: of the detector.
        allow_constant: whether a series of equal values is learned, by a :class:`ConstantModel`.
        timezone: of the series: its days and weeks are local ones.
        deadline: when to give up.

    Raises:
        KeyError: if the catalogue has no detector of that name.
        UnknownTimezone: if there is no such time zone.
        CannotTrain: if the series does not suit the detector, or the options would take too long.
        DeadlineExceeded: once the deadline has passed.
    """
    detector = CATALOGUE[options.name]
    if allow_constant and series.values.min() == series.values.max():
        return ConstantModel(options, float(series.values[0]), len(series))
    if timezone == UTC_NAME or not detector.uses_wall_clock:
        return detector.train(series, options, deadline)
    # Imported late, here and below: most series are in UTC.
    from tidewatch.detectors.wall_clock import train_on_wall_clock

    return train_on_wall_clock(detector.train, series, options, local_clock(timezone), deadline)


def fit_rows(
    frame: Frame, options: DetectorOptions, *, timezone: str = UTC_NAME, deadline: Deadline = NEVER
) -> RowsModel:
    """Trains the detector of rows that the options name.

    Args:
        frame: rows that were checked.
        options: of the detector.
        timezone: of the series: its hours and weekdays are local ones.
        deadline: when to give up.

    Raises:
        KeyError: if the catalogue has no detector of rows of that name.
        UnknownTimezone: if there is no such time zone.
        CannotTrain: if the rows do not suit the detector, or the options would take too long.
        DeadlineExceeded: once the deadline has passed.
    """
    detector = CATALOGUE_OF_ROWS[options.name]
    if timezone == UTC_NAME or not rows_use_wall_clock(options):
        return detector.train(frame, options, deadline)
    from tidewatch.detectors.wall_clock import WallClockRowsModel, rows_by

    clock = local_clock(timezone)
    return WallClockRowsModel(detector.train(rows_by(clock, frame), options, deadline), clock)


def restore_model(
    name: str, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays
) -> Model | RowsModel:
    """Builds the model that gave these options, parameters and arrays.

    Raises:
        KeyError: if the catalogue has no detector of that name.
    """
    model = _restore(name, options, parameters, arrays)
    if "timezone" not in parameters:
        return model
    from tidewatch.detectors.wall_clock import with_wall_clock

    return with_wall_clock(model, local_clock(parameters["timezone"]))


def _restore(
    name: str, options: Mapping[str, Json], parameters: Mapping[str, Json], arrays: Arrays
) -> Model | RowsModel:
    if "variables" in parameters:
        return CATALOGUE_OF_ROWS[name].restore(options, parameters, arrays)
    detector = CATALOGUE[name]
    if "constant" in parameters:
        return ConstantModel.restore(detector.options_type.model_validate(options), parameters)
    return detector.restore(options, parameters, arrays)


def load_catalogue() -> None:
    """Imports every detector, for a snapshot of a function that is asked for all of them."""
    for catalogue in (CATALOGUE, CATALOGUE_OF_ROWS):
        for name in catalogue:
            _ = catalogue[name]
