"""The forecast of each point by Holt's smoothing of the few points before it, run anew for each.

A recursion remembers its whole past, and a judgement may depend on a bounded part of it only. So each point has a
window of its own: the level starts at the median of the window's first points, moves on over the others, and forecasts.
The windows of thousands of points move on together, step by step, as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tidewatch.detectors.base import Floats
from tidewatch.detectors.seasonal.smoothing import Smoothing

_BLOCK: Final = 4_096
_FEW: Final = 6
"""Fewer points each run by themselves: an operation on an array costs as much as one on many numbers."""


@dataclass(frozen=True)
class Settling:
    """How a level is settled.

    Attributes:
        smoothing: alpha, beta and phi; the season is taken away already.
        trend: per step, at the start of a window.
        clip: errors are drawn in to it before they correct anything.
        memory: points in a window.
        start: how many of them the level starts from, odd, less than memory.
    """

    smoothing: Smoothing
    trend: float
    clip: float
    memory: int
    start: int

    def forecasts(self, values: Floats, steps: NDArray[np.int64], skip: int) -> Floats:
        """The forecast of each point, shape (n - skip,); NaN where fewer than ``memory`` came before.

        Args:
            values: without their season, shape (n,), magnitudes at most 1e150.
            steps: from the point before to each, shape (n,).
            skip: how many points at the start are context: not answered for.
        """
        found = np.full(values.size - skip, np.nan)
        begin = max(self.memory, skip)
        moved, left = self.smoothing.reach(steps)
        parts = values + 0.0, moved, left  # -0.0 would print as another forecast
        if values.size - begin <= _FEW:
            for place in range(begin, values.size):
                found[place - skip] = self._one(*(part[place - self.memory : place + 1].tolist() for part in parts))
            return found
        for first in range(begin, values.size, _BLOCK):
            end = min(first + _BLOCK, values.size)
            found[first - skip : end - skip] = self._many(*(part[first - self.memory : end] for part in parts))
        return found

    def _one(self, values: list[float], moved: list[float], left: list[float]) -> float:
        """The same as :meth:`_many` for one window, to the last bit."""
        level = sorted(values[: self.start])[self.start // 2] + self._lead
        trend, clip, beta = self.trend, self.clip, self.smoothing.beta
        begin = self.start
        rows = zip(values[begin:-1], moved[begin:], left[begin:], self._gains, strict=False)
        for value, ahead, kept, gain in rows:
            level += ahead * trend
            error = value - level
            error = (clip if error > clip else max(error, -clip)) * gain
            level += error
            trend = kept * trend + beta * error
        return level + moved[-1] * trend

    def _many(self, values: Floats, moved: Floats, left: Floats) -> Floats:
        """Forecasts of points memory, memory + 1 and so on, shape (n - memory,)."""
        size = values.size - self.memory
        first = sliding_window_view(values[: size + self.start - 1], self.start)
        level = np.partition(first, self.start // 2, axis=1)[:, self.start // 2] + self._lead
        beta, is_still = self.smoothing.beta, self.smoothing.beta == 0.0 and self.smoothing.phi == 1.0
        trend, error, part = np.full(size, self.trend), np.empty(size), np.empty(size)
        ways = moved * self.trend
        for place, gain in enumerate(self._gains, self.start):
            here = slice(place, place + size)
            level += ways[here] if is_still else np.multiply(moved[here], trend, out=part)
            np.subtract(values[here], level, out=error)
            np.maximum(error, -self.clip, out=error)
            np.minimum(error, self.clip, out=error)
            error *= gain
            level += error
            if not is_still:
                trend *= left[here]
                trend += np.multiply(error, beta, out=part)
        forecasts: Floats = level + moved[self.memory :] * trend
        return forecasts

    @cached_property
    def _lead(self) -> float:
        """From the middle of the first points to the last of them."""
        return self.trend * (self.start // 2)

    @cached_property
    def _gains(self) -> list[float]:
        """Of each step. As long as that is more than alpha, those of a mean: the start is worth a few points only."""
        return [max(self.smoothing.alpha, 1.0 / (place + 1.0)) for place in range(self.start, self.memory)]
