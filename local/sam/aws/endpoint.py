"""A stand-in for AWS over HTTP, for functions that run elsewhere: in processes of their own, or under ``sam local``.

What the template declares is there, empty, and gone when this stops. Requests are served one at a time: moto does not
isolate the transactions of parallel ones.

AWS_PORT is the port. AWS_LISTENER is the number of a socket that listens already, where another process starts this.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import sys
from typing import Final

from local.sam.aws import server
from local.sam.processes import listening_socket
from local.sam.project import Project
from local.sam.stack import assemble

DEFAULT_PORT: Final = 4566


def main(project: Project) -> int:
    """Serves until Ctrl-C."""
    inherited = os.environ.pop("AWS_LISTENER", "")
    listener = socket.socket(fileno=int(inherited)) if inherited else _listen()
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        # This is the endpoint; it asks no other.
        del os.environ[name]
    names = assemble(project, os.environ).names
    if not inherited:
        host, port = listener.getsockname()
        print(f"A stand-in for AWS listens on http://{host}:{port} until Ctrl-C. It has:")
        print(*(f"  {name}" for name in sorted(names.values())), sep="\n", flush=True)
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.freeze()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(listener))
    return 0


def _listen() -> socket.socket:
    port = os.environ.get("AWS_PORT") or str(DEFAULT_PORT)
    try:
        return listening_socket(int(port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"AWS_PORT={port} cannot be used: {error}")
