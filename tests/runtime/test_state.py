"""Between two invocations of one process nothing is left over but what is meant to be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.sam.runtime.emulator import Emulator, Invocation
from tests.runtime.conftest import Environments, Start
from tests.support.api import Api

LEVELS = {"low": 10.0, "high": 10_000.0}


@pytest.fixture(scope="module")
def predict(start: Start, environments: Environments) -> Emulator:
    """A process of the predict function, over two series of very different levels."""
    fit = start("FitFunction")
    for series_id, level in LEVELS.items():
        values = [level + index % 5 for index in range(50)]
        body = {"timestamps": [1_700_000_000 + 60 * index for index in range(50)], "values": values}
        answer = environments.answer(fit, event(f"/fit/{series_id}", body))
        assert answer["statusCode"] == 200, answer
    return start("PredictFunction")


def event(url: str, body: Any) -> dict[str, Any]:
    made, _ = Api().event("POST", url, json_body=body)
    return made


def metrics_of(invocation: Invocation) -> list[dict[str, Any]]:
    documents = [json.loads(line) for line in invocation.printed.lines]
    return [document for document in documents if "_aws" in document]


def values_of(invocation: Invocation, name: str) -> list[float]:
    return [value for document in metrics_of(invocation) for value in document.get(name, [])]


def test_the_first_invocation_alone_is_a_cold_start(predict: Emulator, environments: Environments) -> None:
    ask = event("/predict/low", {"timestamp": "1700003600", "value": 10.0})
    assert predict.runtime_pid is None
    first = environments.invoke(predict, ask)
    pid = predict.runtime_pid
    assert first.printed.init_ms is not None
    assert first.printed.init_ms > 0
    assert values_of(first, "ColdStart") == [1.0]
    assert "Init Duration" in first.report(predict.function, predict.memory_used_mb())
    for _ in range(3):
        later = environments.invoke(predict, ask)
        assert later.printed.init_ms is None
        assert values_of(later, "ColdStart") == []
        assert "Init Duration" not in later.report(predict.function, predict.memory_used_mb())
    assert predict.runtime_pid == pid


def test_interleaved_series_keep_apart(predict: Emulator, environments: Environments) -> None:
    for number in range(20):
        for series_id, level in LEVELS.items():
            value = level + number % 5
            ask = event(f"/predict/{series_id}", {"timestamp": "1700003600", "value": value})
            answer = environments.answer(predict, ask)
            body = json.loads(answer["body"])
            assert (body["series_id"], body["value"], body["anomaly"]) == (series_id, value, False)
            assert abs(body["expected"] - level) < 5
            # The level of the other series is unheard of in this one.
            other = sum(LEVELS.values()) - level
            ask = event(f"/predict/{series_id}", {"timestamp": "1700003600", "value": other})
            judged = json.loads(environments.answer(predict, ask)["body"])
            assert judged["anomaly"] is (other > level)


def test_metrics_of_one_invocation_are_not_in_the_next(predict: Emulator, environments: Environments) -> None:
    good = event("/predict/low", {"timestamp": "1700003600", "value": 10.0})
    unknown = event("/predict/unknown", {"timestamp": "1700003600", "value": 10.0})
    malformed = event("/predict/low", {"timestamp": "1700003600"})
    environments.invoke(predict, good)
    for _ in range(3):
        predicted = environments.invoke(predict, good)
        assert values_of(predicted, "Predictions") == [1.0]
        assert len(values_of(predicted, "InferenceLatency")) == 1
        assert values_of(predicted, "Rejections") == []
        for refused in (environments.invoke(predict, unknown), environments.invoke(predict, malformed)):
            assert values_of(refused, "Rejections") == [1.0]
            assert values_of(refused, "Predictions") == []
            assert values_of(refused, "InferenceLatency") == []
            # Nor the dimensions: a rejection belongs to no detector.
            assert not any("detector" in document for document in metrics_of(refused))


def test_log_lines_name_the_invocation_that_they_are_of(predict: Emulator, environments: Environments) -> None:
    malformed = event("/predict/low", {"timestamp": "1700003600"})
    ids = set()
    for _ in range(3):
        invocation = environments.invoke(predict, malformed)
        logs = [json.loads(line) for line in invocation.printed.lines]
        named = {line["function_request_id"] for line in logs if "function_request_id" in line}
        assert named == {invocation.printed.request_id}
        ids |= named
    assert len(ids) == 3


def test_memory_settles(predict: Emulator, environments: Environments) -> None:
    ask = event("/predict/low", {"timestamp": "1700003600", "value": 10.0})
    for _ in range(200):
        environments.invoke(predict, ask)
    before = predict.memory_used_mb()
    for _ in range(1000):
        environments.invoke(predict, ask)
    assert 0 < predict.memory_used_mb() <= before + 2
    assert predict.memory_used_mb() < predict.function.memory_mb
