"""The whole service over moto: one AWS for each module, emptied after each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.support.api import Api
from tests.support.boundary import Boundary
from tests.support.stored import empty
from tests.support.tables import aws_in_memory

_REBUILT = ("tidewatch.api.", "tidewatch.adapters.", "tidewatch.composition", "tidewatch.settings")


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    # Creating the tables takes longer than most tests do.
    with aws_in_memory():
        yield


@pytest.fixture
def boundary(_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boundary]:
    """All calls to AWS pass here: they are written down, and can be made to fail."""
    # A client remembers how many retries it has left.
    restart()
    guard = Boundary()
    guard.install(monkeypatch)
    yield guard
    guard.heal()
    if guard.wrote:
        empty()


@pytest.fixture
def api(boundary: Boundary) -> Api:
    """The API, with nothing trained yet."""
    return Api()


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings, as a new deployment would: ``configure(MAX_POINTS="10")``; None takes one away."""

    def change(**variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        restart()

    return change


def restart() -> None:
    """Forgets what a process keeps, as a new one would: settings, clients, and what is built from them."""
    for name, module in list(sys.modules.items()):
        if name.startswith(_REBUILT):
            for kept in list(vars(module).values()):
                if hasattr(kept, "cache_clear"):
                    kept.cache_clear()
