"""Units in which the training values are moderate, so that sums and squares do not overflow in any detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats, Side

_LARGEST: Final = 1e100
"""Squares of it still are doubles."""
_FAR: Final = 1e3
"""Ranges of the middle half of the values, beyond which a value is wild."""
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Units:
    """``(value / 2**magnitude - centre) / 2**spread``: the training values, their median at 0, within -2 and 2.

    Divisions by powers of two are exact, so a shift and a scale of a series by such leave its units' values the same.
    What is far from all training values is held at 1e100.
    """

    magnitude: int
    centre: float
    spread: int

    @classmethod
    def of(cls, values: Floats) -> Units:
        """The units of training values, shape (n,), not all equal."""
        magnitude = int(np.frexp(np.max(np.abs(values)))[1])
        moderate = np.ldexp(values, -magnitude)
        middle = moderate.size // 2
        centre = float(np.partition(moderate, middle)[middle])
        return cls(magnitude, centre, int(np.frexp(np.max(np.abs(moderate - centre)))[1]))

    @classmethod
    def of_usual(cls, values: Floats) -> Units:
        """The units of the usual values among some, shape (n,), not all equal: a wild one is held at 1e100."""
        return cls.of(hold_wild(values))

    def scale(self, values: Floats) -> Floats:
        """Values of a series in these units."""
        with np.errstate(over="ignore"):
            scaled = np.ldexp(np.ldexp(values, -self.magnitude) - self.centre, -self.spread)
        # Of a single value, numpy's clip costs twice as much.
        return np.minimum(np.maximum(scaled, -_LARGEST), _LARGEST)

    def unscale(self, values: Floats) -> Floats:
        """Back to the unit of the series; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            return np.ldexp(np.ldexp(values, self.spread) + self.centre, self.magnitude)

    def unscale_value(self, value: float) -> float:
        """One value back to the unit of the series; infinite beyond the range of a double."""
        return float(self.unscale(np.array([value]))[0])

    def unscale_length(self, length: float) -> float:
        """A distance between two values, in the unit of the series; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            return float(np.ldexp(np.ldexp(length, self.spread), self.magnitude))

    def unscale_band(self, lower: float, upper: float, side: Side, **others: float) -> dict[str, float]:
        """Both limits and other values by name, in the unit of the series; infinite for a limit that is not watched."""
        values = others | {"lower": lower, "upper": upper}
        found = dict(zip(values, self.unscale(np.array(list(values.values()))).tolist(), strict=True))
        if side != "both":
            found["lower" if side == "upper" else "upper"] = np.inf
        return found

    def to_json(self) -> list[float]:
        """As :meth:`from_json` takes it."""
        return [self.magnitude, self.centre, self.spread]

    @classmethod
    def from_json(cls, parts: Sequence[float]) -> Units:
        """The units that gave this."""
        return cls(int(parts[0]), float(parts[1]), int(parts[2]))


def hold_wild(values: Floats) -> Floats:
    """Values held to within 1,000 times the range of their middle half: what lies beyond says nothing about the others.

    Where the middle half is all equal, the range is that of the middle three quarters, and so on; where all but a few
    values are equal, they stay as they are.

    Args:
        values: shape (n,).
    """
    ordered = np.sort(values)
    for depth in range(2, _DEEPEST + 1):
        beyond = ordered.size >> depth
        low, high = float(ordered[beyond]), float(ordered[-1 - beyond])
        if beyond and high > low:
            with np.errstate(over="ignore"):
                reach = _FAR * (np.float64(high) - low)
                return np.clip(values, low - reach, high + reach) if np.isfinite(reach) else values
    return values
