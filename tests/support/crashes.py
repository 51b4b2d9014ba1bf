"""A boto3 client whose process ends at a chosen call, or that sends a call twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PUBLISHING = ("s3.PutObject", "dynamodb.GetItem", "dynamodb.TransactWriteItems")
"""The calls of a publish, in their order."""

CRASHES = tuple((call, applied) for call in PUBLISHING for applied in (False, True))
"""Every moment at which a publish can end early: before a call is sent, or after it was applied."""


class Crashed(BaseException):
    """The end of a process. No ``except Exception`` on the way may live on after it."""


@contextmanager
def crashing(client: Any, call: str, *, applied: bool, nth: int = 1) -> Iterator[None]:
    """The nth such call is the client's last: before it is sent, or when its answer is there.

    Args:
        client: the client.
        call: such as ``dynamodb.GetItem``, or ``dynamodb`` for any call of the service.
        applied: whether the call takes effect.
        nth: which of these calls it is.
    """
    left = [nth]

    def count(**_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crashed

    event = f"{'after-call' if applied else 'before-send'}.{call}"
    # First, else moto answers before.
    client.meta.events.register_first(event, count)
    try:
        yield
    finally:
        client.meta.events.unregister(event, count)


@contextmanager
def losing_answers(client: Any, call: str, times: int = 1) -> Iterator[list[int]]:
    """The answers of such calls get lost so many times: botocore sends each again, though it was applied.

    Yields:
        The HTTP status of each answer, in their order.
    """
    statuses: list[int] = []

    def again(response: Any, attempts: int, **_: Any) -> float | None:
        statuses.append(response[0].status_code)
        return 0 if attempts <= times else None

    event = f"needs-retry.{call}"
    client.meta.events.register_first(event, again)
    try:
        yield statuses
    finally:
        client.meta.events.unregister(event, again)
