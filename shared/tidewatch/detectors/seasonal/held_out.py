"""What a seasonal method errs by on points that it did not learn its season from.

A season that is the mean of some cycles errs on each of them by less than on one to come: where they are few, by much
less, and in another shape. So each of a few folds of whole cycles is judged by the season of the others. Where cycles
are many, all are judged by the season of all: only the size of the errors differs then, by a known factor.

Source: M. Stone, Cross-Validatory Choice and Assessment of Statistical Predictions (1974), Journal of the Royal
Statistical Society B 36(2).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_FOLDS: Final = 5
_MANY: Final = 20


def folds_of_cycles(places: NDArray[np.int64], period: int) -> tuple[NDArray[np.int64], int]:
    """The fold of each point, shape (n,), and how many there are: 1 for many cycles, of which none is held out.

    Args:
        places: on the grid, shape (n,), ascending, gaps closed.
        period: in places.
    """
    cycles = (places - places[0]) // period
    total = int(cycles[-1]) + 1
    count = min(total, _FOLDS) if total < _MANY else 1
    return cycles * count // total, count


def fresh_error(cycles: float, folds: int) -> float:
    """How much larger the error on a new point is than on one of a fold.

    Args:
        cycles: that the season is the mean of, more than 1.
        folds: of which one at a time is held out; 1 if none is.
    """
    seen = 1.0 - 1.0 / cycles if folds == 1 else 1.0 + 1.0 / (cycles * (1.0 - 1.0 / folds))
    return float(np.sqrt((1.0 + 1.0 / cycles) / seen))
