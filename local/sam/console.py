"""The terminal: request lines, and what becomes of the lines that the functions print.

In Lambda, stdout goes to CloudWatch Logs, which takes metrics out of it and keeps the rest. Here metrics go to the
local CloudWatch and are not shown; log lines are shown from warnings up.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final, TextIO

import click

from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.state import TURN

_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
# Fields that every line has and that say nothing new here.
_USUAL_FIELDS: Final = frozenset(
    {"level", "message", "timestamp", "service", "exception", "exception_name", "stack", "stack_trace"}
    | {
        "xray_trace_id",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "sampling_rate",
    }
)


class Console:
    """Writes to the terminal, in colour if it is one."""

    def __init__(self, out: TextIO, *, requests: bool = True, everything: bool = False) -> None:
        self._out = out
        self._requests = requests
        self.everything = everything

    def line(self, text: str = "") -> None:
        """Writes one line at once."""
        # Reading ended, as in `make run | head`: nothing is left to do for it.
        with contextlib.suppress(BrokenPipeError):
            # Without its colours where it is no terminal.
            click.echo(text, file=self._out)

    def progress(self, text: str) -> None:
        """Writes over the last progress on a terminal; nothing elsewhere."""
        if self._out.isatty():
            self._out.write(f"\r\033[K{text}")
            self._out.flush()

    def strong(self, text: str) -> str:
        """Text that catches the eye, if there is one."""
        return click.style(text, bold=True)

    def request(self, method: str, target: str, status: int, seconds: float, size: int) -> None:
        """Writes the line of one request."""
        if not self._requests:
            return
        colour = "red" if status >= 500 else "yellow" if status >= 400 else "green"
        when = click.style(time.strftime("%H:%M:%S"), fg="bright_black")
        what = f"{method:<4} {target:<42} {click.style(str(status), fg=colour)}"
        self.line(f"{when}  {what}  {seconds * 1000:8.1f} ms  {size:>9,} B")

    def notice(self, text: str) -> None:
        """Writes a line of the stack itself."""
        self.line(f"{click.style(time.strftime('%H:%M:%S'), fg='bright_black')}  {click.style(text, fg='cyan')}")

    def failure(self, text: str) -> None:
        """Writes what went wrong, such as a traceback."""
        self.line(click.style(text.rstrip(), fg="red"))

    def log(self, record: Mapping[str, Any]) -> None:
        """Writes a structured log line of a function for people to read."""
        level = str(record.get("level", "INFO"))
        rest = " ".join(f"{key}={value}" for key, value in record.items() if key not in _USUAL_FIELDS)
        colour = "red" if _LEVELS.get(level, 0) >= _LEVELS["ERROR"] else "yellow"
        when = click.style(time.strftime("%H:%M:%S"), fg="bright_black")
        self.line(f"{when}  {click.style(level, fg=colour)} {record.get('message')}  {rest}".rstrip())
        if record.get("exception"):
            self.failure(str(record["exception"]))
        if isinstance(stack := record.get("stack"), list):
            self.failure("".join(map(str, stack)))


class FunctionOutput(io.TextIOBase):
    """What stands in for stdout while functions run."""

    def __init__(self, console: Console, store: MetricStore) -> None:
        super().__init__()
        self._console = console
        self._store = store
        self._taken = False

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str, /) -> int:
        """Takes one line, with its newline or followed by it, as print and logging write them."""
        with TURN:
            if text == "\n" and self._taken:
                self._taken = False
            elif text.startswith("{") and self._take(text):
                self._taken = not text.endswith("\n")
            else:
                self._console.line(text.rstrip("\n")) if text.strip() else None
        return len(text)

    def _take(self, text: str) -> bool:
        """Whether the text was a line of metrics or of a log, which then found its place."""
        try:
            record = json.loads(text)
            if "_aws" in record:
                self._store.put_emf(record)
            elif "level" not in record:
                return False
        except (KeyError, TypeError, ValueError):
            return False
        if self._console.everything:
            self._console.line(text.rstrip("\n"))
        elif "level" in record and _LEVELS.get(str(record["level"]), 0) >= _LEVELS["WARNING"]:
            self._console.log(record)
        return True


def stdout_console(level: str) -> Console:
    """The console on this process's stdout; ``level`` is the setting LOCAL_LOG: quiet, info or debug."""
    return Console(sys.stdout, requests=level != "quiet", everything=level == "debug")
