"""A line that tells how far a stage is."""

from __future__ import annotations

import sys
from typing import Final, TextIO

_STEP_SECONDS: Final = 5


class Progress:
    """Writes over itself each time on a terminal; a line every five seconds elsewhere, as in a log."""

    def __init__(self, what: str, seconds: int, out: TextIO = sys.stdout) -> None:
        self._what = what
        self._seconds = seconds
        self._out = out
        self._next = float(_STEP_SECONDS)

    def show(self, passed: float, answered: int, errors: int) -> None:
        """Tells of ``passed`` seconds, the requests ``answered`` in them and the ``errors``."""
        # What it was in the end is told by another line.
        if not self._out.isatty() and not self._next <= passed < self._seconds:
            return
        self._next = passed - passed % _STEP_SECONDS + _STEP_SECONDS
        rate = answered / passed if passed else 0.0
        line = f"  {self._what:<18} {passed:3.0f} of {self._seconds} s  {rate:9,.1f} /s  errors {errors}"
        self._out.write(f"\r\033[K{line}" if self._out.isatty() else f"{line}\n")
        self._out.flush()

    def clear(self) -> None:
        """Makes room for what is written next."""
        if self._out.isatty():
            self._out.write("\r\033[K")
            self._out.flush()
