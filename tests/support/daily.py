"""Hourly series with a season of a day."""

from __future__ import annotations

import numpy as np
from tidewatch.series import TimeSeries

HOUR = 3_600
MIDNIGHT = 1_735_689_600
DAY = 10 * np.sin(2 * np.pi * np.arange(24) / 24) + np.where(np.arange(24) == 18, 8, 0)


def hourly(values, hours=None) -> TimeSeries:
    """Values of consecutive hours, or of those that are named, counted from a midnight."""
    hours = np.arange(len(values)) if hours is None else hours
    return TimeSeries((MIDNIGHT + HOUR * hours).astype(np.int64), np.array(values, dtype=np.float64))


def days(count: int, random: np.random.Generator, noise: float = 1.0) -> np.ndarray:
    """The values of so many days, about 100."""
    return 100 + np.tile(DAY, count) + random.normal(0, noise, 24 * count)
