"""``make run RUNTIME=lambda``: the API over functions that run as they do in Lambda.

Settings, beside those of ``local.run``: PROCESSES (how many of each function, 1 unless told otherwise), DYNAMODB_LOCAL
(see ``local.runtime.storage``), SAM and RUNTIME_PYTHON (see ``local.runtime.tools``).
"""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from local import aws, aws_server, children
from local.cloudwatch import MetricStore
from local.console import Console, FunctionOutput
from local.routes import read_api, read_routes
from local.runtime import artifacts, storage, tools
from local.runtime.artifacts import BuiltFunction
from local.runtime.functions import RuntimeFunctions
from local.server import Gateway
from local.stack import Stack
from local.template import Template, load_template

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
async def runtime_stack(console: Console) -> AsyncIterator[Stack]:
    """Builds what is not built, starts what stands in for AWS, and ends all of it afterwards.

    Raises:
        NoRuntime, BuildFailed, UnusableAws, UnusableTemplate, UnusableProcesses: if it cannot start.
    """
    processes = processes_wanted(os.environ.get("PROCESSES", ""))
    found = tools.find()
    aws.prepare_environment(os.environ)
    region = aws.region(os.environ)
    console.notice(f"Looking after the build for Python {tools.PYTHON} on {found.architecture} ...")
    folder = artifacts.up_to_date_build(found)
    built = artifacts.read_build(folder, region)
    template = Template(load_template(folder / "template.yaml"), region)
    store = MetricStore()
    with storage.running_storage(os.environ) as data, children.listening_socket() as listener:
        if not aws.uses_account(os.environ):
            aws.start_stand_in(store)
            aws.create_resources(template, _resource_names(template, built))
        cloudwatch = await aws_server.start(listener)
        cloudwatch_url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def environment(function: BuiltFunction) -> dict[str, str]:
            return _callers_variables(function) | storage.function_access(os.environ, cloudwatch_url)

        # Known now, not when the first function starts.
        storage.function_access(os.environ, cloudwatch_url)
        output = FunctionOutput(console, store)
        functions = RuntimeFunctions(found, built, environment, region, processes, console, output)

        def reload(changed: list[Path]) -> None:
            names = ", ".join(os.path.relpath(path, tools.ROOT) for path in changed)
            console.notice(f"{names} changed: restart to build it anew")

        # Modules live as long as the process: the collector need not look at them again and again.
        gc.freeze()
        try:
            gateway = Gateway(read_api(template), read_routes(template, folder), functions.invoke, console)
            yield Stack(gateway, _in_words(processes), data, reload)
        finally:
            await functions.stop()
            cloudwatch.close()


def _resource_names(template: Template, built: Mapping[str, BuiltFunction]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for function in built.values():
        wanted |= function.variables
    given = wanted | {name: value for name, value in os.environ.items() if value}
    return aws.resource_names(template, wanted, given)


def _callers_variables(function: BuiltFunction) -> dict[str, str]:
    """What the caller's environment says instead of the template."""
    return {name: os.environ[name] for name in function.variables if os.environ.get(name)}


def _in_words(processes: int) -> str:
    many = "one process" if processes == 1 else f"up to {processes} processes"
    return f"under AWS's Runtime Interface Emulator, each in {many} of Python {tools.PYTHON}"
