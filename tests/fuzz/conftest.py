"""Storage on moto for all of a module, and how long the search goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.targets import KNOWN, POINTS
from tests.integration.conftest import restart
from tests.support.api import Api
from tests.support.stored import empty
from tests.support.tables import aws_in_memory

Search = Callable[[Callable[[], None], int], None]


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    with aws_in_memory():
        yield


@pytest.fixture
def api(_aws: None) -> Iterator[Api]:
    """The API with one series trained."""
    restart()
    api = Api()
    _train(api)
    yield api
    empty()


@pytest.fixture
def search(api: Api, request: pytest.FixtureRequest) -> Search:
    """Tries a law, which hypothesis made of a function, on so many examples.

    FUZZ_SECONDS makes it try again and again: so long for all tests together, each its share.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    searches = sum("search" in getattr(item, "fixturenames", ()) for item in request.session.items)
    seconds = float(os.environ.get("FUZZ_SECONDS") or 0) * workers / searches

    def try_law(law: Callable[[], None], examples: int) -> None:
        # What is generated is large on purpose.
        large = (HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.too_slow)
        bounded = settings(max_examples=examples, suppress_health_check=large)(law)
        end = time.monotonic() + seconds
        bounded()
        while time.monotonic() < end:
            # moto copies its tables for each transaction: versions must not pile up.
            empty()
            _train(api)
            bounded()

    return try_law


def _train(api: Api) -> None:
    assert api.call("POST", f"/fit/{KNOWN}", json_body=POINTS).status == 200
