"""A boto3 client that dies, or sends twice, at a chosen call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PUBLISHING = ("s3.PutObject", "dynamodb.GetItem", "dynamodb.TransactWriteItems")
"""The calls of a publish, in their order."""

DEATHS = tuple((call, applied) for call in PUBLISHING for applied in (False, True))
"""Every moment at which a publish can die: before a call is sent, or after it was applied."""


class Died(BaseException):
    """The end of a process. No ``except Exception`` on the way may live on after it."""


@contextmanager
def dying(client: Any, call: str, *, applied: bool) -> Iterator[None]:
    """The next such call is the client's last: before it is sent, or when its answer is there."""

    def die(**_: Any) -> None:
        raise Died

    event = f"{'after-call' if applied else 'before-send'}.{call}"
    # First, else moto answers before.
    client.meta.events.register_first(event, die)
    try:
        yield
    finally:
        client.meta.events.unregister(event, die)


@contextmanager
def losing_answers(client: Any, call: str, times: int = 1) -> Iterator[list[int]]:
    """The answers of such calls get lost so many times: botocore sends each again, though it was applied.

    Yields:
        The HTTP status of each answer, in their order.
    """
    seen: list[int] = []

    def again(response: Any, attempts: int, **_: Any) -> float | None:
        seen.append(response[0].status_code)
        return 0 if attempts <= times else None

    event = f"needs-retry.{call}"
    client.meta.events.register_first(event, again)
    try:
        yield seen
    finally:
        client.meta.events.unregister(event, again)
