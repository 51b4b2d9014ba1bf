"""Which calls of which routes fail, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from tests.support.api import Api, Reply
from tests.support.boundary import (
    Fault,
    answer_lost,
    killed_after,
    killed_before,
    read_timeout,
    server_error,
    throttled,
)

SERIES: Final = "cpu"
VALUES: Final = (10.0, 12.0, 11.0, 13.0, 12.5, 11.5)
ANOTHER: Final = (*VALUES, 9.5)

RECORD: Final = "dynamodb.PutItem"
REMEMBER: Final = "dynamodb.UpdateItem"
_STORE, _HEAD, _PUBLISH = "s3.PutObject", "dynamodb.GetItem", "dynamodb.TransactWriteItems"

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        RECORD: "PutItem, the record of the key",
        _STORE: "PutObject, the training data",
        _HEAD: "GetItem, the head of the series",
        _PUBLISH: "TransactWriteItems, the version",
        REMEMBER: "UpdateItem, the answer of the key",
    }
)
"""What each call is for."""


@dataclass(frozen=True, slots=True)
class Route:
    """A request, and the calls that it makes to storage when all is well, in their order."""

    title: str
    calls: tuple[str, ...]
    fits: bool
    arguments: Mapping[str, Any]

    def ask(self, api: Api) -> Reply:
        """Makes the request."""
        return api.fit(SERIES, ANOTHER, **self.arguments) if self.fits else api.predict(SERIES, 12.0, **self.arguments)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, and how often it comes: once, or each time that the call is tried."""

    words: str
    fault: Fault
    times: float = float("inf")


@dataclass(frozen=True, slots=True)
class Case:
    """One fault at one call of one route."""

    route: Route
    call: str
    trouble: Trouble

    @property
    def deadly(self) -> bool:
        """Whether the process ends."""
        return self.trouble.fault in (killed_before, killed_after)

    def __str__(self) -> str:
        return f"{self.route.title}: {self.call}: {self.trouble.words}"


_route = partial(Route, arguments={})
ROUTES: Final = (
    _route("A fit", (_STORE, _HEAD, _PUBLISH), fits=True),
    Route(
        "A fit with an Idempotency-Key",
        (RECORD, _STORE, _HEAD, _PUBLISH, REMEMBER),
        fits=True,
        arguments={"headers": {"Idempotency-Key": "k"}},
    ),
    _route("A prediction", (_HEAD,), fits=False),
)
TROUBLES: Final = (
    Trouble("throttled", throttled),
    Trouble("times out", read_timeout),
    Trouble("500", server_error),
    Trouble("answers lost", answer_lost),
    Trouble("answer lost once", answer_lost, times=1),
    Trouble("killed before it", killed_before),
    Trouble("killed after it", killed_after),
)
CASES: Final = tuple(Case(route, call, trouble) for route in ROUTES for call in route.calls for trouble in TROUBLES)
