"""Serves a project until Ctrl-C: functions run in this process or, with RUNTIME=lambda, in processes of their own."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Final, NoReturn

from local.sam.aws.settings import UnusableAws, state_folder
from local.sam.console import Console, stdout_console
from local.sam.processes import listening_socket
from local.sam.project import Project, add_defaults, read_env_file
from local.sam.routes import UnusableTemplate
from local.sam.runtime.artifacts import BuildFailed
from local.sam.runtime.stack import UnusableProcesses, runtime_stack
from local.sam.runtime.tools import NoRuntime
from local.sam.server import serve, watch
from local.sam.stack import Stack, one_process_stack

DEFAULT_PORT: Final = 3000

Greet = Callable[[Console, Stack, str], None]
"""Writes what is served, once it is; the text is its URL."""


class UnusableSetting(ValueError):
    """A setting that the stack cannot start with; the message says why."""


def run(project: Project, greet: Greet) -> int:
    """Serves until Ctrl-C; returns the exit code: 2 if the stack cannot start."""
    add_defaults(os.environ, read_env_file(project.root / ".env"))
    console = stdout_console(os.environ.get("LOCAL_LOG") or "info")
    # As Ctrl-C, so that what was started is stopped; by itself, SIGTERM would end this process on the spot.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        listener = _listen(os.environ.get("PORT") or str(DEFAULT_PORT))
        stack = _stack(project, os.environ.get("RUNTIME", ""), console)
        asyncio.run(_run(project, listener, stack, console, greet))
    except (UnusableSetting, UnusableTemplate, UnusableProcesses, UnusableAws, NoRuntime, BuildFailed) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        console.line()
    return 0


def _terminate(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _listen(port: str) -> socket.socket:
    if not port.isdigit() or int(port) > 65535:
        raise UnusableSetting(f"PORT={port} is not a port number")
    try:
        return listening_socket(int(port), backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = f"choose another, such as PORT={int(port) + 1} make run"
            raise UnusableSetting(f"Port {port} is in use: stop what listens there, or {hint}") from None
        raise UnusableSetting(f"Port {port} cannot be used: {error.strerror}") from None


def _stack(project: Project, runtime: str, console: Console) -> AbstractAsyncContextManager[Stack]:
    state = state_folder(os.environ, project.root / project.state_folder)
    if runtime == "lambda":
        return runtime_stack(project, console, state)
    if runtime:
        raise UnusableSetting(f"RUNTIME={runtime} is unknown: leave it empty, or set it to lambda")
    return one_process_stack(project, console, state)


async def _run(
    project: Project,
    listener: socket.socket,
    starting: AbstractAsyncContextManager[Stack],
    console: Console,
    greet: Greet,
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with starting as stack:
        watching = asyncio.ensure_future(_watch_code(project, stack, console))
        try:
            await serve(listener, stack.gateway, lambda: greet(console, stack, url))
        finally:
            watching.cancel()


async def _watch_code(project: Project, stack: Stack, console: Console) -> None:
    try:
        await watch((path for path in project.watched if path.exists()), stack.reload)
    except (OSError, RuntimeError) as error:
        # Such as when the system has no more watches to give.
        console.notice(f"Code changes are not noticed from here on: {error}")
