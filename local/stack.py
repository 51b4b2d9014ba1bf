"""The parts of a stack put together: here, with all functions in this process."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local import aws
from local.cloudwatch import MetricStore
from local.console import Console, FunctionOutput
from local.environment import add_defaults
from local.functions import Functions, function_environment
from local.routes import Function, read_api, read_routes
from local.server import Gateway
from local.template import Template, load_template

ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Stack:
    """What is served."""

    gateway: Gateway
    functions: str
    """How the functions run, in words."""
    data: str
    """Where their data is, in words."""
    reload: Callable[[list[Path]], None]
    """To be called with the files of code that changed."""


@asynccontextmanager
async def one_process_stack(console: Console) -> AsyncIterator[Stack]:
    """Loads the functions into this process: AWS first, then the environment, then the code.

    Raises:
        UnusableAws: if the settings name an AWS that cannot be used.
        UnusableTemplate: if the template has something that cannot be served.
    """
    aws.prepare_environment(os.environ)
    region = aws.region(os.environ)
    template = Template(load_template(ROOT / "template.yaml"), region)
    routes = read_routes(template, ROOT)
    wanted = function_environment(route.function for route in routes.routes)
    if not Path(os.environ.get("OPENAPI_PATH") or "/opt/openapi.json").exists():
        # It lies on a layer there, and in the root of the repository here.
        os.environ["OPENAPI_PATH"] = str(ROOT / "openapi.json")
    if not console.everything:
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

    async def invoke(function: Function, event: dict[str, Any]) -> Any:
        return functions.invoke(function, event)

    def reload(changed: list[Path]) -> None:
        names = ", ".join(os.path.relpath(path, ROOT) for path in changed)
        if any(path.name == "template.yaml" for path in changed):
            console.notice(f"{names} changed: restart to take it over")
        else:
            console.notice(f"{names} changed: loading the code again")
            _load(functions, console)

    gateway = Gateway(read_api(template), routes, invoke, console)
    yield Stack(gateway, "in one process", aws.describe(os.environ), reload)


def _load(functions: Functions, console: Console) -> None:
    failure = functions.load()
    if failure is not None:
        console.failure(f"{failure}\nRequests get 503 until this is mended.")
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
