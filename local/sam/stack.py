"""The parts of a stack put together: the template, the environment and AWS; and on top, functions in this process."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.sam.aws import settings
from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.resources import create_resources, resource_names, resource_variables, start_stand_in
from local.sam.aws.state import METRICS_FILE, STORAGE_FILE, Holder, kept
from local.sam.console import Console, FunctionOutput
from local.sam.event_sources import Call, QueuePoller, read_mappings, served
from local.sam.functions import Functions, function_environment
from local.sam.project import Project, add_defaults
from local.sam.routes import Function, RouteTable, read_api, read_functions, read_routes
from local.sam.server import Gateway
from local.sam.template import Template


@dataclass(frozen=True, slots=True)
class Assembly:
    """A project over AWS: all that there is before its functions are loaded."""

    region: str
    template: Template
    routes: RouteTable
    declared: dict[str, Function]
    """All functions by logical id, also those without a route."""
    names: dict[str, str]
    """What tables and buckets are called, by logical id."""
    functions: Functions
    """Not loaded yet."""
    store: MetricStore


def assemble(project: Project, environment: MutableMapping[str, str]) -> Assembly:
    """Sets the environment of the functions, and creates what the template declares in the AWS that it names.

    Whoever serves functions, their document, or AWS alone begins with this, before the first client is made.

    Raises:
        UnusableAws: if the settings name an AWS that cannot be used.
        UnusableTemplate: if the template has something that cannot be served.
    """
    region = settings.region(environment)
    template = project.read_template(region)
    functions = read_functions(template, project.root)
    variables = function_environment(functions.values())
    settings.prepare_environment(environment, resource_variables(template, variables))
    add_defaults(environment, variables | dict(project.variables) | dict(project.defaults))
    names = resource_names(template, variables, environment)
    store = MetricStore()
    if not settings.uses_account(environment):
        start_stand_in(store)
        create_resources(template, names)
    loaded = Functions(functions.values(), project.shared, region, project.packages)
    return Assembly(region, template, read_routes(template, project.root), functions, names, loaded, store)


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
async def one_process_stack(project: Project, console: Console, state: Path | None = None) -> AsyncIterator[Stack]:
    """Loads the functions into this process: AWS first, then the environment, then the code.

    Args:
        project: what to serve.
        console: the terminal.
        state: the folder in which to keep what AWS holds, if it is in memory; None keeps nothing.

    Raises:
        UnusableAws: if the settings name an AWS that cannot be used.
        UnusableTemplate: if the template has something that cannot be served.
    """
    if not console.everything:
        add_defaults(os.environ, {"POWERTOOLS_LOG_LEVEL": "WARNING"})
    parts = assemble(project, os.environ)
    # From here on, what is printed is a function's; the console keeps the terminal.
    sys.stdout = FunctionOutput(console, parts.store)
    _load(parts.functions, console)

    def reload(changed: list[Path]) -> None:
        names = ", ".join(os.path.relpath(path, project.root) for path in changed)
        if project.template_file in changed:
            console.notice(f"{names} changed: restart to use the new template")
        else:
            console.notice(f"{names} changed: loading the code again")
            _load(parts.functions, console)

    async with AsyncExitStack() as ending:
        if state is not None:
            state = await ending.enter_async_context(_keeping(state, parts, console))
        wake = ending.enter_context(
            event_sources(parts.template, parts.declared, parts.names, parts.functions.invoke, console)
        )

        async def invoke(function: Function, event: dict[str, Any]) -> Any:
            try:
                return parts.functions.invoke(function, event)
            finally:
                wake()

        gateway = Gateway(read_api(parts.template), parts.routes, invoke, console, parts.declared)
        yield Stack(gateway, "in one process", describe(os.environ, state), reload)


def event_sources(
    template: Template, functions: Mapping[str, Function], names: Mapping[str, str], call: Call, console: Console
) -> AbstractContextManager[Callable[[], None]]:
    """Serves the queues that functions of the template read from; gives what says that there may be messages.

    The queues of a real account are left to the functions in it.
    """
    mappings = [] if settings.uses_account(os.environ) else read_mappings(template, functions, names)
    where = settings.region(os.environ)
    return served([QueuePoller(mapping, call, console, where) for mapping in mappings])


@asynccontextmanager
async def _keeping(folder: Path, parts: Assembly, console: Console) -> AsyncIterator[Path | None]:
    """Fills moto and CloudWatch with what a folder has, and keeps them in it; gives the folder if that is possible."""
    # moto, which an account needs not wait for.
    from local.sam.aws.holders import Messages, Objects, TableItems

    fresh = settings.begins_anew(os.environ)
    held: list[Holder] = [TableItems(parts.region), Objects(), Messages(parts.region)]
    storage, metrics = folder / STORAGE_FILE, folder / METRICS_FILE
    async with (
        kept(storage, held, console.notice, fresh=fresh) as keeps,
        kept(metrics, [parts.store], console.notice, fresh=fresh),
    ):
        yield folder if keeps else None


def describe(environment: Mapping[str, str], state: Path | None) -> str:
    """Where the data of a run is, in words.

    Args:
        environment: the environment of the functions.
        state: where what is in memory is kept, if it is.
    """
    where = settings.describe(environment)
    return f"{where}; {settings.kept_in(state)}" if where == "in memory" else where


def _load(functions: Functions, console: Console) -> None:
    failure = functions.load()
    if failure is not None:
        console.failure(f"{failure}\nRequests get 503 until this is mended.")
    # Modules live as long as the process: the collector need not look at them again and again.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
