"""``make run``: the whole service on this machine, until Ctrl-C.

Settings (environment or ``.env``): PORT, LOCAL_LOG (quiet, info, debug), LOCAL_AWS and AWS_ENDPOINT_URL… (see
``local.aws``), RUNTIME=lambda for functions in processes of their own (see ``local.runtime.stack``), and every setting
of the functions.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from local import aws
from local.children import listening_socket
from local.console import Console, stdout_console
from local.environment import add_defaults, read_env_file
from local.routes import UnusableTemplate
from local.runtime.artifacts import BuildFailed
from local.runtime.stack import UnusableProcesses, runtime_stack
from local.runtime.tools import NoRuntime
from local.server import serve, watch
from local.stack import ROOT, Stack, one_process_stack

DEFAULT_PORT: Final = 3000


class UnusableSetting(ValueError):
    """A setting that the stack cannot start with; the message says why."""


def main() -> int:
    """Serves until Ctrl-C; returns the exit code: 2 if the stack cannot start."""
    add_defaults(os.environ, read_env_file(ROOT / ".env"))
    console = stdout_console(os.environ.get("LOCAL_LOG") or "info")
    # As Ctrl-C, so that what was started is stopped; by itself, SIGTERM would end this process on the spot.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        listener = _listen(os.environ.get("PORT") or str(DEFAULT_PORT))
        stack = _stack(os.environ.get("RUNTIME", ""), console)
        asyncio.run(_run(listener, stack, console))
    except (UnusableSetting, UnusableTemplate, UnusableProcesses, aws.UnusableAws, NoRuntime, BuildFailed) as error:
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


def _stack(runtime: str, console: Console) -> AbstractAsyncContextManager[Stack]:
    if runtime == "lambda":
        return runtime_stack(console)
    if runtime:
        raise UnusableSetting(f"RUNTIME={runtime} is unknown: leave it empty, or set it to lambda")
    return one_process_stack(console)


async def _run(listener: socket.socket, starting: AbstractAsyncContextManager[Stack], console: Console) -> None:
    async with starting as stack:
        watching = asyncio.ensure_future(_watch_code(stack.reload, console))
        try:
            await serve(listener, stack.gateway, lambda: _greet(console, stack, listener.getsockname()[1]))
        finally:
            watching.cancel()


async def _watch_code(reload: Callable[[list[Path]], None], console: Console) -> None:
    watched = (ROOT / "shared", ROOT / "functions", ROOT / "template.yaml", ROOT / "openapi.json")
    try:
        await watch((path for path in watched if path.exists()), reload)
    except (OSError, RuntimeError) as error:
        # Such as when the system has no more watches to give.
        console.notice(f"Code changes are not noticed from here on: {error}")


def _greet(console: Console, stack: Stack, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    json = "-H 'Content-Type: application/json'"
    console.line(f"Tidewatch is running on {console.strong(url)}. Ctrl-C stops it.")
    console.line()
    console.line(f"  Try it in the browser:  {console.strong(url + '/docs')}")
    console.line(f"  Functions:              {stack.functions}")
    console.line(f"  AWS:                    {stack.data}")
    console.line()
    console.line("Or paste into another terminal, in this folder:")
    console.line()
    console.line(f"  curl {url}/fit/web-requests {json} -d @events/requests/fit.json")
    console.line(f"  curl {url}/predict/web-requests {json} -d @events/requests/predict_anomaly.json")
    console.line(f"  curl '{url}/plot?series_id=web-requests' -o plot.png")
    console.line()


if __name__ == "__main__":
    sys.exit(main())
