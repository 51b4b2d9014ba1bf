"""Processes of one function: on demand, one request at a time each, and no more of them than allowed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.emulator import ConnectionLost, Emulator, EmulatorFailed
from local.sam.runtime.environment import process_environment
from local.sam.runtime.pool import Pool, Throttled
from local.sam.runtime.tools import Tools

CODE = """
import os, time
running = 0

def lambda_handler(event, context):
    global running
    running += 1
    time.sleep(event["sleep"])
    running -= 1
    return [os.getpid(), running, event["number"]]
"""


@pytest.fixture
def run(found_tools: Tools, scripted: Callable[..., BuiltFunction], runner: asyncio.Runner) -> Callable[..., Any]:
    """Runs a coroutine with a pool, and stops the pool."""
    function = scripted(CODE)
    environment = process_environment(function, {}, "eu-central-1")

    def run_with_pool(act: Callable[[Pool], Any], most: int, wait_seconds: float = 20) -> Any:
        async def start(_: int) -> Emulator:
            return await Emulator.start(found_tools, function, environment)

        async def whole() -> Any:
            pool = Pool(start, most, wait_seconds)
            try:
                return await act(pool)
            finally:
                processes = pool.processes
                await pool.stop()
                assert all(each.process.poll() is not None for each in processes)

        return runner.run(whole())

    return run_with_pool


async def call(pool: Pool, number: int = 0, sleep: float = 0.0) -> Any:
    _, invocation = await pool.invoke(json.dumps({"number": number, "sleep": sleep}).encode())
    assert invocation.error is None
    return json.loads(invocation.payload)


def test_one_process_serves_what_comes_one_by_one(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        answers = [await call(pool, number) for number in range(5)]
        assert len({pid for pid, _, _ in answers}) == 1
        assert len(pool.processes) == 1

    run(act, most=4)


def test_as_many_processes_as_requests_at_once_up_to_the_limit(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        assert len(pool.processes) == 0
        answers = await asyncio.gather(*(call(pool, number, 0.1) for number in range(9)))
        assert [number for _, _, number in answers] == list(range(9)), "each gets its own answer"
        assert len({pid for pid, _, _ in answers}) == len(pool.processes) == 3
        assert {running for _, running, _ in answers} == {0}, "two ran in one process at once"
        # One after the other again: the process that was used last is used again.
        assert len({(await call(pool))[0] for _ in range(5)}) == 1

    run(act, most=3)


def test_who_waits_too_long_is_throttled(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        await call(pool)
        long = asyncio.ensure_future(call(pool, 1, 1.0))
        await asyncio.sleep(0.05)
        with pytest.raises(Throttled, match="429 TooManyRequestsException"):
            await call(pool, 2)
        assert (await long)[2] == 1
        assert (await call(pool, 3))[2] == 3

    run(act, most=1, wait_seconds=0.3)


def test_a_killed_process_is_replaced(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        pid, _, _ = await call(pool)
        hit, waits = (asyncio.ensure_future(call(pool, number, 0.5)) for number in range(2))
        await asyncio.sleep(0.1)
        os.kill(pool.processes[0].process.pid, signal.SIGKILL)
        with pytest.raises(ConnectionLost):
            await hit
        assert (await waits)[0] != pid
        assert len(pool.processes) == 1

    run(act, most=1)


def test_a_process_that_ended_while_idle_is_not_missed(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        pid, _, _ = await call(pool)
        os.kill(pool.processes[0].process.pid, signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert (await call(pool))[0] != pid

    run(act, most=1)


def test_an_answer_that_nobody_waits_for_is_not_given_to_the_next(run: Callable[..., Any]) -> None:
    async def act(pool: Pool) -> None:
        await call(pool)
        impatient = asyncio.ensure_future(call(pool, 1, 0.3))
        waits = asyncio.ensure_future(call(pool, 2))
        also_impatient = asyncio.ensure_future(call(pool, 3))
        await asyncio.sleep(0.1)
        also_impatient.cancel()
        impatient.cancel()
        assert (await waits)[2] == 2
        assert [(await call(pool, number))[2] for number in range(3)] == [0, 1, 2]

    run(act, most=1)


def test_a_process_that_cannot_be_started_fails_all_who_wait(runner: asyncio.Runner) -> None:
    async def start(_: int) -> Emulator:
        await asyncio.sleep(0.01)
        raise EmulatorFailed("it does not listen")

    async def act() -> None:
        pool = Pool(start, 1, wait_seconds=5)
        results = await asyncio.gather(*(pool.invoke(b"{}") for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [EmulatorFailed] * 3
        await pool.stop()

    runner.run(act())
