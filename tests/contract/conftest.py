"""The contract runs over every backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tidewatch.registry import DataStore, VersionStore

from tests.contract.backends import BACKENDS, Backend, on_dynamodb_local


@pytest.fixture(params=[*BACKENDS, pytest.param("dynamodb-local", marks=pytest.mark.dynamodb_local)], scope="module")
def storage(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """One storage after the other; making one takes longer than most tests."""
    if request.param == "dynamodb-local":
        made = on_dynamodb_local(request.getfixturevalue("dynamodb_local"))
    else:
        made = BACKENDS[request.param]()
    with made as storage:
        yield storage


@pytest.fixture
def backend(storage: Backend) -> Backend:
    """A storage with nothing in it."""
    storage.clear()
    return storage


@pytest.fixture
def versions(backend: Backend) -> VersionStore:
    return backend.versions()


@pytest.fixture
def data(backend: Backend) -> DataStore:
    return backend.data()
