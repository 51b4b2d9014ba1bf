"""What the report says in sentences."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Final

from benchmarks.load import wrk
from benchmarks.load.run import Where
from benchmarks.load.shares import Clocked
from benchmarks.load.stages import CLIENTS, POINTS, RAMP_SECONDS, SERIES

_LINE: Final = 124

_WHERE: Final = "`{command}`, on {date}: {machine}; {versions}. {same}"
_HOW: Final = """
    {clients} parallel clients over {series} series. Each sends its next request when the last one is answered, so
    a time is about {clients} divided by the throughput: most of it is waiting. A fit has {points} points. Each
    stage takes {seconds} s; locust's first {ramp} s do not count, nor do the requests before them that give every
    series a version. Failed requests are errors, and in neither rates nor times.
"""
_GENERATORS: Final = """
    A stage is `locust -f benchmarks/load/users.py --headless -u {clients} -r {clients} -t {seconds}s --host
    <base> Predict`, or `Mix`, or `Fit`, but with locust as a library, so that every time is kept; {wrk}.
"""
_STAND_IN: Final = """
    Storage is moto: within the one process of the local stack; for the [real runtime](runtime.md) in one of its
    own, which takes one request at a time.
"""
_SHARES: Final = """
    *Storage's share* is of all but the load generator. The local stack is one process: what of it is the storage
    stand-in comes from a clock, as told below, and all else stands under functions. *Other work* is the cores that
    anything else on the machine had.
"""
_OTHERS: Final = """
    **The machine was not quiet**: other work took {cores:.1f} of its cores on average, so throughput is too low here
    and times are too long.
"""
_CLOCKED: Final = """
    **The storage stand-in.** The application of the local stack, without sockets, one request after the other,
    with a clock around each call of boto3 and around moto within it. A prediction takes {predict}. A fit takes
    {fit}. What is moto here is on AWS the work of DynamoDB and S3, and time on the network.
"""
_PARTS: Final = (
    "{all:.2f} ms: {calls:.2f} ms ({calls_share:.0f} %) are {what}, "
    "of which {moto:.2f} ms ({share:.0f} % of all) are moto"
)


def introduction(where: Where, now: datetime, seconds: int, *, local: bool, with_wrk: bool) -> str:
    """Where, when and how it was measured."""
    date = f"{now.day} {now:%B %Y}"
    same = "Load generator, server and storage share these cores." if local else "This is the load generator's machine."
    by_wrk = f"wrk is `{' '.join(wrk.command('<base>', seconds))}`" if with_wrk else "wrk was not installed"
    paragraphs = [
        _WHERE.format(command=where.command, date=date, machine=where.machine, versions=where.versions, same=same),
        _HOW.format(clients=CLIENTS, series=SERIES, points=POINTS, seconds=seconds, ramp=RAMP_SECONDS),
        _GENERATORS.format(clients=CLIENTS, seconds=seconds, wrk=by_wrk),
    ]
    return "\n\n".join(map(paragraph, [*paragraphs, _STAND_IN] if local else paragraphs))


def of_others(cores: float) -> str:
    """That the machine was not quiet."""
    return paragraph(_OTHERS.format(cores=cores))


def of_shares() -> str:
    """How the table of processor time is to be read."""
    return paragraph(_SHARES)


def of_storage(clocked: Clocked) -> str:
    """What of a request is the storage stand-in's."""
    parts = {}
    for kind, what in (("predict", "GetItem"), ("fit", "calls of AWS")):
        times = clocked[kind]
        shares = {"calls_share": 100 * times["calls"] / times["all"], "share": 100 * times["moto"] / times["all"]}
        parts[kind] = _PARTS.format(what=what, **times, **shares)
    return paragraph(_CLOCKED.format(**parts))


def paragraph(text: str) -> str:
    """Text in lines of the width that the page has."""
    return textwrap.fill(" ".join(text.split()), _LINE, break_long_words=False, break_on_hyphens=False)
