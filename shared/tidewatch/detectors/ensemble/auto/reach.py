"""What later points are to remember of an unusual one: no more than of the most unusual that was to be expected.

An expert that looks at a window would else protest for as long as one spike is in it.

Source: winsorising, W. J. Dixon, Simplified Estimation from Censored Normal Samples (1960), The Annals of Mathematical
Statistics 31(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WILD: Final = 0.001
"""Share of values, on each side, that may be anomalies of the past."""
_LEAST_WILD: Final = 2
_BEYOND: Final = 0.2
"""Of the range of all others: so much further out a value may lie."""
_LARGE_MOVES: Final = 0.05
"""Share of the steps from point to point that count no more than the one at its end."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far values and steps go, whatever the season.

    Attributes:
        lowest, highest: of values.
        step: the largest, from one value to the next.
    """

    lowest: float
    highest: float
    step: float

    @classmethod
    def of(cls, values: Floats, ordered: Floats, spread: float) -> Reach:
        """That of values in the order of time, shape (n,), n at least 6, with the same ascending, and their spread."""
        wild = max(int(_WILD * values.size), _LEAST_WILD)
        lowest, highest = float(ordered[wild]), float(ordered[values.size - 1 - wild])
        beyond = _BEYOND * max(highest - lowest, spread)
        steps = np.sort(np.abs(np.diff(values)))
        return cls(lowest - beyond, highest + beyond, float(steps[int((1.0 - _LARGE_MOVES) * (steps.size - 1))]))

    def hold(self, values: Floats) -> Floats:
        """Values held within reach."""
        return np.clip(values, self.lowest, self.highest)

    def steps(self, values: Floats) -> Floats:
        """The sizes of the steps between values, shape (n - 1,), held within reach."""
        return np.minimum(np.abs(np.diff(values)), self.step)
