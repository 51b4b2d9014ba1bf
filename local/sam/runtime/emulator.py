"""One execution environment of a function: the emulator's process, and below it the function's Python process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.sam import processes
from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.environment import runtime_command
from local.sam.runtime.http_client import ConnectionLost, EmulatorConnection
from local.sam.runtime.log_pipe import LogPipe, Printed
from local.sam.runtime.tools import Tools

_LISTENS_WITHIN_SECONDS: Final = 10
_ATTEMPTS: Final = 3
_TIMED_OUT: Final = b"Task timed out after "
# All that an answer of the emulator has where the function failed.
_FAILURE_KEYS: Final = frozenset({"errorType", "errorMessage", "requestId", "stackTrace"})


class EmulatorFailed(RuntimeError):
    """The emulator did not start; the message has what it printed."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one invocation."""

    payload: bytes
    """What the function returned, as JSON; or else what Lambda says instead."""
    error: str | None
    """Why it failed, such as ``Runtime.ImportModuleError: …``; None if it returned."""
    printed: Printed

    def report(self, function: BuiltFunction, memory_used_mb: int) -> str:
        """Lambda's REPORT line."""
        run, init = self.printed.duration_ms or 0.0, self.printed.init_ms
        parts = [
            f"REPORT RequestId: {self.printed.request_id}",
            f"Duration: {run:.2f} ms",
            # Starting a function is paid for too, since August 2025.
            f"Billed Duration: {math.ceil(run + (init or 0.0))} ms",
            f"Memory Size: {function.memory_mb} MB",
            f"Max Memory Used: {memory_used_mb} MB",
        ]
        return "\t".join(parts if init is None else [*parts, f"Init Duration: {init:.2f} ms"])


class Emulator:
    """Runs one function, one invocation at a time. The function itself starts with the first one, as in Lambda."""

    def __init__(
        self, function: BuiltFunction, process: subprocess.Popen[bytes], pipe: LogPipe, connection: EmulatorConnection
    ) -> None:
        self.function = function
        self.process = process
        self.pipe = pipe
        self.connection = connection

    @classmethod
    async def start(cls, tools: Tools, function: BuiltFunction, environment: Mapping[str, str]) -> Emulator:
        """Starts the emulator.

        Raises:
            EmulatorFailed: if it does not listen within ten seconds.
        """
        for _ in range(_ATTEMPTS - 1):
            # A port that is free now may be somebody else's a moment later.
            with contextlib.suppress(EmulatorFailed):
                return await cls._start_once(tools, function, environment)
        return await cls._start_once(tools, function, environment)

    @classmethod
    async def _start_once(cls, tools: Tools, function: BuiltFunction, environment: Mapping[str, str]) -> Emulator:
        port, runtime_api_port = processes.free_port(), processes.free_port()
        command: list[str | Path] = [
            tools.emulator,
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_api_port}"),
            # On this level it tells how long a start took, and a run.
            *("--log-level", "info"),
            *runtime_command(tools.python, function),
        ]
        pipe = LogPipe()
        try:
            process = processes.start(command, environment=environment, folder=function.folder, output=pipe.writer)
        finally:
            pipe.close_writer()
        try:
            connection = await _connect(process, port)
        except BaseException as error:
            processes.stop([process])
            said = "\n".join(pipe.take().lines)
            pipe.close()
            if not isinstance(error, OSError):
                raise
            raise EmulatorFailed(f"the emulator of {function.logical_id} does not listen: {error}\n{said}") from error
        return cls(function, process, pipe, connection)

    async def invoke(self, payload: bytes) -> Invocation:
        """Invokes the function and waits for what it returns.

        Raises:
            ConnectionLost: if the emulator itself ended; this environment is of no further use then.
        """
        status, body = await self.connection.post(payload)
        error = _failure(status, body)
        return Invocation(body, error, self.pipe.take())

    def drain(self) -> None:
        """Keeps a function that prints much from waiting."""
        self.pipe.drain()

    @property
    def runtime_pid(self) -> int | None:
        """The function's own process; None before the first invocation and after a crash."""
        pids: list[str] = []
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{self.process.pid}/task").iterdir():
                pids += (task / "children").read_text(encoding="ascii").split()
        return int(pids[-1]) if pids else None

    def memory_used_mb(self) -> int:
        """The most memory that the function's process had at any time, in MB as Lambda counts them (2**20)."""
        pid = self.runtime_pid
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return math.ceil(int(line.split()[1]) / 1024)
        return 0

    def stop(self) -> None:
        """Ends both processes and waits until they are gone; a second time does nothing."""
        stop_all([self])


def stop_all(emulators: list[Emulator]) -> None:
    """Ends many at once."""
    below = [pid for emulator in emulators if (pid := emulator.runtime_pid) is not None]
    for emulator in emulators:
        emulator.connection.close()
    processes.stop(emulator.process for emulator in emulators)
    # The emulator ends its function's process with itself, unless it was killed.
    for pid in below:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for emulator in emulators:
        emulator.pipe.close()


async def _connect(process: subprocess.Popen[bytes], port: int) -> EmulatorConnection:
    deadline = time.monotonic() + _LISTENS_WITHIN_SECONDS
    while True:
        try:
            return await EmulatorConnection.open(port)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.005)


def _failure(status: int, body: bytes) -> str | None:
    if status == 200 and not body.startswith((b'{"error', _TIMED_OUT)):
        return None
    if body.startswith(_TIMED_OUT):
        return body.decode()
    try:
        document = json.loads(body)
    except ValueError:
        return f"the emulator answered {status}"
    if status == 200 and not document.keys() <= _FAILURE_KEYS:
        return None
    return f"{document.get('errorType')}: {document.get('errorMessage')}"


__all__ = ["ConnectionLost", "Emulator", "EmulatorFailed", "Invocation", "stop_all"]
