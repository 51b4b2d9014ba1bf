"""``make run``: the whole service on this machine, until Ctrl-C.

Settings (environment or ``.env``): PORT, LOCAL_LOG (quiet, info, debug), LOCAL_AWS and AWS_ENDPOINT_URL… (see
``local.aws``), and every setting of the functions.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local import aws
from local.cloudwatch import MetricStore
from local.console import Console, FunctionOutput, stdout_console
from local.environment import add_defaults, read_env_file
from local.functions import Functions, function_environment
from local.routes import UnusableTemplate, read_api, read_routes
from local.server import Gateway, serve, watch
from local.template import Template, load_template

ROOT: Final = Path(__file__).resolve().parent.parent
HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 3000


class UnusableSetting(ValueError):
    """A setting that the stack cannot start with; the message says why."""


def main() -> int:
    """Serves until Ctrl-C; returns the exit code: 2 if the stack cannot start."""
    add_defaults(os.environ, read_env_file(ROOT / ".env"))
    log_level = os.environ.get("LOCAL_LOG") or "info"
    console = stdout_console(log_level)
    try:
        listener = _listen(os.environ.get("PORT") or str(DEFAULT_PORT))
        app, reload = _build(console, log_level)
    except (UnusableSetting, UnusableTemplate, aws.UnusableAws) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(listener, app, reload, console))
    except KeyboardInterrupt:
        console.line()
    return 0


def _listen(port: str) -> socket.socket:
    if not port.isdigit() or int(port) > 65535:
        raise UnusableSetting(f"PORT={port} is not a port number")
    # asyncio turns Nagle's delay off, which costs 40 ms a request, only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A port whose last server just ended is free; one that is listened on is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, int(port)))
        # Bound is not taken: of two that bind a port, the second to listen fails.
        listener.listen(2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = f"choose another, such as PORT={int(port) + 1} make run"
            raise UnusableSetting(f"Port {port} is in use: stop what listens there, or {hint}") from None
        raise UnusableSetting(f"Port {port} cannot be used: {error.strerror}") from None
    return listener


def _build(console: Console, log_level: str) -> tuple[Gateway, Callable[[list[Path]], None]]:
    """Puts the parts together: AWS, then the environment, then the functions, then the gateway."""
    aws.prepare_environment(os.environ)
    region = aws.region(os.environ)
    template = Template(load_template(ROOT / "template.yaml"), region)
    routes = read_routes(template, ROOT)
    wanted = function_environment(route.function for route in routes.routes)
    if not Path(os.environ.get("OPENAPI_PATH") or "/opt/openapi.json").exists():
        # It lies on a layer there, and in the root of the repository here.
        os.environ["OPENAPI_PATH"] = str(ROOT / "openapi.json")
    if log_level != "debug":
        wanted["POWERTOOLS_LOG_LEVEL"] = "WARNING"
    add_defaults(os.environ, wanted)
    store = MetricStore()
    if not aws.uses_account(os.environ):
        aws.start_stand_in(store)
        aws.create_resources(template, aws.resource_names(template, wanted, os.environ))
    # From here on, what is printed is a function's; the console keeps the terminal.
    sys.stdout = FunctionOutput(console, store)
    functions = Functions((route.function for route in routes.routes), ROOT / "shared", region)
    _load(functions, console)

    def reload(changed: list[Path]) -> None:
        names = ", ".join(os.path.relpath(path, ROOT) for path in changed)
        if any(path.name == "template.yaml" for path in changed):
            console.notice(f"{names} changed: restart to take it over")
        else:
            console.notice(f"{names} changed: loading the code again")
            _load(functions, console)

    return Gateway(read_api(template), routes, functions, console), reload


def _load(functions: Functions, console: Console) -> None:
    failure = functions.load()
    if failure is not None:
        console.failure(f"{failure}\nRequests get 503 until this is mended.")
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _run(listener: socket.socket, app: Gateway, reload: Callable[[list[Path]], None], console: Console) -> None:
    watching = asyncio.ensure_future(_watch_code(reload, console))
    try:
        await serve(listener, app, lambda: _greet(console, f"http://{HOST}:{listener.getsockname()[1]}"))
    finally:
        watching.cancel()


async def _watch_code(reload: Callable[[list[Path]], None], console: Console) -> None:
    watched = (ROOT / "shared", ROOT / "functions", ROOT / "template.yaml", ROOT / "openapi.json")
    try:
        await watch((path for path in watched if path.exists()), reload)
    except (OSError, RuntimeError) as error:
        # Such as when the system has no more watches to give.
        console.notice(f"Code changes are not noticed from here on: {error}")


def _greet(console: Console, url: str) -> None:
    json = "-H 'Content-Type: application/json'"
    console.line(f"Tidewatch is running on {console.strong(url)}. Ctrl-C stops it.")
    console.line()
    console.line(f"  Try it in the browser:  {console.strong(url + '/docs')}")
    console.line(f"  AWS:                    {aws.describe(os.environ)}")
    console.line()
    console.line("Or paste into another terminal, in this folder:")
    console.line()
    console.line(f"  curl {url}/fit/web-requests {json} -d @events/requests/fit.json")
    console.line(f"  curl {url}/predict/web-requests {json} -d @events/requests/predict_anomaly.json")
    console.line(f"  curl '{url}/plot?series_id=web-requests' -o plot.png")
    console.line()


if __name__ == "__main__":
    sys.exit(main())
