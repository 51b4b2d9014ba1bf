"""The clients: how long they may take, and that they are made once."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tidewatch.adapters import clients

from tests.support.tables import template


def worst_case_seconds(config) -> float:
    """Every attempt connects and reads until its timeout, and every wait between them is the longest."""
    attempts = config.retries["total_max_attempts"]
    waits = sum(min(2.0**retry, 20.0) for retry in range(attempts - 1))
    return attempts * (config.connect_timeout + config.read_timeout) + waits


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3, clients.cloudwatch])
def test_each_is_built_once(client):
    assert client() is client()


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3, clients.cloudwatch])
def test_retries_are_botocores_standard_mode(client):
    assert client().meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize("client", [clients.dynamodb, clients.s3])
def test_a_call_that_fails_for_good_is_over_before_the_function_times_out(client):
    timeout = template().global_properties("Function")["Timeout"]
    assert worst_case_seconds(client().meta.config) < timeout


def test_a_throttled_call_is_tried_again():
    assert clients.dynamodb().meta.config.retries["total_max_attempts"] == 3
    assert clients.s3().meta.config.retries["total_max_attempts"] == 3


def test_health_answers_within_a_second_whatever_cloudwatch_does():
    assert worst_case_seconds(clients.cloudwatch().meta.config) < 1


def test_a_client_says_whose_it_is_and_does_not_put_that_together_at_each_call():
    assert clients.dynamodb().meta.config.user_agent == "tidewatch"


@pytest.fixture
def snapshot_hooks(monkeypatch):
    """Lambda's library of runtime hooks, as far as it is used here; and the hooks that were registered."""
    registered: list[Callable[[], object]] = []
    library = ModuleType("snapshot_restore_py")
    library.__spec__ = ModuleSpec("snapshot_restore_py", loader=None)
    library.register_after_restore = registered.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", library)
    for built in (clients.dynamodb, clients._session):
        built.cache_clear()
    yield registered
    for built in (clients.dynamodb, clients._session):
        built.cache_clear()


def test_instances_that_were_restored_from_one_snapshot_retry_at_different_times(snapshot_hooks, monkeypatch):
    """botocore draws its waits from Python's generator, whose state all of them would have."""
    random.seed(1)
    clients.dynamodb()
    snapshot = random.getstate()

    def waits_after_restore() -> list[float]:
        random.setstate(snapshot)
        for hook in snapshot_hooks:
            hook()
        waits: list[float] = []
        monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
        with botocore_is_refused(clients.dynamodb()), pytest.raises(EndpointConnectionError):
            clients.dynamodb().get_item(TableName="t", Key={"pk": {"S": "a"}})
        return waits

    first, second = waits_after_restore(), waits_after_restore()
    assert len(first) == len(second) == 2
    assert first != second


@contextmanager
def botocore_is_refused(client: Any) -> Iterator[None]:
    def refuse(request: Any, **_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register_first("before-send.dynamodb", refuse)
    yield
    client.meta.events.unregister("before-send.dynamodb", refuse)
