"""Requests that nobody thought of, made from openapi.json, against the local stack over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from benchmarks.load.targets import CONSISTENT, serving
from tests.support.environment import ROOT


def _without_keys() -> dict[str, Any]:
    """The document without its API keys: API Gateway checks those, and the local one asks for none."""
    document: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    del document["components"]["securitySchemes"]
    for methods in document["paths"].values():
        for operation in methods.values():
            del operation["security"]
    return document


# What breaks the schema may also be too large to be looked at: 413.
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}})
schema = schemathesis.openapi.from_dict(_without_keys(), config=CONFIG)

NOT_HELD_TO = [
    # A request may fit the schema and break a rule that JSON Schema cannot tell, such as the order of timestamps.
    positive_data_acceptance,
    # API Gateway has no 405: a method that a path does not have is an unknown route.
    unsupported_method,
]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with serving(CONSISTENT) as served:
        yield served.url


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@schema.parametrize()
@_settings(10)
def test_the_service_keeps_its_word(case, base_url):
    case.call_and_validate(base_url=base_url, excluded_checks=NOT_HELD_TO)


@pytest.mark.long
@schema.parametrize()
@_settings(40)
def test_the_service_keeps_its_word_however_much_it_is_asked(case, base_url):
    case.call_and_validate(base_url=base_url, excluded_checks=NOT_HELD_TO)
