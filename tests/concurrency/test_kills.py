"""A process that publishes is killed at any moment: what it was told is kept, and nothing is left half done."""

from __future__ import annotations

import random
import time
from multiprocessing.context import ForkServerContext

from tests.concurrency.processes import SERIES, Place, look, publish_until_killed, read_until
from tests.support.samples import key
from tests.support.stored import stored

KILLS = 20
FITS_EACH = 1000
LONGEST_SECONDS = 0.05


def publish_and_kill(
    place: Place, processes: ForkServerContext, first: int, seconds: float
) -> tuple[dict[int, int], int | None]:
    """The version numbers that a process was told before its end, by fit, and the fit that it was at."""
    told, there = processes.Pipe(duplex=False)
    process = processes.Process(target=publish_until_killed, args=(place, first, there))
    process.start()
    there.close()
    acknowledged: dict[int, int] = {}
    begun = first
    try:
        while not acknowledged:
            begun = hear(told.recv(), acknowledged)
        time.sleep(seconds)
    finally:
        process.kill()
        process.join()
    while True:
        try:
            begun = hear(told.recv(), acknowledged)
        except EOFError:
            return acknowledged, None if begun in acknowledged else begun


def hear(message: tuple[int, int | None], acknowledged: dict[int, int]) -> int:
    fit, number = message
    if number is not None:
        acknowledged[fit] = number
    return fit


def test_a_publisher_that_is_killed_leaves_whole_versions(place: Place, processes: ForkServerContext):
    start, stop = processes.Barrier(2), processes.Event()
    told, there = processes.Pipe(duplex=False)
    reader = processes.Process(target=read_until, args=(place, start, stop, there))
    reader.start()
    there.close()
    acknowledged: dict[int, int] = {}
    under_way: set[int] = set()
    try:
        start.wait(60)
        for kill in range(KILLS):
            before, interrupted = publish_and_kill(
                place, processes, FITS_EACH * kill, random.uniform(0, LONGEST_SECONDS)
            )
            acknowledged |= before
            latest = max(before.values())
            look(place, [latest])
            if interrupted is not None:
                # The client does not know how far it came, and tries again.
                under_way.add(interrupted)
                retried = place.publish(interrupted)
                assert latest < retried.number <= latest + 2
                assert place.versions.head(key(SERIES)).latest == retried.number
                acknowledged[interrupted] = retried.number
    finally:
        stop.set()
        reader.join()
    seen = told.recv()
    assert isinstance(seen, list), seen

    # Else the moments were none at which something was under way.
    assert len(under_way) > KILLS / 2
    found = stored(place.names, place.clients).check()
    fits = {number: place.fit_of(place.versions.version(key(SERIES), number)) for number in found.versions[SERIES]}
    for fit, number in acknowledged.items():
        assert fits.pop(number) == fit
    # What was published and not acknowledged, each at most once.
    assert len(set(fits.values())) == len(fits)
    assert set(fits.values()) <= under_way
