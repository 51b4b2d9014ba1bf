"""What rows look like: the range of each variable, what is missing and what never changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from tidewatch.series.frame import Frame
from tidewatch.series.profile import Gaps, gaps_warning

_MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class FrameProfile:
    """What n rows look like.

    Attributes:
        minima, maxima: of each variable, by name; None where it has no value.
        missing: how many values of a variable are missing, for those that miss some.
        constant: the variables that never change.
        gaps: where whole rows are missing.
    """

    minima: dict[str, float | None]
    maxima: dict[str, float | None]
    missing: dict[str, int]
    constant: tuple[str, ...]
    gaps: Gaps

    @classmethod
    def of(cls, frame: Frame) -> FrameProfile:
        """The profile of at least two rows."""
        known = ~np.isnan(frame.values)
        lost = dict(zip(frame.names, np.count_nonzero(~known, axis=0).tolist(), strict=True))
        lowest = np.min(frame.values, axis=0, where=known, initial=np.inf)
        highest = np.max(frame.values, axis=0, where=known, initial=-np.inf)
        return cls(
            minima={name: _known(value) for name, value in zip(frame.names, lowest.tolist(), strict=True)},
            maxima={name: _known(value) for name, value in zip(frame.names, highest.tolist(), strict=True)},
            missing={name: count for name, count in lost.items() if count},
            constant=frame.constant(),
            gaps=Gaps.of(frame.timestamps, frame.step),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON, by the names of its attributes, those of the gaps beside them."""
        document = {name: value for name, value in asdict(self).items() if name != "gaps"}
        return document | asdict(self.gaps) | {"constant": list(self.constant)}

    def warnings(self) -> list[str]:
        """What may make a model of the rows worse than it could be."""
        found = [gaps_warning(self.gaps)] if self.gaps.gaps else []
        if self.constant:
            told = ", ".join(self.constant[:_MOST_NAMED]) + (", …" if len(self.constant) > _MOST_NAMED else "")
            found.append(f"{told} never changed: the model leaves out what is constant, and will not see it change")
        if self.missing:
            worst = max(self.missing, key=lambda name: self.missing[name])
            found.append(
                f"{sum(self.missing.values()):,} values are missing, of {worst} the most: {self.missing[worst]:,}"
            )
        return found


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
