"""Which storage each part of the contract runs over.

All of it runs over the stand-in in memory, which costs nothing, and over the AWS adapters. Behind these is moto, unless
a module says otherwise: ``BACKENDS = ("memory", "dynamodb")`` asks for Amazon's DynamoDB Local, for promises that rest
on transactions, conditions and isolation. Where that is not installed, moto takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tidewatch.registry import DataStore, VersionStore

from tests.contract.backends import BACKENDS, FILES, Backend, in_files, on_dynamodb_local
from tests.support import dynamodb_local as installed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "storage" in metafunc.fixturenames:
        chosen = getattr(metafunc.cls, "BACKENDS", getattr(metafunc.module, "BACKENDS", tuple(BACKENDS)))
        # A module that needs one storage and no other makes it by itself.
        if chosen:
            marks = {"dynamodb": pytest.mark.dynamodb_local}
            storages = [pytest.param(name, marks=marks.get(name, ())) for name in chosen]
            metafunc.parametrize("storage", storages, indirect=True, scope="module")


@pytest.fixture(scope="module")
def storage(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """One storage after the other; making one takes longer than most tests."""
    if request.param in BACKENDS:
        made = BACKENDS[request.param]()
    elif request.param == FILES:
        made = in_files()
    elif installed.missing():
        made = BACKENDS["moto"]()
    else:
        made = on_dynamodb_local(request.getfixturevalue("dynamodb_local"))
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
