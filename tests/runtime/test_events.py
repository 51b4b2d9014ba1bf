"""Every sample event, given to the built functions in the real runtime, gets the answer that it gets in process."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local.events import EVENTS, events
from local.sam.gateway import from_proxy_response
from local.sam.routes import read_routes
from local.sam.runtime.emulator import Emulator
from tests.runtime.conftest import Environments, Start
from tests.support.api import Api
from tests.support.environment import ROOT
from tests.support.tables import aws_in_memory, template

# What differs from one run to the next, or from one process to another.
VOLATILE = {"trained_at", "avg", "p95", "revision", "key", "key_id"}
# Moments to the microsecond, ids and hashes.
DRAWN = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)|[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
SAMPLES = [(sample, function) for sample, function, _ in events()]


@pytest.fixture(scope="module")
def in_process() -> dict[str, Any]:
    """The answer to each event, in order, from the handlers in this process."""
    functions = {route.function.logical_id: route.function for route in read_routes(template(), ROOT).routes}
    with aws_in_memory():
        return {sample.name: Api().invoke(functions[function], event_of(sample.name)) for sample, function in SAMPLES}


@pytest.fixture(scope="module")
def emulators(start: Start) -> dict[str, Emulator]:
    return {function: start(function) for function in sorted({function for _, function in SAMPLES})}


def event_of(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def still(value: Any) -> Any:
    """A value without what changes."""
    if isinstance(value, dict):
        return {key: "…" if key in VOLATILE else still(item) for key, item in value.items()}
    if isinstance(value, str):
        return DRAWN.sub("…", value)
    return [still(item) for item in value] if isinstance(value, list) else value


# One test, since the order matters: what fit trains, the others ask about.
def test_each_event_gets_its_answer(
    emulators: dict[str, Emulator], environments: Environments, in_process: dict[str, Any]
) -> None:
    for sample, function in SAMPLES:
        answer = environments.answer(emulators[function], event_of(sample.name))
        response = from_proxy_response(answer, "id")
        expected = in_process[sample.name]
        # An answer without a body has no type.
        content_type = dict(response.headers).get(b"content-type", b"").decode()
        assert (sample.name, response.status, content_type) == (
            sample.name,
            sample.status,
            expected.headers.get("content-type", ""),
        )
        if response.status == 204:
            assert (content_type, response.body) == ("", b"")
        elif response.status >= 400:
            problem = json.loads(response.body)
            assert problem["type"].startswith("urn:tidewatch:problem:")
            assert still(problem) == still(expected.json()), sample.name
        elif content_type == "application/json":
            assert still(json.loads(response.body)) == still(expected.json()), sample.name
        elif content_type == "image/png":
            assert response.body.startswith(b"\x89PNG\r\n\x1a\n")
            assert response.body.endswith(b"IEND\xaeB`\x82")
        elif content_type == "image/svg+xml":
            assert b"</svg>" in response.body[-20:]
        else:
            assert content_type.startswith("text/html")
            assert response.body == expected.body


def test_a_prediction_is_the_same_to_the_last_digit(
    emulators: dict[str, Emulator], environments: Environments, in_process: dict[str, Any]
) -> None:
    # By a version that it names: which one is the champion changes from event to event.
    answer = environments.answer(emulators["PredictFunction"], event_of("predict_version"))
    assert answer["body"].encode() == in_process["predict_version"].body
