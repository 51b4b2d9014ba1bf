"""Sizes in 16 bits: seven of exponent and nine of mantissa, so that the past of a stream takes little room.

A size is rounded when it is measured, not when it is stored. So equal sizes stay equal among each other, and a stream
that was stored goes on as one that was not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST: Final = 2.0**60
"""Values beyond it, in units of the stream, count as it: their differences still have a code."""

_CUT: Final = 14  # of the 23 bits of a float's mantissa
_LOWEST: Final = 64 << 9  # the code of 2 ** -63, as a float's upper bits
_MOST: Final = (1 << 16) - 1


def to_codes(sizes: Floats) -> NDArray[np.uint16]:
    """The codes of sizes from 0 to 2 ** 64; below 2 ** -63 it is that of 0."""
    bits = sizes.astype(np.float32).view(np.int32)
    codes = ((bits + (1 << (_CUT - 1))) >> _CUT) - _LOWEST
    held: NDArray[np.uint16] = np.minimum(np.maximum(codes, 0), _MOST).astype(np.uint16)
    return held


def from_codes(codes: NDArray[np.uint16]) -> Floats:
    """The sizes that have these codes."""
    sizes = ((codes.astype(np.uint32) + np.uint32(_LOWEST)) << np.uint32(_CUT)).view(np.float32).astype(np.float64)
    sizes[codes == 0] = 0.0
    return sizes


def rounded(sizes: Floats) -> Floats:
    """The nearest sizes that have a code: to one part in 1,000."""
    return from_codes(to_codes(sizes))
