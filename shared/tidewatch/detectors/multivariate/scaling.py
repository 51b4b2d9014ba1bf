"""Each variable in its own robust units, and the calendar beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.base import Arrays, Floats

CalendarFeature = Literal["hour", "dayofweek"]

LARGEST: Final = 1e30
"""What is further from the centre is held here: its square is a double, and it is within single precision."""

_NORMAL_MAD: Final = 1.4826
"""Standard deviations of normal values in one median distance from the median."""
_OUTER: Final = (0.01, 0.99)
_NORMAL_OUTER: Final = 4.6527
"""Standard deviations of normal values between these two quantiles."""
_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_THURSDAY: Final = 3
"""1970-01-01, where Monday is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """``(value / 2**exponent - centre) / scale``, for each of k variables; every array has shape (k,).

    The centre is the median. The scale is the larger of the median distance from it and the width of the middle 98 %,
    each as a standard deviation of normal values; where both are 0, as in a variable that is mostly constant, the
    standard deviation. The division by a power of two is exact and keeps all arithmetic in the range of a double.
    """

    exponent: NDArray[np.int64]
    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, values: Floats) -> Scaling:
        """The scaling of training values, shape (n, k), NaN where missing; each variable has at least two values."""
        exponent = np.frexp(np.nanmax(np.abs(values), axis=0))[1].astype(np.int64)
        moderate = np.ldexp(values, -exponent)
        centre = np.nanmedian(moderate, axis=0)
        spread = _NORMAL_MAD * np.nanmedian(np.abs(moderate - centre), axis=0)
        lower, upper = np.nanquantile(moderate, _OUTER, axis=0)
        scale = np.maximum(spread, (upper - lower) / _NORMAL_OUTER)
        return cls(exponent, centre, np.where(scale > 0.0, scale, _deviation(moderate)))

    def scale_values(self, values: Floats) -> Floats:
        """Values, shape (n, k), in these units, within 1e30; NaN stays NaN."""
        with np.errstate(over="ignore"):
            scaled = (np.ldexp(values, -self.exponent) - self.centre) / self.scale
        # Quicker than np.clip for one row; NaN stays NaN.
        return np.minimum(np.maximum(scaled, -LARGEST), LARGEST)

    def arrays(self) -> Arrays:
        """All that was learned."""
        return {"exponent": self.exponent, "centre": self.centre, "scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Scaling:
        """The scaling that gave these arrays."""
        return cls(arrays["exponent"], arrays["centre"], arrays["scale"])


def _deviation(values: Floats) -> Floats:
    """The standard deviation of each variable; above 0 also where it is too small to be squared."""
    deviations = np.abs(values - np.nanmean(values, axis=0))
    largest = np.nanmax(deviations, axis=0)
    largest = np.where(largest > 0.0, largest, np.finfo(np.float64).tiny)
    deviation: Floats = largest * np.sqrt(np.nanmean((deviations / largest) ** 2, axis=0))
    return deviation


def _hour(seconds: NDArray[np.int64]) -> Floats:
    return (seconds % _DAY // _HOUR).astype(np.float64)


def _day_of_week(seconds: NDArray[np.int64]) -> Floats:
    return ((seconds // _DAY + _THURSDAY) % 7).astype(np.float64)


_PLAIN: Final[Mapping[str, Callable[[NDArray[np.int64]], Floats]]] = MappingProxyType(
    {"hour": _hour, "dayofweek": _day_of_week}
)
_PERIODS: Final[Mapping[str, int]] = MappingProxyType({"hour": _DAY, "dayofweek": _WEEK})


def calendar_columns(timestamps: NDArray[np.int64], features: tuple[str, ...], *, cyclic: bool) -> Floats:
    """The hour and the day of the week of each time.

    Args:
        timestamps: Unix seconds, or those of a wall clock, shape (n,).
        features: which of them.
        cyclic: whether as places on a circle, two columns each, so that 23 is beside 0; else as numbers, 0 to 23 and,
            from Monday on, 0 to 6.

    Returns:
        Float64, shape (n, columns).
    """
    columns: list[Floats] = []
    for feature in features:
        if cyclic:
            angle = 2.0 * np.pi * (timestamps % _PERIODS[feature]) / _PERIODS[feature]
            columns += [np.sin(angle), np.cos(angle)]
        else:
            columns.append(_PLAIN[feature](timestamps))
    return np.stack(columns, axis=1) if columns else np.empty((timestamps.size, 0))
