"""The unit in which a stream keeps its values: seven digits about a centre suffice, and no square overflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.codes import LARGEST

Floats = NDArray[np.float64]

_OVERFLOWING: Final = 1e300
_FAR: Final = 2.0**16
_WIDE: Final = 2.0**20
_NARROW: Final = 2.0**-20
_NOTHING: Final = 2.0**-60


@dataclass(frozen=True, slots=True)
class Unit:
    """Values are kept less an offset, in units of a power of two, both of which change with the series, and rarely.

    Attributes:
        offset: in the unit of the series.
        exponent: of the power of two.
    """

    offset: float
    exponent: int

    @classmethod
    def of(cls, values: Floats) -> Self:
        """For a stream that begins with these values, shape (n,): a median distance from the median is about 1."""
        offset = float(np.sort(values)[values.size // 2])
        # Differences of the largest doubles are none.
        down = 2 if float(np.abs(values).max()) > _OVERFLOWING else 0
        apart = np.abs(np.ldexp(values, -down) - np.ldexp(offset, -down))
        size = float(np.sort(apart)[apart.size // 2]) or float(apart.max()) or abs(float(np.ldexp(offset, -down)))
        return cls(offset, int(np.frexp(size)[1]) + down if size else 0)

    def scale(self, values: Floats) -> Floats:
        """Values in the unit, within its range, rounded to what four bytes can hold."""
        with np.errstate(over="ignore"):
            apart = np.ldexp(values, -self.exponent) - np.ldexp(self.offset, -self.exponent)
        held: Floats = np.minimum(np.maximum(apart, -LARGEST), LARGEST).astype(np.float32).astype(np.float64)
        return held

    def unscale(self, values: Floats) -> Floats:
        """Values in the unit of the series; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            known: Floats = np.ldexp(values + np.ldexp(self.offset, -self.exponent), self.exponent)
        return known

    def follow(self, centre: float, spread: float) -> tuple[float, int]:
        """By how much to move the offset, in the unit, and the exponent, for values about a centre with a spread."""
        move = centre if abs(centre) > _FAR * spread else 0.0
        grow = int(np.frexp(spread)[1]) if spread > _WIDE or _NOTHING < spread < _NARROW else 0
        return move, grow

    def moved(self, move: float, grow: int) -> Unit:
        """The unit after that."""
        return Unit(float(self.unscale(np.array([move]))[0]) if move else self.offset, self.exponent + grow)
