"""Names that somebody may have misspelt."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 64


def nearest(name: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown name: what was likely meant, or else what there is."""
    near = get_close_matches(name[:_LONGEST].lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
