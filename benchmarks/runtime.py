"""The built functions under Lambda's own runtime: what a start takes, and what a prediction costs in CPU.

Linux with the AWS SAM CLI only, as ``make run RUNTIME=lambda``; elsewhere the rows say so.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Rows
from benchmarks.handlers import PREDICTION, daily_series, event
from local.project import PROJECT
from local.sam.aws.resources import create_resources, resource_names, resource_variables
from local.sam.aws.settings import DEFAULT_REGION, UnusableAws, prepare_environment
from local.sam.runtime import artifacts, storage, tools
from local.sam.runtime.artifacts import BuildFailed, BuiltFunction
from local.sam.runtime.emulator import Emulator
from local.sam.runtime.environment import process_environment
from local.sam.runtime.tools import NoRuntime, Tools

_REGION: Final = DEFAULT_REGION
_STARTS: Final = 15
_ROUNDS: Final = 5
_PREDICTIONS: Final = 500
_NO_ROUTE: Final[dict[str, Any]] = {"httpMethod": "GET", "path": "/", "resource": "/", "requestContext": {}}
_NO_CREDENTIALS: Final = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "none")

# What predict cannot be cheaper than: the same answer without work, and with no work but the read.
_ANSWER: Final = """
ANSWER = {"statusCode": 200, "body": "x" * 300, "isBase64Encoded": False}
def lambda_handler(event, context):
    return ANSWER
"""
_ONLY_BOTO3: Final = f"""
import boto3
client = boto3.client("dynamodb")
{_ANSWER}
"""
# All that predict imports but Tidewatch itself.
_LIBRARIES: Final = f"""
import botocore.config, botocore.session, numpy, orjson, pydantic
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
APIGatewayRestResolver(enable_validation=True)
{_ANSWER}
"""
_GET_ITEM: Final = f"""
import os
import boto3
from botocore.config import Config
{_ANSWER}
retries = {{"mode": "standard", "total_max_attempts": 3}}
config = Config(connect_timeout=1, read_timeout=1.5, retries=retries, tcp_keepalive=True)
client = boto3.client("dynamodb", config=config)
KEY = {{"pk": {{"S": "TENANT#default#SERIES#bench"}}, "sk": {{"S": "HEAD"}}}}
def lambda_handler(event, context):
    client.get_item(TableName=os.environ["TABLE_NAME"], Key=KEY, ConsistentRead=True)["Item"]
    return ANSWER
"""


class Runtime:
    """Starts functions of one build, in execution environments that end with it."""

    def __init__(self, found: Tools, folder: Path, scripts: Path, runner: asyncio.Runner, stack: ExitStack) -> None:
        self.folder = folder
        self.functions = artifacts.read_build(PROJECT, folder, _REGION)
        self._tools = found
        self._scripts = scripts
        self._runner = runner
        self._stack = stack

    def script(self, name: str, code: str) -> BuiltFunction:
        """A function of a few lines, over predict's layers and settings."""
        folder = self._scripts / name
        folder.mkdir()
        (folder / "handler.py").write_text(code, encoding="utf-8")
        return replace(self.functions["PredictFunction"], logical_id=name, folder=folder)

    def start(self, function: BuiltFunction, variables: Mapping[str, str]) -> Emulator:
        """An execution environment; the function itself starts with its first event."""
        environment = process_environment(function, variables, _REGION)
        emulator = self._runner.run(Emulator.start(self._tools, function, environment))
        self._stack.callback(emulator.stop)
        return emulator

    def invoke(self, emulator: Emulator, request: Mapping[str, Any]) -> float | None:
        """Invokes a function.

        Returns:
            Milliseconds that it took to start, if it did.

        Raises:
            RuntimeError: if it failed.
        """
        invocation = self._runner.run(emulator.invoke(json.dumps(request).encode()))
        if invocation.error is not None:
            raise RuntimeError(f"{emulator.function.logical_id}: {invocation.error}")
        return invocation.printed.init_ms


def inits() -> Rows:
    """Rows: the init duration of functions, of predict's libraries, and of boto3 with one DynamoDB client."""
    yield from _with_runtime(_inits)


def cpu() -> Rows:
    """Rows: CPU seconds per 1,000 predictions with the read and without, beside those of what predict stands on."""
    yield from _with_runtime(_cpu)


def _with_runtime(rows: Callable[[Runtime], Rows]) -> Rows:
    try:
        with _runtime() as runtime:
            yield from rows(runtime)
    except (NoRuntime, BuildFailed, UnusableAws) as error:
        yield "not measured", str(error)


@contextmanager
def _runtime() -> Iterator[Runtime]:
    found = tools.find(PROJECT)
    folder = artifacts.up_to_date_build(found)
    with tempfile.TemporaryDirectory() as scripts, asyncio.Runner() as runner, ExitStack() as stack:
        yield Runtime(found, folder, Path(scripts), runner, stack)


def _inits(runtime: Runtime) -> Rows:
    functions = {
        "boto3 and one DynamoDB client": runtime.script("boto3", _ONLY_BOTO3),
        "the libraries of predict alone": runtime.script("libraries", _LIBRARIES),
        "predict": runtime.functions["PredictFunction"],
        "fit": runtime.functions["FitFunction"],
        "plot": runtime.functions["PlotFunction"],
    }
    seen: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(1 + _STARTS):
        for name, function in functions.items():
            emulator = runtime.start(function, _NO_CREDENTIALS)
            took = runtime.invoke(emulator, _NO_ROUTE)
            emulator.stop()
            # The first one reads the files from the disk.
            if turn and took is not None:
                seen[name].append(took)
    medians = {name: statistics.median(times) for name, times in seen.items()}
    alone = medians["boto3 and one DynamoDB client"]
    for name, median in medians.items():
        yield name, f"{median:8.0f} ms   {median / alone:.2f} times boto3 and a client"


def _cpu(runtime: Runtime) -> Rows:
    environment = dict(os.environ) | {"LOCAL_AWS": "memory"}
    variables = runtime.functions["PredictFunction"].variables
    template = PROJECT.read_template(_REGION, runtime.folder / "template.yaml")
    prepare_environment(environment, resource_variables(template, variables))
    with storage.running_storage(PROJECT, environment), _environment(environment):
        create_resources(template, resource_names(template, variables, variables))
        access = storage.function_access(environment, environment["AWS_ENDPOINT_URL_S3"])
        fit = runtime.start(runtime.functions["FitFunction"], access)
        runtime.invoke(fit, event("/fit/bench", "/fit/{series_id}", body=daily_series(500)))
        predict = runtime.functions["PredictFunction"]
        emulators = {
            "an empty handler": runtime.start(runtime.script("empty", _ANSWER), access),
            "boto3's GetItem alone": runtime.start(runtime.script("get-item", _GET_ITEM), access),
            "predict, a consistent read each": runtime.start(predict, access),
            "predict, HEAD_CACHE_SECONDS=1": runtime.start(predict, access | {"HEAD_CACHE_SECONDS": "1"}),
        }
        seen: dict[str, list[float]] = {name: [] for name in emulators}
        for turn in range(1 + _ROUNDS):
            for name, emulator in emulators.items():
                spent = _cpu_of(runtime, emulator)
                if turn:
                    seen[name].append(spent)
        for name, seconds in seen.items():
            yield name, f"{statistics.median(seconds):8.2f} s   from {min(seconds):.2f} to {max(seconds):.2f}"


def _cpu_of(runtime: Runtime, emulator: Emulator) -> float:
    """CPU seconds per 1,000 predictions."""
    runtime.invoke(emulator, PREDICTION)
    before = _cpu_seconds(emulator)
    for _ in range(_PREDICTIONS):
        runtime.invoke(emulator, PREDICTION)
    return (_cpu_seconds(emulator) - before) / _PREDICTIONS * 1000


def _cpu_seconds(emulator: Emulator) -> float:
    """User and system time of a function's own process so far."""
    fields = Path(f"/proc/{emulator.runtime_pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment of this process while clients of its own are built."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
