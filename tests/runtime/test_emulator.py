"""What happens when a function fails, prints, runs too long or ends, and that what comes next works."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.emulator import ConnectionLost, Emulator, EmulatorFailed
from local.sam.runtime.environment import process_environment
from local.sam.runtime.tools import Tools
from tests.runtime.conftest import Environments

CODE = """
import os, sys, time

def lambda_handler(event, context):
    match event:
        case {"raise": text}: raise ValueError(text)
        case {"exit": code}: os._exit(code)
        case {"sleep": seconds}: time.sleep(seconds)
        case {"return": size}: return "x" * size
        case {"print": lines}:
            for number in range(lines): print(f"line {number} " + "." * 100)
        case {"both": _}:
            print("to stdout"); print("to stderr", file=sys.stderr); print('{"level": "INFO"}')
    return os.getpid()
"""

Scripted = Callable[..., BuiltFunction]


@pytest.fixture
def emulator(scripted: Scripted, environments: Environments) -> Emulator:
    return environments.start(scripted(CODE), {})


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"raise": "on purpose"}, "ValueError: on purpose"),
        ({"exit": 3}, "Runtime.ExitError: RequestId: "),
        ({"exit": 0}, "Runtime.ExitError: RequestId: "),
        ({"sleep": 30}, "Task timed out after 1.00 seconds"),
        ({"return": 7_000_000}, "Function.ResponseSizeTooLarge: "),
    ],
)
def test_a_failure_is_told_and_over_with_the_next_invocation(
    event: Any, error: str, scripted: Scripted, environments: Environments
) -> None:
    emulator = environments.start(scripted(CODE, timeout_seconds=1), {})
    first = environments.answer(emulator, {})
    failed = environments.invoke(emulator, event)
    assert failed.error is not None
    assert failed.error.startswith(error)
    again = environments.invoke(emulator, {})
    assert again.error is None
    if "raise" in event:
        assert json.loads(again.payload) == first
        assert again.printed.init_ms is None
    else:
        # In a new process, as in Lambda.
        assert json.loads(again.payload) == emulator.runtime_pid != first
        assert again.printed.init_ms is not None
        assert gone(first)


def test_a_traceback_is_printed_in_lines(emulator: Emulator, environments: Environments) -> None:
    printed = environments.invoke(emulator, {"raise": "on purpose"}).printed
    assert "[ERROR] ValueError: on purpose" in printed.lines
    assert any("in lambda_handler" in line for line in printed.lines)


def test_what_it_prints_is_caught_in_order(emulator: Emulator, environments: Environments) -> None:
    environments.invoke(emulator, {})
    printed = environments.invoke(emulator, {"both": True}).printed
    assert printed.lines == ["to stdout", "to stderr", '{"level": "INFO"}']
    assert environments.invoke(emulator, {}).printed.lines == []


def test_much_output_does_not_stop_it(emulator: Emulator, runner: asyncio.Runner) -> None:
    """Three megabytes in one invocation, of which a pipe holds one at the most."""

    async def invoke() -> list[str]:
        invoking = asyncio.ensure_future(emulator.invoke(b'{"print": 30000}'))
        while not invoking.done():
            await asyncio.sleep(0.01)
            emulator.drain()
        return (await invoking).printed.lines

    lines = runner.run(asyncio.wait_for(invoke(), 30))
    assert len(lines) == 30_000
    assert lines[-1].startswith("line 29999 ")


def test_large_answers_arrive_whole(emulator: Emulator, environments: Environments) -> None:
    assert environments.answer(emulator, {"return": 5_000_000}) == "x" * 5_000_000


def test_figures_of_the_report(emulator: Emulator, environments: Environments) -> None:
    first = environments.invoke(emulator, {"sleep": 0.2})
    assert first.printed.init_ms is not None
    assert first.printed.duration_ms is not None
    assert 200 <= first.printed.duration_ms < 1000
    report = dict(part.split(": ") for part in first.report(emulator.function, emulator.memory_used_mb()).split("\t"))
    assert report["REPORT RequestId"] == first.printed.request_id
    assert report["Memory Size"] == "128 MB"
    assert 5 < int(report["Max Memory Used"].removesuffix(" MB")) < 128
    assert float(report["Init Duration"].removesuffix(" ms")) == pytest.approx(first.printed.init_ms, abs=0.01)
    billed = int(report["Billed Duration"].removesuffix(" ms"))
    assert billed - 1 <= first.printed.init_ms + first.printed.duration_ms <= billed


def test_stopping_ends_both_processes(emulator: Emulator, environments: Environments) -> None:
    runtime = environments.answer(emulator, {})
    assert runtime == emulator.runtime_pid
    emulator.stop()
    assert emulator.process.poll() is not None
    assert gone(runtime)


def test_a_killed_emulator_is_noticed_and_leaves_nothing(
    emulator: Emulator, environments: Environments, runner: asyncio.Runner
) -> None:
    runtime = environments.answer(emulator, {})

    async def kill_while_it_runs() -> None:
        invoking = asyncio.ensure_future(emulator.invoke(b'{"sleep": 2}'))
        await asyncio.sleep(0.2)
        os.kill(emulator.process.pid, signal.SIGKILL)
        await invoking

    with pytest.raises(ConnectionLost):
        runner.run(kill_while_it_runs())
    emulator.stop()
    assert gone(runtime)


def test_an_emulator_that_does_not_start(
    scripted: Scripted, found_tools: Tools, runner: asyncio.Runner, tmp_path: Path
) -> None:
    function = scripted(CODE)
    broken = tmp_path / "emulator"
    broken.write_text("#!/bin/sh\necho it is broken\nexit 1\n")
    broken.chmod(0o755)
    environment = process_environment(function, {}, "eu-central-1")
    with pytest.raises(EmulatorFailed, match="it is broken"):
        runner.run(Emulator.start(replace(found_tools, emulator=broken), function, environment))
