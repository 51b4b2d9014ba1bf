"""The functions of the template, each in processes of its own: what ``local.sam.functions`` is for one process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.sam.console import Console, FunctionOutput
from local.sam.functions import FunctionFailed
from local.sam.routes import Function
from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.emulator import ConnectionLost, Emulator, EmulatorFailed, Invocation
from local.sam.runtime.environment import process_environment
from local.sam.runtime.pool import Pool, Throttled
from local.sam.runtime.tools import Tools

_DRAINED_EVERY_SECONDS: Final = 0.1


class RuntimeFunctions:
    """Starts processes on demand, and shows what they print as CloudWatch Logs would have it."""

    def __init__(
        self,
        tools: Tools,
        built: Mapping[str, BuiltFunction],
        environment: Callable[[BuiltFunction], Mapping[str, str]],
        region: str,
        processes: int,
        console: Console,
        output: FunctionOutput,
    ) -> None:
        """Takes what the functions need.

        Args:
            tools: the emulator, and the Python that runs below it.
            built: the functions.
            environment: the variables of a function; asked at each start, since credentials run out.
            region: the region that they believe to be in.
            processes: how many there may be of each function.
            console: where starts and reports are written.
            output: where what they print goes.
        """
        self._tools = tools
        self._environment = environment
        self._region = region
        self._processes = processes
        self._console = console
        self._output = output
        self._pools = {name: self._pool(function) for name, function in built.items()}
        self._draining: asyncio.Task[None] | None = None

    def _pool(self, function: BuiltFunction) -> Pool:
        async def start(number: int) -> Emulator:
            self._console.notice(f"{function.logical_id} starts process {number} of {self._processes}")
            environment = process_environment(function, self._environment(function), self._region)
            return await Emulator.start(self._tools, function, environment)

        return Pool(start, self._processes)

    async def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        """Invokes a function and returns its answer.

        Raises:
            FunctionFailed: if Lambda has none.
        """
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())
        try:
            emulator, invocation = await self._pools[function.logical_id].invoke(json.dumps(event).encode())
        except (Throttled, EmulatorFailed, ConnectionLost, OSError) as error:
            raise FunctionFailed(str(error)) from None
        self._show(emulator, invocation)
        if invocation.error is not None:
            raise FunctionFailed(invocation.error)
        return json.loads(invocation.payload)

    async def stop(self) -> None:
        """Ends all processes."""
        if self._draining is not None:
            self._draining.cancel()
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))

    def _show(self, emulator: Emulator, invocation: Invocation) -> None:
        printed = invocation.printed
        everything = self._console.everything
        if everything:
            self._console.line(f"START RequestId: {printed.request_id} Version: $LATEST")
        for line in printed.lines:
            self._output.write(line + "\n")
        if everything:
            self._console.line(f"END RequestId: {printed.request_id}")
        if everything or printed.init_ms is not None or invocation.error is not None:
            report = invocation.report(emulator.function, emulator.memory_used_mb())
            self._console.notice(f"{emulator.function.logical_id}  {report}")

    async def _drain(self) -> None:
        while True:
            await asyncio.sleep(_DRAINED_EVERY_SECONDS)
            for pool in self._pools.values():
                pool.drain()
