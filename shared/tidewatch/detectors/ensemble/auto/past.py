"""What a stream remembers of its points: values on a grid, and what was measured of each, in bounded room."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.detectors.ensemble.auto.codes import from_codes, to_codes
from tidewatch.detectors.ensemble.auto.ring import Ring

Floats = NDArray[np.float64]

KEPT: Final = 6_144
"""Values that are kept: a season is found in them, and points are compared with those of earlier periods."""
BLOCK: Final = 512
"""The most points between two places of learning."""
MEASURED: Final = 4_096
"""Points of the past that statistics are ranked among."""
RECENT: Final = 2_048
"""Points of the past that the score of a point is ranked among: what it follows a change by."""

EVERY: Final = {"level": 1, "season": 1, "step": 1, "fast": 2, "slow": 4, "rough": 4, "shape": 4}
"""What is measured of each point, and of how many in a row one is remembered: means over windows change slowly."""
_KEPT: Final = {name: RECENT if name == "step" else MEASURED for name in EVERY}


class Deviations:
    """How far the last points were from what was expected, by each expert; rounded to codes."""

    def __init__(self) -> None:
        self.count = 0
        self._rings = {name: Ring((_KEPT[name] + BLOCK) // every) for name, every in EVERY.items()}

    def push(self, sizes: dict[str, Floats]) -> None:
        """Remembers what was measured of the next points, shape (n,) each; a name that is left out was not measured."""
        size = next(iter(sizes.values())).size
        for name, measured in sizes.items():
            self._rings[name].push(measured[-self.count % EVERY[name] :: EVERY[name]])
        self.count += size

    def of(self, name: str, until: int) -> Floats:
        """What was measured of points before a place of the stream, oldest first; valid until the next push."""
        every = EVERY[name]
        later = -(-self.count // every) + (-until // every)
        past = self._rings[name].view()
        return past[: past.size - min(later, past.size)][-(_KEPT[name] // every) :]

    def replace(self, name: str, sizes: Floats) -> None:
        """Forgets what was measured, for this instead: of the last points, shape (n,), one for each."""
        last = sizes.size - 1 - (self.count - 1) % EVERY[name]
        self._rings[name].replace(sizes[last % EVERY[name] : last + 1 : EVERY[name]])

    def clear(self, name: str) -> None:
        """Forgets what was measured."""
        self._rings[name].replace(np.zeros(0))

    def rescale(self, exponent: int) -> None:
        """Moves every size by a power of two."""
        for ring in self._rings.values():
            ring.replace(from_codes(to_codes(np.ldexp(ring.view(), exponent))))

    def copy(self) -> Deviations:
        """Another of the same content."""
        other = Deviations()
        other.count = self.count
        other._rings = {name: ring.copy() for name, ring in self._rings.items()}
        return other

    def state(self) -> dict[str, NDArray[Any]]:
        """Its arrays, in 16 bits."""
        return {name: to_codes(ring.view()) for name, ring in self._rings.items()}

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]], count: int) -> Deviations:
        """What gave this state."""
        deviations = cls()
        deviations.count = count
        for name, ring in deviations._rings.items():
            ring.push(from_codes(np.asarray(state[name], dtype=np.uint16)))
        return deviations
