"""How far the last stretch of a series is from any stretch before: the streaming discord.

Source: E. Keogh, J. Lin, A. Fu, HOT SAX: Efficiently Finding the Most Unusual Time Series Subsequence (2005); here
against a sample of the past of fixed size, so that a point costs the same however long the stream is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

LENGTH: Final = 24
"""Points in a stretch."""

_PAST: Final = 4_096
_SAMPLE: Final = 256
_FARTHEST: Final = 32.0  # in spreads: beyond it values count as equal, as float32 has seven digits
_AT_ONCE: Final = 32  # small enough that the product stays on one thread: waking others costs more than it saves


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Stretches of the past, in units of the spread about the median.

    Attributes:
        sample: float32, shape (LENGTH + 1, k): a column each, and below it minus half its squared length, so that one
            product with a stretch and a 1 tells which is nearest.
        centre, spread: the median and the spread that values are measured by.
    """

    sample: NDArray[np.float32]
    centre: float
    spread: float

    @classmethod
    def of(cls, past: NDArray[np.float64], centre: float, spread: float) -> Stretches:
        """An even sample of the past, shape (n,), n more than 2 * LENGTH, without its last LENGTH points."""
        normal = _normal(past[-_PAST:], centre, spread)
        room = normal.size - 2 * LENGTH
        count = min(_SAMPLE, room)
        chosen = sliding_window_view(normal, LENGTH)[np.arange(count) * room // count].T
        return cls(np.concatenate([chosen, -0.5 * (chosen * chosen).sum(axis=0, keepdims=True)]), centre, spread)

    def distance(self, recent: NDArray[np.float64]) -> NDArray[np.float64]:
        """From each stretch of LENGTH points to the nearest of the sample, shape (n,).

        Args:
            recent: shape (n + LENGTH - 1,), the values that the n stretches are made of.
        """
        normal = _normal(recent, self.centre, self.spread)
        stretches = np.ones((normal.size - LENGTH + 1, LENGTH + 1), dtype=np.float32)
        stretches[:, :LENGTH] = sliding_window_view(normal, LENGTH)
        nearest = np.empty(len(stretches), dtype=np.intp)
        for begin in range(0, nearest.size, _AT_ONCE):
            some = slice(begin, begin + _AT_ONCE)
            np.argmax(stretches[some] @ self.sample, axis=1, out=nearest[some])
        # The product only chooses: its rounding, which varies with the size of a call, would show in small distances.
        apart = stretches[:, :LENGTH] - self.sample[:LENGTH].T[nearest]
        distance: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", apart, apart, dtype=np.float64))
        return distance


def _normal(values: NDArray[np.float64], centre: float, spread: float) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.clip((values - centre) / spread, -_FARTHEST, _FARTHEST).astype(np.float32)
