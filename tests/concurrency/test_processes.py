"""Sixteen processes that publish versions of one series at once, while others read."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext

from tests.concurrency.processes import SERIES, Place, publish_some, read_until
from tests.support.samples import key
from tests.support.stored import stored

FITS = 100
WRITERS = 16
READERS = 2


def test_a_hundred_fits_from_sixteen_processes(place: Place, processes: ForkServerContext):
    start, stop = processes.Barrier(WRITERS + READERS), processes.Event()
    pipes = [processes.Pipe(duplex=False) for _ in range(WRITERS + READERS)]
    told = [here for here, _ in pipes]
    started = [
        processes.Process(target=publish_some, args=(place, start, range(writer, FITS, WRITERS), there))
        if writer < WRITERS
        else processes.Process(target=read_until, args=(place, start, stop, there))
        for writer, (_, there) in enumerate(pipes)
    ]
    for process in started:
        process.start()
    for _, there in pipes:
        # Else the end of a process would not be the end of what it tells.
        there.close()
    try:
        acknowledged = {fit: number for each in told[:WRITERS] for fit, number in each.recv().items()}
    finally:
        stop.set()
        for process in started:
            process.join()
    seen = [each.recv() for each in told[WRITERS:]]

    assert sorted(acknowledged) == [*range(FITS)]
    assert sorted(acknowledged.values()) == [*range(1, FITS + 1)]
    found = stored(place.names, place.clients).check()
    assert found.versions == {SERIES: [*range(1, FITS + 1)]}
    assert found.series_counted == 1
    assert len(found.objects) == FITS
    versions = place.versions.list_versions(key(SERIES), FITS, None).items
    assert {place.fit_of(version): version.number for version in versions} == acknowledged
    for each in seen:
        assert isinstance(each, list), each
        # Else they came too early or too late, and saw nothing of it.
        assert len(set(each)) > 5, each
