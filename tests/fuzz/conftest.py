"""Storage on moto for all of a module, and how long the search goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.targets import KNOWN, POINTS
from tests.integration.conftest import restart
from tests.support.api import Api
from tests.support.stored import empty
from tests.support.tables import aws_in_memory

# moto copies a table for each transaction: versions of one series must not pile up.
_MOST_CHANGES = 50


class Search:
    """Tries a law on examples: once, or again and again for the share of the time that this test has."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, law: Callable[[], None], examples: int) -> None:
        """At least so many examples of a law, which hypothesis made of a function."""
        bounded = settings(max_examples=examples, suppress_health_check=list(HealthCheck))(law)
        end = time.monotonic() + self._seconds
        while True:
            bounded()
            if time.monotonic() >= end:
                return


@pytest.fixture
def search(request: pytest.FixtureRequest) -> Search:
    """FUZZ_SECONDS is for all tests together, on all of their workers."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    seconds = float(os.environ.get("FUZZ_SECONDS") or 0)
    return Search(seconds * workers / request.session.testscollected)


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    with aws_in_memory():
        yield


@pytest.fixture
def api(_aws: None) -> Iterator[Any]:
    """The API with one series trained."""
    restart()
    api = Api()
    assert api.call("POST", f"/fit/{KNOWN}", json_body=POINTS).status == 200
    yield api
    empty()
