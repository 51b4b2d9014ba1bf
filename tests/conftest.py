"""What all tests share. The environment is set before anything of the service is imported."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.internal.conjecture import providers

from tests.support import environment

environment.apply()

# No deadlines: a busy machine must not make a test fail, nor may chance. `test` tries the same examples each time;
# `explore` tries more of them, others each time, and prints how to repeat one that fails.
_COMMON: Final[dict[str, Any]] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("test", **_COMMON, max_examples=30, derandomize=True)
hypothesis_settings.register_profile("explore", **_COMMON, max_examples=100, derandomize=False, print_blob=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "test")
if hypothesis_settings().derandomize:
    # Hypothesis also tries constants of the modules that are loaded: another selection of tests, other examples.
    providers._get_local_constants = providers.Constants

_MARKER_OF_FIXTURE: Final = {"found_tools": "emulator", "dynamodb_local": "dynamodb_local"}
_SLOW_FOLDERS: Final = frozenset({"concurrency", "faults", "fuzz", "integration", "runtime"})
_QUICK_FILES: Final = frozenset({"test_contract.py", "test_detect.py", "test_preflight.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks slow folders, and tests that need more than the development environment, by the fixture that gives it."""
    for item in items:
        if item.path.parent.name in _SLOW_FOLDERS and item.path.name not in _QUICK_FILES:
            item.add_marker("slow")
        for fixture, marker in _MARKER_OF_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


@pytest.fixture(scope="session", autouse=True)
def _no_way_out() -> Iterator[None]:
    with environment.loopback_only():
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_trespass() -> Iterator[None]:
    """While a request is served, nothing of another tenant is touched."""
    from tests.support.isolation import watching

    with watching():
        yield


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs that a test starts heed Ctrl-C. Behind a shell's ``&`` the tests ignore it, and so would those."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Each test reads the environment anew, and leaves nothing that another test would find."""
    _forget()
    yield
    _forget()


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS in memory, with the template's tables and bucket."""
    from tests.support.tables import aws_in_memory

    with aws_in_memory():
        yield


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The URL of Amazon's DynamoDB Local: one for all tests of this process, each with tables of its own."""
    from tests.support import dynamodb_local

    if reason := dynamodb_local.missing():
        # Where everything has to be proved, it must be there.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with dynamodb_local.running() as url:
        yield url


def _forget() -> None:
    # Imported late, so that tests which need no AWS do not wait for its libraries. The boto3 clients stay: they hold
    # nothing but the environment's credentials, and moto catches their calls for as long as it is on.
    import sys

    for name, module in list(sys.modules.items()):
        if name in ("tidewatch.settings", "tidewatch.composition") or name.startswith("tidewatch.api."):
            for kept in list(vars(module).values()):
                if hasattr(kept, "cache_clear"):
                    kept.cache_clear()
