"""What is watched while a stage runs: how far it is, and the processor time of the server and all processes below it.

Processor time comes from /proc, so it is known on Linux only. Only the standard library is imported: locust's
environment has nothing of the service's, and the service's has no psutil.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

# The first that stands in the command line.
_PARTS: Final = (
    ("DynamoDBLocal", "storage"),
    ("local.endpoint", "storage"),
    ("aws-lambda-rie", "emulator"),
    ("awslambdaric", "functions"),
)
_SERVER: Final = "server"
OTHERS: Final = "others"
"""What is no part of the stack or of the load."""


def cpu_seconds(pid: int) -> dict[str, float]:
    """User and system time so far of a process and all below it: server, emulator, functions, storage."""
    spent: dict[str, float] = defaultdict(float)
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        # It may have ended since it was listed.
        with suppress(OSError):
            line = Path(f"/proc/{each}/cmdline").read_bytes().decode(errors="replace")
            spent[_SERVER if each == pid else part_of(line)] += _own_seconds(each)
            for task in Path(f"/proc/{each}/task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
    return dict(spent)


def spent_since(before: Mapping[str, float], pid: int) -> dict[str, float]:
    """The time since ``before`` was taken. A process that ended meanwhile takes its time with it."""
    return {part: max(after - before.get(part, 0.0), 0.0) for part, after in cpu_seconds(pid).items()}


class Meter:
    """Processor time from now on, of a server and of all else on the machine."""

    def __init__(self, pid: int | None) -> None:
        """``pid`` is the server's first process; None if it is on another machine."""
        self._pid = pid
        self._parts = cpu_seconds(pid) if pid else {}
        self._machine = machine_seconds()

    def spent(self, load_generator: float) -> dict[str, float]:
        """Seconds by part: the load generator's as given, the server's, and what all other work took."""
        parts = spent_since(self._parts, self._pid) if self._pid else {}
        parts["load generator"] = load_generator
        if self._machine is not None and (now := machine_seconds()) is not None:
            parts[OTHERS] = max(now - self._machine - sum(parts.values()), 0.0)
        return parts


def machine_seconds() -> float | None:
    """Time so far in which any processor did something, or was taken away by the host; None where it is not told."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen, *_ = map(int, first.split()[1:])
    return (user + nice + system + interrupts + soft_interrupts + stolen) / os.sysconf("SC_CLK_TCK")


def part_of(command_line: str) -> str:
    """What a process of the stack is, by its command line."""
    return next((part for mark, part in _PARTS if mark in command_line), _SERVER)


def _own_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


# isort: split
