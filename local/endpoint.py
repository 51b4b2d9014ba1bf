"""``make aws``: a stand-in for AWS over HTTP, for functions that run elsewhere, as under ``sam local invoke``.

The tables and the bucket of template.yaml are there, empty, and gone when this stops. Requests are served one at a
time: moto does not isolate the transactions of parallel ones.

AWS_PORT is the port. AWS_LISTENER is the number of a socket that listens already, where another process starts this.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import sys
from pathlib import Path
from typing import Final

from local import aws, aws_server
from local.children import listening_socket
from local.cloudwatch import MetricStore
from local.functions import function_environment
from local.routes import read_routes
from local.template import Template, load_template

ROOT: Final = Path(__file__).resolve().parent.parent
DEFAULT_PORT: Final = 4566


def main() -> int:
    """Serves until Ctrl-C."""
    inherited = os.environ.pop("AWS_LISTENER", "")
    listener = socket.socket(fileno=int(inherited)) if inherited else _listen()
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        # This is the endpoint; it asks no other.
        del os.environ[name]
    aws.prepare_environment(os.environ)
    template = Template(load_template(ROOT / "template.yaml"), aws.region(os.environ))
    wanted = function_environment(route.function for route in read_routes(template, ROOT).routes)
    names = aws.resource_names(template, wanted, {**wanted, **os.environ})
    aws.start_stand_in(MetricStore())
    aws.create_resources(template, names)
    if not inherited:
        host, port = listener.getsockname()
        print(f"A stand-in for AWS listens on http://{host}:{port} until Ctrl-C. In it are:")
        print(*sorted(names.values()), sep="\n", flush=True)
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.freeze()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(aws_server.serve(listener))
    return 0


def _listen() -> socket.socket:
    port = os.environ.get("AWS_PORT") or str(DEFAULT_PORT)
    try:
        return listening_socket(int(port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"AWS_PORT={port} cannot be used: {error}")


if __name__ == "__main__":
    sys.exit(main())
