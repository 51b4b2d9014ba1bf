"""Before the first stage: each series gets a version, and each process of the service has worked."""

from __future__ import annotations

import http.client
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

from benchmarks.load import stages
from benchmarks.load.stages import SERIES, Kind

_CLIENTS: Final = 16
# Enough for all of four processes to be started and to have had some.
_ROUNDS: Final[tuple[tuple[Kind, int], ...]] = (("fit", SERIES), ("predict", 400), ("fit", SERIES))


class Refused(RuntimeError):
    """The service does not do what it is asked for; the message has its answer."""


def seed(url: str) -> int:
    """Fits all series and asks for some predictions; returns how many requests that were.

    Raises:
        Refused: if one of them is not answered with 200.
    """
    done = 0
    for kind, count in _ROUNDS:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            done += sum(
                pool.map(lambda client, kind=kind, count=count: _share(url, kind, count, client), range(_CLIENTS))
            )
    return done


def _share(url: str, kind: Kind, count: int, client: int) -> int:
    parts = urlsplit(url)
    kinds = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
    connection = kinds[parts.scheme](parts.netloc, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"x-api-key": key} if (key := os.environ.get("KEY")) else {})
    numbers = range(client, count, _CLIENTS)
    try:
        for number in numbers:
            target = stages.path(kind, number)
            try:
                connection.request("POST", parts.path + target, stages.body(kind, number), headers)
                answer = connection.getresponse()
                said = answer.read()
            except OSError as error:
                raise Refused(f"POST {target}: {error}") from error
            if answer.status != 200:
                raise Refused(f"POST {target} answered {answer.status}: {said[:500].decode(errors='replace')}")
    finally:
        connection.close()
    return len(numbers)
