"""What is the same for every method that watches the upper side of a band, the lower, or both."""

from __future__ import annotations

import numpy as np

from tidewatch.detectors.base import Floats, Side
from tidewatch.detectors.units import Units


def stranger(above: Floats, below: Floats, side: Side) -> Floats:
    """How strange points are, from how strange they would be for being so high, and for being so low."""
    if side == "both":
        return np.maximum(above, below)
    return above if side == "upper" else below


def watched(lower: Floats, upper: Floats, side: Side) -> tuple[Floats | None, Floats | None]:
    """Lower and upper limits; None on a side that is not watched."""
    return None if side == "upper" else lower, None if side == "lower" else upper


def learned_places(units: Units, lower: float, upper: float, side: Side, **others: float) -> dict[str, float]:
    """Places on the axis of values, in the unit of the series; infinite for a limit that is not watched."""
    places = others | {"lower": lower, "upper": upper}
    found = dict(zip(places, units.unscale(np.array(list(places.values()))).tolist(), strict=True))
    if side != "both":
        found["lower" if side == "upper" else "upper"] = np.inf
    return found
