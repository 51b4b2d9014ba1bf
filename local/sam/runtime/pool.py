"""Lambda's scheduling of one function: processes started on demand, each with one request at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from local.sam.runtime.emulator import Emulator, EmulatorFailed, Invocation, stop_all

WAIT_SECONDS: Final = 10
"""How long a request waits for a process. Lambda itself waits for none, but has a thousand of them, not two."""

Start = Callable[[int], Awaitable[Emulator]]
"""Starts one more process; its number tells how many there are then."""


class Throttled(RuntimeError):
    """All processes stayed busy: Lambda's 429 TooManyRequestsException."""


class Pool:
    """The processes of one function."""

    def __init__(self, start: Start, most: int, wait_seconds: float = WAIT_SECONDS) -> None:
        """There will be ``most`` processes at the most."""
        self._start = start
        self._most = most
        self._wait_seconds = wait_seconds
        self._all: list[Emulator] = []
        self._starting: set[asyncio.Task[None]] = set()
        # The one used last goes first: so that as few as needed stay warm, as in Lambda.
        self._idle: list[Emulator] = []
        self._waiting: deque[asyncio.Future[Emulator]] = deque()

    @property
    def processes(self) -> tuple[Emulator, ...]:
        """All that were started, in their order."""
        return tuple(self._all)

    async def invoke(self, payload: bytes) -> tuple[Emulator, Invocation]:
        """Invokes the function in a process that is free, or in one started for it.

        Raises:
            Throttled: if none is free in time.
            ConnectionLost: if the process ended before it answered.
            EmulatorFailed: if it cannot be started.
        """
        emulator = self._idle_one() or await self._next_free()
        try:
            invocation = await emulator.invoke(payload)
        except BaseException:
            # It ended; or whoever asked is gone while it still runs, and its answer must not become the next one's.
            self._all.remove(emulator)
            emulator.stop()
            self._start_if_needed()
            raise
        self._free(emulator)
        return emulator, invocation

    def drain(self) -> None:
        """Keeps functions that print much from waiting; to be called now and then."""
        for emulator in self._all:
            emulator.drain()

    async def stop(self) -> None:
        """Ends all processes."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        stop_all(self._all)
        self._all.clear()
        self._idle.clear()

    def _idle_one(self) -> Emulator | None:
        while self._idle:
            emulator = self._idle.pop()
            if emulator.connection.is_open:
                return emulator
            # It was ended while it had nothing to do.
            self._all.remove(emulator)
            emulator.stop()
        return None

    async def _next_free(self) -> Emulator:
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Emulator] = loop.create_future()
        self._waiting.append(place)
        self._start_if_needed()
        too_late = loop.call_later(self._wait_seconds, _give_up, place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._free(place.result())
            raise
        finally:
            too_late.cancel()

    def _start_if_needed(self) -> None:
        number = len(self._all) + len(self._starting) + 1
        if number > self._most:
            return
        if len(self._starting) < sum(not place.done() for place in self._waiting):
            task = asyncio.ensure_future(self._start_one(number))
            self._starting.add(task)

    async def _start_one(self, number: int) -> None:
        try:
            emulator = await self._start(number)
        except (EmulatorFailed, OSError) as error:
            self._no_longer_starting()
            if (place := self._next_waiting()) is not None:
                place.set_exception(error)
            # The next one who waits has another try.
            self._start_if_needed()
        else:
            self._no_longer_starting()
            self._all.append(emulator)
            self._free(emulator)

    def _no_longer_starting(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._starting.discard(task)

    def _free(self, emulator: Emulator) -> None:
        if (place := self._next_waiting()) is not None:
            place.set_result(emulator)
        else:
            self._idle.append(emulator)

    def _next_waiting(self) -> asyncio.Future[Emulator] | None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                return place
        return None


def _give_up(place: asyncio.Future[Emulator]) -> None:
    if not place.done():
        place.set_exception(Throttled("429 TooManyRequestsException: all processes are busy"))
