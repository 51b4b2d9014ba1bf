"""Which calls of which requests fail, and how."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from tests.support.api import Api, Reply
from tests.support.boundary import (
    Boundary,
    Fault,
    answer_lost,
    killed_after,
    killed_before,
    read_timeout,
    server_error,
    throttled,
)

SERIES: Final = "cpu"
_SMALL: Final = (10.0, 12.0, 11.0, 13.0, 12.5, 11.5)
# Of so many points `auto` keeps more than an item should carry.
_noise = random.Random(1)
_LARGE: Final = tuple(_noise.random() for _ in range(4_000))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault, and how often it comes: each time that the call is tried, unless told otherwise."""

    words: str
    meaning: str
    fault: Fault
    times: float = float("inf")


@dataclass(frozen=True, slots=True)
class Call:
    """One call to storage: the ``nth`` of its operation in a request, and its place among all calls of it."""

    place: int
    operation: str
    purpose: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and which of its calls to storage are let fail.

    Attributes:
        asks: what for: a fit, a prediction, one of several points, a rollback, or a deletion.
        before: how many versions there are before.
        large: whether models are larger than an item.
        monitored: whether what is judged is kept.
    """

    title: str
    calls: tuple[Call, ...]
    asks: Literal["fit", "predict", "predict many", "promote", "delete series", "delete version"] = "fit"
    before: int = 1
    large: bool = False
    monitored: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether it makes a version."""
        return self.asks == "fit"

    @property
    def deletes(self) -> bool:
        """Whether it takes a version away."""
        return self.asks.startswith("delete")

    def first_fits(self, api: Api) -> Reply:
        """Makes the versions that are there before; the answer of the last one."""
        last = [self._fit(api, last=float(number)) for number in range(1, self.before + 1)][-1]
        if self.monitored:
            api.call("PUT", f"/series/{SERIES}/monitoring", json_body={"monitor": True})
        return last

    def ask(self, api: Api) -> Reply:
        """Makes the request."""
        match self.asks:
            case "fit":
                return self._fit(api, last=2.0, headers=self.headers)
            case "predict many":
                points = [{"timestamp": str(1_700_003_600 + 60 * index), "value": 12.0} for index in range(3)]
                return api.call("POST", f"/predict/{SERIES}", json_body={"points": points})
            case "promote":
                body = {"version": "1", "reason": "the other alarms at night"}
                return api.call("PUT", f"/series/{SERIES}/champion", json_body=body)
            case "delete series":
                return api.call("DELETE", f"/series/{SERIES}")
            case "delete version":
                return api.call("DELETE", f"/series/{SERIES}/versions/1")
            case _:
                return self.predict(api)

    def predict(self, api: Api) -> Reply:
        """Asks the version that judges."""
        return api.predict(SERIES, 12.0)

    def _fit(self, api: Api, *, last: float, **more: Any) -> Reply:
        values = (*(_LARGE if self.large else _SMALL), last)
        detector = "auto" if self.large else "three_sigma"
        return api.fit(SERIES, values, more={"detector": {"name": detector}}, **more)


@dataclass(frozen=True, slots=True)
class Case:
    """One fault at one call of one request."""

    request: Request
    call: Call
    trouble: Trouble

    @property
    def deadly(self) -> bool:
        """Whether the process ends."""
        return self.trouble.fault in (killed_before, killed_after)

    def strike(self, boundary: Boundary) -> None:
        """Lets it happen from now on."""
        boundary.on(self.call.operation, self.trouble.fault, first=self.call.nth, times=self.trouble.times)

    def __str__(self) -> str:
        return f"{self.request.title}: {self.call.operation} {self.call.nth}: {self.trouble.words}"


_PUT, _UPDATE, _GET = "dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.GetItem"
_PUBLISH, _QUERY = "dynamodb.TransactWriteItems", "dynamodb.Query"
_STORE, _LOAD = "s3.PutObject", "s3.GetObject"


def _fitting(first: int = 1) -> tuple[Call, ...]:
    return (
        Call(first, _STORE, "the training data"),
        Call(first + 1, _GET, "the head of the series"),
        Call(first + 2, _PUBLISH, "the version, the head, and the entry of the audit trail"),
    )


REQUESTS: Final = (
    Request("A fit", _fitting()),
    Request(
        "A fit with an Idempotency-Key",
        (Call(1, _PUT, "the record of the key"), *_fitting(2), Call(5, _UPDATE, "the answer, under the key")),
        headers=MappingProxyType({"Idempotency-Key": "k"}),
    ),
    Request(
        "A fit of a model that an item cannot carry",
        (Call(2, _STORE, "the arrays of the model", nth=2),),
        large=True,
    ),
    Request("A prediction", (Call(1, _GET, "the head of the series"),), asks="predict"),
    Request("A prediction of several points", (Call(1, _GET, "the head of the series"),), asks="predict many"),
    Request("A prediction that is kept", (Call(2, _PUT, "the judgement"),), asks="predict", monitored=True),
    Request(
        "A prediction by a model that an item cannot carry",
        (Call(2, _LOAD, "the arrays of the model"),),
        asks="predict",
        large=True,
    ),
    Request(
        "A rollback",
        (
            Call(1, _GET, "the head of the series"),
            Call(2, _GET, "the version", nth=2),
            Call(3, _PUBLISH, "the head, and the entry of the audit trail"),
        ),
        asks="promote",
        before=2,
    ),
    Request(
        "The deletion of a series",
        (
            Call(1, _GET, "the head of the series"),
            Call(2, _QUERY, "its receipts"),
            Call(3, _QUERY, "its versions", nth=2),
            Call(4, _PUBLISH, "the versions that are not in use"),
            Call(5, _PUBLISH, "the head, what is in use, and the entry of the audit trail", nth=2),
        ),
        asks="delete series",
        before=2,
    ),
    Request(
        "The deletion of a version",
        (Call(4, _PUBLISH, "the version, if the series stands where it stood"),),
        asks="delete version",
        before=2,
    ),
)
TROUBLES: Final = (
    Trouble("throttled", "storage refuses each of the call's three attempts", throttled),
    Trouble("times out", "none of the three is answered, or done", read_timeout),
    Trouble("500", "each of the three is answered by a page that is no answer", server_error),
    Trouble("answers lost", "each of the three is done, and none of the answers arrives", answer_lost),
    Trouble("answer lost once", "the first is done, and its answer does not arrive", answer_lost, times=1),
    Trouble(
        "killed before", "the process of the function gets SIGKILL when the call is about to be sent", killed_before
    ),
    Trouble("killed after", "it gets SIGKILL when storage has done the call", killed_after),
)
CASES: Final = tuple(
    Case(request, call, trouble) for request in REQUESTS for call in request.calls for trouble in TROUBLES
)
