"""What a function and its emulator print, through one pipe, and what it tells of an invocation.

The function writes to the pipe itself and the emulator answers after it wrote its own lines: once the answer to an
invocation is here, all that was printed meanwhile is in the pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from dataclasses import dataclass, field
from typing import Final

# 21 Nov 2025 01:02:03,456 [INFO] (rapid) INIT REPORT(durationMs: 812.600000)
_OF_THE_EMULATOR: Final = re.compile(rb"\d\d \w{3} \d{4} [\d:]{8},\d{3} \[(?P<level>\w+)\] \(rapid\) (?P<text>.*)")
_INIT: Final = re.compile(rb"INIT REPORT\(durationMs: ([\d.]+)\)")
_RUN: Final = re.compile(rb"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)")
_REPORT: Final = re.compile(rb"REPORT RequestId: \S+\t.*?Duration: ([\d.]+) ms\tBilled")
_START: Final = re.compile(rb"START RequestId: (\S+)")
_CHUNK: Final = 2**16
_ROOMY: Final = 2**20


@dataclass(slots=True)
class Printed:
    """What was printed since the last look."""

    request_id: str = ""
    lines: list[str] = field(default_factory=list)
    """The function's own lines, in their order."""
    init_ms: float | None = None
    """How long it took to start the process and import the handler, where that happened."""
    duration_ms: float | None = None
    """How long the handler ran."""
    complaints: list[str] = field(default_factory=list)
    """What the emulator warned of."""


class LogPipe:
    """The end of the pipe that is read from; ``writer`` is the other, for the process to inherit."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        with contextlib.suppress(OSError, AttributeError):
            # Who prints more than fits has to wait until somebody reads.
            fcntl.fcntl(self._reader, fcntl.F_SETPIPE_SZ, _ROOMY)
        self._raw = bytearray()
        self._open = True

    def close_writer(self) -> None:
        """Leaves the other end to the process."""
        os.close(self.writer)

    def close(self) -> None:
        """Reads no more; a second time does nothing."""
        if self._open:
            os.close(self._reader)
        self._open = False

    def drain(self) -> None:
        """Takes what is there, without waiting; keeps the pipe from running full."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._reader, _CHUNK):
                self._raw += chunk
                if len(chunk) < _CHUNK:
                    break

    def take(self) -> Printed:
        """What was printed since the last call, a line that is not at its end left out."""
        self.drain()
        whole, newline, rest = bytes(self._raw).rpartition(b"\n")
        self._raw = bytearray(rest)
        printed = Printed()
        if newline:
            for line in whole.split(b"\n"):
                _sort(line, printed)
        return printed


def _sort(line: bytes, printed: Printed) -> None:
    # Most lines are JSON, and most others begin with a digit or one of three words.
    if line.startswith(b"{"):
        printed.lines.append(line.decode(errors="replace"))
    elif match := _OF_THE_EMULATOR.match(line):
        text = match["text"]
        if found := _RUN.match(text):
            printed.duration_ms = float(found[1])
        elif found := _INIT.match(text):
            printed.init_ms = (printed.init_ms or 0.0) + float(found[1])
        elif match["level"] != b"INFO":
            printed.complaints.append(text.decode(errors="replace"))
    elif found := _START.match(line):
        printed.request_id = found[1].decode()
    elif line.startswith(b"END RequestId: "):
        pass
    elif found := _REPORT.match(line):
        # Its other figures are none: the memory is the function's size, and starting counts as running.
        printed.duration_ms = float(found[1]) if printed.duration_ms is None else printed.duration_ms
    else:
        # Lambda's own log lines have carriage returns between the lines of a traceback.
        printed.lines += line.decode(errors="replace").split("\r")
