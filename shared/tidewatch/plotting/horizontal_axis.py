"""The axis from left to right, which all panels share: times in a time zone, or the indices of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice, takewhile
from typing import Final, Protocol

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, num2date
from matplotlib.ticker import Formatter, Locator, MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from tidewatch.plotting.decimation import gaps
from tidewatch.plotting.text import zone_of

_Floats = NDArray[np.float64]

_DAY: Final = 86_400
"""matplotlib counts time in days since 1970."""

_MARGIN: Final = 0.015
"""Free room at either end, as a share of the series' length."""

_LABEL_ROOM: Final = 1.5
"""Distance between the middles of neighbouring tick labels, in widths of the widest, at least."""

_SHORT: Final = 900 / _DAY
"""The longest axis on which ticks may be seconds apart."""

# For ticks that are years, months, days, hours, minutes and seconds apart.
_FORMATS: Final[Mapping[str, list[str]]] = {
    "formats": ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%H:%M:%S.%f"],
    # For ticks at the start of a year, month, day ...
    "zero_formats": ["", "%Y", "%b", "%b %d", "%H:%M", "%H:%M:%S"],
    # For what all ticks share, at the right end.
    "offset_formats": ["", "%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d"],
}


class Placed(Protocol):
    """What stands from left to right."""

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where each stands, in order, shape (n,): its Unix second, or its index."""
        ...

    @property
    def has_times(self) -> bool:
        """Whether they are Unix seconds."""
        ...

    @property
    def timezone(self) -> str:
        """The IANA time zone that times are shown in."""
        ...


class _DateFormatter(ConciseDateFormatter):
    """matplotlib's formatter, but the text at the right end is what all ticks share, not the last tick's date."""

    _shared = ""

    def format_ticks(self, values: list[float]) -> list[str]:
        """The labels of ticks in days since 1970."""
        labels: list[str] = super().format_ticks(values)  # type: ignore[no-untyped-call]
        # Empty where the years are among the labels.
        fields = super().get_offset().split("-")  # type: ignore[no-untyped-call]
        first, last = (num2date(end, self._tz) for end in (values[0], values[-1]))  # type: ignore[no-untyped-call]
        pairs = zip(f"{first:%Y-%m-%d}".split("-"), f"{last:%Y-%m-%d}".split("-"), strict=True)
        shared = takewhile(lambda pair: pair[0] == pair[1], islice(pairs, len(fields) if fields[0] else 0))
        self._shared = "-".join(field for field, _ in shared)
        return labels

    def get_offset(self) -> str:
        """The date, month or year that all ticks share."""
        return self._shared


class HorizontalAxis:
    """Where points stand from left to right.

    Attributes:
        positions: int64, shape (n,), see :attr:`Judged.positions`.
        gaps: the indices, ascending, of points that follow a gap in sampling.
        low, high: the ends of the axis, in days since 1970 or in points.
        column: the width of a column of data, in the same unit.
        label: what the axis shows.
    """

    def __init__(self, placed: Placed, columns: int) -> None:
        self.positions = placed.positions
        self.gaps = gaps(self.positions, columns)
        self.label = f"time ({placed.timezone})" if placed.has_times else "point"
        self._zone = zone_of(placed.timezone)
        self._has_times = placed.has_times
        self._unit = _DAY if placed.has_times else 1
        span = float(self.positions[-1] - self.positions[0])
        margin = _MARGIN * span or (30.0 if placed.has_times else 0.5)
        self.low = (float(self.positions[0]) - margin) / self._unit
        self.high = (float(self.positions[-1]) + margin) / self._unit
        self.column = (self.high - self.low) / columns

    def at(self, indices: NDArray[np.intp]) -> _Floats:
        """Where points stand on the axis, shape as given."""
        return self.positions[indices] / self._unit

    def path(self, kept: NDArray[np.intp], *heights: _Floats) -> tuple[_Floats, list[_Floats]]:
        """A line through some of the points, broken by a NaN in every gap that it must not bridge.

        Args:
            kept: indices of points, ascending.
            heights: of these points, each of the same shape.
        """
        breaks = np.searchsorted(kept, self.gaps)
        return np.insert(self.at(kept), breaks, np.nan), [np.insert(height, breaks, np.nan) for height in heights]

    def ticks(self, width: float, ruler: Callable[[str], float]) -> tuple[Locator, Formatter]:
        """What places and labels the ticks on an axis that is ``width`` pixels wide."""

        def room_for(label: str) -> int:
            return max(3, int(width / (_LABEL_ROOM * ruler(label))))

        if not self._has_times:
            most = room_for(f"{self.positions.size:,}")
            return MaxNLocator(most, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1), StrMethodFormatter("{x:,.0f}")
        most = room_for("00:00:00" if self.high - self.low < _SHORT else "00:00")
        # With a larger minimum, the locator finds no interval for some spans.
        locator = AutoDateLocator(self._zone, minticks=(most - 1) // 2, maxticks=most)  # type: ignore[no-untyped-call]
        return locator, _DateFormatter(locator, self._zone, **_FORMATS)  # type: ignore[no-untyped-call]
