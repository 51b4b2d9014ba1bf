"""The clients, for locust: one class a stage.

``make bench-load`` drives them by ``benchmarks.load.drive``. On their own, in the root of the repository, with locust's
own pages or without, against any base URL; KEY is an API key, sent as ``x-api-key``::

    KEY=... locust -f benchmarks/load/users.py --host https://... Mix
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar, Final

from locust import FastHttpUser

from benchmarks.load import stages
from benchmarks.load.stages import Kind


def headers() -> dict[str, str]:
    """What each request carries; the key comes from the environment, since others can read a command line."""
    key = os.environ.get("KEY")
    return {"Content-Type": "application/json"} | ({"x-api-key": key} if key else {})


class Client(FastHttpUser):  # type: ignore[misc]  # locust is in an environment of its own
    """Sends the next request of its stage as soon as the last one is answered, over one connection."""

    abstract = True
    insecure = False  # whoever gets the key must show a certificate
    connection_timeout = 30.0
    network_timeout = 30.0
    default_headers = headers()
    turns: ClassVar[Iterator[tuple[Kind, int]]]
    """Shared by all clients of the stage."""

    def send(self) -> None:
        """One request."""
        kind, number = next(self.turns)
        self.client.post(stages.path(kind, number), data=stages.body(kind, number), name=kind)

    tasks: ClassVar = [send]


class Predict(Client):
    """Predictions alone."""

    turns = stages.turns(stages.PREDICT)


class Mix(Client):
    """Predictions, and a fit in twenty requests."""

    turns = stages.turns(stages.MIX)


class Fit(Client):
    """Fits alone. Give all series a first version with it before the other two."""

    turns = stages.turns(stages.FIT)


BY_STAGE: Final[dict[str, type[Client]]] = {
    stage.name: user for stage, user in ((stages.PREDICT, Predict), (stages.MIX, Mix), (stages.FIT, Fit))
}
