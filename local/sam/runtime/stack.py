"""The API over functions that run as they do in Lambda.

Settings, beside those of ``local.sam.run``: PROCESSES (how many of each function, 1 unless told otherwise),
DYNAMODB_LOCAL (see ``local.sam.runtime.storage``), SAM and RUNTIME_PYTHON (see ``local.sam.runtime.tools``).
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from local.sam import processes
from local.sam.aws import server, settings
from local.sam.aws.cloudwatch import MetricStore
from local.sam.aws.resources import create_resources, resource_names, resource_variables, start_stand_in
from local.sam.aws.state import METRICS_FILE, kept
from local.sam.console import Console, FunctionOutput
from local.sam.project import Project
from local.sam.routes import Function, read_api, read_functions, read_routes
from local.sam.runtime import artifacts, storage, tools
from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.functions import RuntimeFunctions
from local.sam.server import Gateway
from local.sam.stack import Stack, event_sources

_MOST_PROCESSES: Final = 64


class UnusableProcesses(ValueError):
    """PROCESSES is no number of processes; the message says so."""


def processes_wanted(setting: str) -> int:
    """What the setting PROCESSES means.

    Raises:
        UnusableProcesses: if it is no number from 1 to 64.
    """
    if not setting:
        return 1
    if not (setting.isascii() and setting.isdigit() and 1 <= int(setting) <= _MOST_PROCESSES):
        raise UnusableProcesses(f"PROCESSES={setting} is not a number from 1 to {_MOST_PROCESSES}")
    return int(setting)


@asynccontextmanager
async def runtime_stack(project: Project, console: Console, state: Path | None = None) -> AsyncIterator[Stack]:
    """Builds what is not built, starts what stands in for AWS, and ends all of it afterwards.

    Args:
        project: what to serve.
        console: the terminal.
        state: the folder in which to keep what the stand-ins hold; None keeps nothing.

    Raises:
        NoRuntime, BuildFailed, UnusableAws, UnusableTemplate, UnusableProcesses: if it cannot start.
    """
    most = processes_wanted(os.environ.get("PROCESSES", ""))
    found = tools.find(project)
    region = settings.region(os.environ)
    source = project.read_template(region)
    variables = dict(
        pair for function in read_functions(source, project.root).values() for pair in function.environment.items()
    )
    settings.prepare_environment(os.environ, resource_variables(source, variables))
    console.notice(f"Building for Python {tools.PYTHON} on {found.architecture}, if the sources changed ...")
    folder = artifacts.up_to_date_build(found)
    built = artifacts.read_build(project, folder, region)
    template = project.read_template(region, folder / "template.yaml")
    store = MetricStore()
    async with AsyncExitStack() as ending:
        data = ending.enter_context(storage.running_storage(project, os.environ, state))
        listener = ending.enter_context(processes.listening_socket())
        names = resource_names(template, variables, os.environ)
        if not settings.uses_account(os.environ):
            start_stand_in(store)
            create_resources(template, names)
        if state is not None:
            fresh = settings.begins_anew(os.environ)
            await ending.enter_async_context(kept(state / METRICS_FILE, [store], console.notice, fresh=fresh))
        cloudwatch = await server.start(listener)
        cloudwatch_url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def environment(function: BuiltFunction) -> dict[str, str]:
            return _callers_variables(function, project.defaults) | storage.function_access(os.environ, cloudwatch_url)

        # Known now, not when the first function starts.
        storage.function_access(os.environ, cloudwatch_url)
        output = FunctionOutput(console, store)
        functions = RuntimeFunctions(found, built, environment, region, most, console, output)

        def reload(changed: list[Path]) -> None:
            names = ", ".join(os.path.relpath(path, project.root) for path in changed)
            console.notice(f"{names} changed: restart to build it again")

        # Modules live as long as the process: the collector need not look at them again and again.
        gc.freeze()
        try:
            declared = read_functions(template, folder)
            loop = asyncio.get_running_loop()

            def call(function: Function, event: dict[str, Any]) -> Any:
                return asyncio.run_coroutine_threadsafe(functions.invoke(function, event), loop).result()

            wake = ending.enter_context(event_sources(template, declared, names, call, console))

            async def invoke(function: Function, event: dict[str, Any]) -> Any:
                try:
                    return await functions.invoke(function, event)
                finally:
                    wake()

            gateway = Gateway(read_api(template), read_routes(template, folder), invoke, console, declared)
            yield Stack(gateway, _in_words(most), data, reload)
        finally:
            await functions.stop()
            cloudwatch.close()


def _callers_variables(function: BuiltFunction, defaults: Mapping[str, str]) -> dict[str, str]:
    """What the caller's environment says instead of the template, or else the project for this machine."""
    said = {name: os.environ[name] for name in function.variables if os.environ.get(name)}
    return {name: value for name, value in defaults.items() if name in function.variables} | said


def _in_words(processes: int) -> str:
    many = "one process" if processes == 1 else f"up to {processes} processes"
    return f"under AWS's Runtime Interface Emulator, each in {many} of Python {tools.PYTHON}"
