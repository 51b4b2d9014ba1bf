"""A stand-in for AWS over HTTP, for functions that run elsewhere: in processes of their own, or under ``sam local``.

What the template declares is there, empty, and gone when this stops. Requests are served one at a time: moto does not
isolate the transactions of parallel ones.

AWS_PORT is the port. A process that starts this may set AWS_LISTENER, the number of a socket that listens
already, and AWS_STATE, the file in which to keep all between runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from local.sam.aws import server, settings
from local.sam.aws.holders import Messages, Objects, TableItems
from local.sam.aws.state import Holder, kept
from local.sam.processes import listening_socket
from local.sam.project import Project
from local.sam.stack import assemble

DEFAULT_PORT: Final = 4566


def main(project: Project) -> int:
    """Serves until Ctrl-C."""
    inherited, state = os.environ.pop("AWS_LISTENER", ""), os.environ.pop("AWS_STATE", "")
    listener = socket.socket(fileno=int(inherited)) if inherited else _listen()
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        # This is the endpoint; it asks no other.
        del os.environ[name]
    parts = assemble(project, os.environ)
    if not inherited:
        host, port = listener.getsockname()
        print(f"A stand-in for AWS listens on http://{host}:{port} until Ctrl-C. It has:")
        print(*(f"  {name}" for name in sorted(parts.names.values())), sep="\n", flush=True)
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.freeze()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(listener, parts.region, state))
    return 0


async def _serve(listener: socket.socket, region: str, state: str) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        async with AsyncExitStack() as keeping:
            if state:
                fresh = settings.begins_anew(os.environ)
                held: list[Holder] = [TableItems(region), Objects(), Messages(region)]
                await keeping.enter_async_context(kept(Path(state), held, _say, fresh=fresh))
            serving = asyncio.ensure_future(server.serve(listener))
            # So that what is held is saved when whoever started this stops it.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
            await serving


def _say(text: str) -> None:
    print(text, flush=True)


def _listen() -> socket.socket:
    port = os.environ.get("AWS_PORT") or str(DEFAULT_PORT)
    try:
        return listening_socket(int(port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"AWS_PORT={port} cannot be used: {error}")
