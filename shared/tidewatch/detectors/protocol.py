"""What every detector is: options, a fit, and a model that scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tidewatch.series import TimeSeries

Json = Any
"""What ``json.loads`` can return."""


class DetectorOptions(BaseModel):
    """The options of one detector. A subclass adds ``name: Literal[...]`` and its own fields with defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The judgement of n points, aligned with the series that was scored; every array has shape (n,).

    Attributes:
        anomaly: bool, whether the point is unusual under the detector's own threshold.
        score: float64, the detector's own statistic, always finite.
        expected: float64, what the model expected, in the unit of the series.
        lower: float64, the lower limit of the band; NaN where there is none or it is beyond the range of a double.
        upper: float64, the upper limit, likewise.
    """

    anomaly: NDArray[np.bool_]
    score: NDArray[np.float64]
    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


class Model(Protocol):
    """A fitted detector: immutable, and a pure function of what it is asked to score."""

    @property
    def options(self) -> DetectorOptions:
        """The options that it was fitted with, defaults filled in."""
        ...

    def score(self, series: TimeSeries) -> Scores:
        """Judges every point of a series."""
        ...

    def parameters(self) -> Mapping[str, Json]:
        """All that is needed to build the same model again, as JSON."""
        ...

    def learned(self) -> Mapping[str, float | None]:
        """What a person wants to know of the model, in the unit of the series; None beyond the range of a double."""
        ...


class Detector(Protocol):
    """One method of the catalogue: a module-level object of its file."""

    @property
    def options_type(self) -> type[DetectorOptions]:
        """The class of its options; the field ``name`` has the detector's name as its default."""
        ...

    def fit(self, series: TimeSeries, options: DetectorOptions) -> Model:
        """Learns a model from a series that passed preflight."""
        ...

    def restore(self, options: Mapping[str, Json], parameters: Mapping[str, Json]) -> Model:
        """Builds the model that gave these ``parameters()`` under these options."""
        ...
