"""Lambda's part: loads the handlers, calls them one at a time, and loads them again when their code changes."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from local.sam.routes import Function, UnusableTemplate

_MODULE_PREFIX = "_function_"

Handler = Callable[[dict[str, Any], "LambdaContext"], Any]


@dataclass(slots=True)
class LambdaContext:
    """The context object of one invocation, with the attributes that Lambda's Python runtime gives it."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    timeout_seconds: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    log_group_name: str = "/aws/lambda/local"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation."""
        return max(0, int((self.started + self.timeout_seconds - time.monotonic()) * 1000))


class NotLoaded(Exception):
    """The code cannot be imported; the message is the last line of its traceback."""


class FunctionFailed(Exception):
    """Lambda has no answer from the function; the message says why."""


class Functions:
    """The handlers of the template's functions, in this process.

    Powertools keeps the event of the current request and its metrics in class attributes, which is right in Lambda,
    where an instance has one request at a time. So invocations must not overlap here either; see ``local.sam.server``.
    """

    def __init__(self, functions: Iterable[Function], shared: Path, region: str, packages: Iterable[str] = ()) -> None:
        """Takes what the handlers need.

        Args:
            functions: the functions; one that comes twice is loaded once.
            shared: the folder of the code that they share.
            region: the region that they believe to be in.
            packages: the packages in that folder, which are imported again with the handlers.
        """
        self._functions = tuple({function.logical_id: function for function in functions}.values())
        self._shared = shared
        self._packages = tuple(packages)
        self._region = region
        self._handlers: dict[str, Handler] = {}
        self._failure: str | None = None

    def load(self) -> str | None:
        """Imports all handlers, and the code that they share, afresh.

        Returns:
            The traceback if the code cannot be imported; invocations then raise ``NotLoaded`` until it can.
        """
        self._handlers = {}
        self._failure = None
        _forget_modules(self._packages)
        importlib.invalidate_caches()
        if str(self._shared) not in sys.path:
            sys.path.insert(0, str(self._shared))
        try:
            self._handlers = {function.logical_id: _import_handler(function) for function in self._functions}
        except Exception as error:  # noqa: BLE001 - whatever an edit broke
            self._failure = traceback.format_exception_only(error)[-1].strip()
            return traceback.format_exc()
        return None

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        """Calls a handler. Whatever it raises passes through.

        Raises:
            NotLoaded: if the code could not be imported.
        """
        if self._failure is not None:
            raise NotLoaded(self._failure)
        context = LambdaContext(
            function_name=function.name,
            memory_limit_in_mb=function.memory_mb,
            invoked_function_arn=f"arn:aws:lambda:{self._region}:123456789012:function:{function.name}",
            timeout_seconds=function.timeout_seconds,
        )
        return self._handlers[function.logical_id](event, context)


def function_environment(functions: Iterable[Function]) -> dict[str, str]:
    """The environment variables of all functions together.

    Raises:
        UnusableTemplate: if two functions want different values of one variable, which one process cannot give them.
    """
    merged: dict[str, str] = {}
    for function in functions:
        for name, value in function.environment.items():
            if merged.setdefault(name, value) != value:
                raise UnusableTemplate(f"{name} differs between functions: {merged[name]!r} and {value!r}")
    return merged


def _forget_modules(packages: tuple[str, ...]) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in packages or name.startswith(_MODULE_PREFIX):
            del sys.modules[name]


def _import_handler(function: Function) -> Handler:
    # Every function calls its module "handler", so each gets a name of its own.
    name = f"{_MODULE_PREFIX}{function.logical_id}"
    spec = importlib.util.spec_from_file_location(name, function.module)
    if spec is None or spec.loader is None:
        raise UnusableTemplate(f"{function.logical_id}: {os.fspath(function.module)} is not a Python file")
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    handler: Handler = getattr(module, function.entry_point)
    return handler
