"""The built functions, under AWS's Runtime Interface Emulator, over a storage of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.project import PROJECT
from local.sam.runtime import artifacts, tools
from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.emulator import Emulator, Invocation, stop_all
from local.sam.runtime.environment import process_environment
from local.sam.runtime.storage import function_access, running_storage
from local.sam.runtime.tools import NoRuntime, Tools
from tests.support.environment import ENVIRONMENT, REGION
from tests.support.tables import create_tables

OWN_VARIABLES = (
    "STAGE",
    "TABLE_NAME",
    "IDEMPOTENCY_TABLE_NAME",
    "TENANTS_TABLE_NAME",
    "JOBS_TABLE_NAME",
    "OBSERVATIONS_TABLE_NAME",
    "STREAMS_TABLE_NAME",
    "JOBS_QUEUE_URL",
    "DATA_BUCKET",
    "AUDIT_BUCKET",
)


@pytest.fixture(scope="session")
def found_tools() -> Tools:
    try:
        return tools.find(PROJECT)
    except NoRuntime as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def build(found_tools: Tools) -> Path:
    """Functions and layers for this machine; of several workers the first one builds, the others wait."""
    return artifacts.up_to_date_build(found_tools)


@pytest.fixture(scope="session")
def built(build: Path) -> dict[str, BuiltFunction]:
    return artifacts.read_build(PROJECT, build, REGION)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def access() -> Iterator[dict[str, str]]:
    """The variables by which functions reach a storage with nothing in it: DynamoDB Local if it is there, else moto."""
    environment = dict(ENVIRONMENT)
    with running_storage(PROJECT, environment):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS"):
                patch.setenv(name, environment[name])
            create_tables()
        # Its CloudWatch hears of no metrics.
        yield function_access(environment, environment["AWS_ENDPOINT_URL_S3"])


class Environments:
    """Starts execution environments, and answers for them as Lambda does."""

    def __init__(self, found_tools: Tools, runner: asyncio.Runner) -> None:
        self._tools = found_tools
        self._runner = runner
        self._started: list[Emulator] = []

    def start(self, function: BuiltFunction, variables: Mapping[str, str]) -> Emulator:
        environment = process_environment(function, variables, REGION)
        emulator = self._runner.run(Emulator.start(self._tools, function, environment))
        self._started.append(emulator)
        return emulator

    def invoke(self, emulator: Emulator, event: Any) -> Invocation:
        return self._runner.run(emulator.invoke(json.dumps(event).encode()))

    def answer(self, emulator: Emulator, event: Any) -> Any:
        """What the function returned; it must not have failed."""
        invocation = self.invoke(emulator, event)
        assert invocation.error is None, f"{invocation.error}\n{invocation.printed}"
        return json.loads(invocation.payload)

    def close(self) -> None:
        stop_all(self._started)


@pytest.fixture(scope="module")
def environments(found_tools: Tools, runner: asyncio.Runner) -> Iterator[Environments]:
    with closing(Environments(found_tools, runner)) as environments:
        yield environments


Start = Callable[[str], Emulator]


@pytest.fixture(scope="module")
def start(environments: Environments, built: dict[str, BuiltFunction], access: dict[str, str]) -> Start:
    """Starts a built function by its logical id, over the storage."""
    # moto serves no usage plans here.
    variables = {name: ENVIRONMENT[name] for name in OWN_VARIABLES} | {"USAGE_PLANS": ""} | access

    def start_function(logical_id: str) -> Emulator:
        return environments.start(built[logical_id], variables)

    return start_function


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., BuiltFunction]:
    """Makes a function of a few lines, without layers, that starts in no time."""

    def make(code: str, **changes: Any) -> BuiltFunction:
        folder = tmp_path / "ScriptedFunction"
        folder.mkdir(exist_ok=True)
        (folder / "handler.py").write_text(code, encoding="utf-8")
        function = BuiltFunction("ScriptedFunction", "scripted", folder, (), "handler.lambda_handler", {}, 3, 128)
        return replace(function, **changes)

    return make
