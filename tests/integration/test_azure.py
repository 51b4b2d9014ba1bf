"""The univariate API of Azure Anomaly Detector: by Microsoft's own client, and by what clients get wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from azure.ai.anomalydetector import AnomalyDetectorClient
from azure.ai.anomalydetector.models import (
    TimeSeriesPoint,
    UnivariateChangePointDetectionOptions,
    UnivariateDetectionOptions,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from local.client import Server
from tests.support.api import Api, Reply

START = datetime(2026, 3, 1, tzinfo=UTC)
noise = np.random.default_rng(2).normal(0, 0.5, 24 * 10)
VALUES = [100 + 10 * math.sin(2 * math.pi * hour / 24) + float(noise[hour]) for hour in range(24 * 10)]
VALUES[100] += 40
PATH = "/anomalydetector/v1.1/timeseries"


@pytest.fixture(scope="module")
def client() -> Iterator[AnomalyDetectorClient]:
    # The client wants TLS unless told otherwise.
    with (
        Server() as server,
        AnomalyDetectorClient(server.url, AzureKeyCredential("unused")) as client,
    ):
        yield client


def points(values: list[float] = VALUES, hours: int = 1) -> list[TimeSeriesPoint]:
    return [TimeSeriesPoint(timestamp=START + timedelta(hours=hours * n), value=v) for n, v in enumerate(values)]


class TestMicrosoftsClient:
    def test_the_entire_series(self, client):
        result = client.detect_univariate_entire_series(
            UnivariateDetectionOptions(series=points(), granularity="hourly", sensitivity=95, max_anomaly_ratio=0.1),
        )
        assert result.period == 24
        assert result.is_anomaly[100]
        assert sum(result.is_anomaly) <= 3
        assert result.is_positive_anomaly[100]
        assert not result.is_negative_anomaly[100]
        assert result.severity[100] == max(result.severity) > 0.5
        assert all(result.severity[n] == 0 for n, found in enumerate(result.is_anomaly) if not found)
        assert len(result.expected_values) == len(result.upper_margins) == len(result.lower_margins) == len(VALUES)
        assert abs(result.expected_values[100] - (VALUES[100] - 40)) < 3

    def test_the_last_point(self, client):
        usual = client.detect_univariate_last_point({"series": _json(VALUES), "granularity": "hourly"})
        assert not usual.is_anomaly
        assert (usual.period, usual.suggested_window, usual.severity) == (24, 97, 0)
        fallen = client.detect_univariate_last_point(
            UnivariateDetectionOptions(series=points([*VALUES, 20.0]), granularity="hourly")
        )
        assert (fallen.is_anomaly, fallen.is_negative_anomaly, fallen.is_positive_anomaly) == (True, True, False)
        assert fallen.severity > 0.5
        assert fallen.expected_value - 5 * fallen.lower_margin > 20

    def test_change_points(self, client):
        values = [*(10 + noise[:60]), *(20 + noise[60:120])]
        result = client.detect_univariate_change_point(
            UnivariateChangePointDetectionOptions(
                series=points(list(map(float, values))), granularity="hourly", period=0
            )
        )
        (at,) = [n for n, found in enumerate(result.is_change_point) if found]
        assert abs(at - 60) <= 1
        assert result.confidence_scores[at] > 0.99
        assert len(result.confidence_scores) == 120

    def test_an_error_has_its_code(self, client):
        with pytest.raises(HttpResponseError) as caught:
            client.detect_univariate_entire_series(UnivariateDetectionOptions(series=points()[:5]))
        assert caught.value.status_code == 400
        assert caught.value.model.code == "InvalidSeries"
        assert "12" in caught.value.model.message


def _json(values: list[float]) -> list[dict[str, Any]]:
    return [{"timestamp": (START + timedelta(hours=n)).isoformat(), "value": v} for n, v in enumerate(values)]


def ask(api: Api, call: str = "entire", **body: Any) -> Reply:
    return api.call(
        "POST", f"{PATH}/{call}/detect", json_body={"series": _json(VALUES), "granularity": "hourly"} | body
    )


def test_the_band_is_made_of_margins(api: Api):
    """What Microsoft's documentation tells clients to work out by themselves."""
    for sensitivity in (0, 60, 95, 99):
        answer = ask(api, sensitivity=sensitivity, maxAnomalyRatio=0.49).json()
        upper = np.array(answer["expectedValues"]) + (100 - sensitivity) * np.array(answer["upperMargins"])
        lower = np.array(answer["expectedValues"]) - (100 - sensitivity) * np.array(answer["lowerMargins"])
        outside = (np.array(VALUES) > upper) | (np.array(VALUES) < lower)
        assert answer["isAnomaly"] == outside.tolist()


def test_no_more_than_the_ratio_are_anomalies_and_the_strongest_are(api: Api):
    answer = ask(api, sensitivity=99, maxAnomalyRatio=0.01).json()
    assert sum(answer["isAnomaly"]) == 2
    assert answer["isAnomaly"][100]


def test_without_granularity_there_need_be_no_timestamps(api: Api):
    reply = api.call("POST", f"{PATH}/entire/detect", json_body={"series": [{"value": v} for v in VALUES]})
    assert (reply.status, reply.json()["period"]) == (200, 24)


def test_missing_points_are_filled_and_not_answered_for(api: Api):
    kept = [point for n, point in enumerate(_json(VALUES)) if n % 20 != 7]
    for mode in ("auto", "previous", "linear", "zero", "notFill"):
        assert len(ask(api, series=kept, imputeMode=mode).json()["isAnomaly"]) == len(kept)
    fixed = ask(api, series=kept, imputeMode="fixed", imputeFixedValue=100.0)
    assert len(fixed.json()["expectedValues"]) == len(kept)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"series": None}, "InvalidSeries"),
        ({"series": []}, "InvalidSeries"),
        ({"series": [{"value": 1}] * 12}, "InvalidSeries"),
        ({"series": [{"timestamp": "soon", "value": 1}] * 12}, "InvalidSeries"),
        ({"series": _json(VALUES)[::-1]}, "InvalidSeries"),
        ({"series": [*_json(VALUES), _json(VALUES)[-1]]}, "InvalidSeries"),
        ({"series": _json(VALUES)[::2]}, "InvalidSeries"),
        ({"series": [{**point, "value": "1"} for point in _json(VALUES)]}, "InvalidSeries"),
        ({"granularity": "fortnightly"}, "InvalidGranularity"),
        ({"customInterval": 0}, "InvalidCustomInterval"),
        ({"period": -1}, "InvalidPeriod"),
        ({"sensitivity": 100}, "InvalidModelArgument"),
        ({"maxAnomalyRatio": 0}, "InvalidModelArgument"),
        ({"imputeMode": "guess"}, "InvalidImputeMode"),
        ({"imputeMode": "fixed"}, "InvalidImputeFixedValue"),
    ],
)
def test_what_is_wrong_has_its_code(api: Api, body, code):
    reply = ask(api, **body)
    assert (reply.status, reply.json()["code"]) == (400, code), reply.body
    assert reply.json()["message"]


def test_what_is_missing_has_its_code(api: Api):
    reply = api.call("POST", f"{PATH}/entire/detect", json_body={"granularity": "hourly"})
    assert (reply.status, reply.json()["code"]) == (400, "RequiredSeries")
    reply = api.call("POST", f"{PATH}/changepoint/detect", json_body={"series": _json(VALUES)})
    assert (reply.status, reply.json()["code"]) == (400, "RequiredGranularity")
    reply = api.call("POST", f"{PATH}/last/detect", "{")
    assert (reply.status, reply.json()["code"]) == (400, "InvalidJsonFormat")


def test_the_size_is_limited(api: Api, configure):
    configure(MAX_DETECT_POINTS="100")
    reply = ask(api)
    assert (reply.status, reply.json()["code"]) == (400, "InvalidSeries")
    assert "100" in reply.json()["message"]


@pytest.mark.parametrize("granularity", ["Hourly", "HOURLY"])
def test_case_does_not_matter(api: Api, granularity):
    assert ask(api, granularity=granularity).status == 200


def test_fields_that_are_not_known_are_ignored(api: Api):
    assert ask(api, somethingNew=1).status == 200


@pytest.mark.parametrize("field", ["customInterval", "period", "stableTrendWindow", "sensitivity"])
@pytest.mark.parametrize("number", [0, -1, 2**31 - 1, 2**31, 2**40, 2**63, 2**64, 10**30])
@pytest.mark.parametrize("route", ["entire", "last", "changepoint"])
def test_no_integer_is_too_large_to_be_refused(api: Api, field, number, route):
    series = [{"timestamp": f"2026-01-{day:02d}T00:00:00Z", "value": day % 5} for day in range(1, 15)]
    body = {"series": series, "granularity": "weekly", field: number}
    assert api.call("POST", f"/anomalydetector/v1.1/timeseries/{route}/detect", json_body=body).status == 400
    reply = api.call(
        "POST", f"/anomalydetector/v1.1/timeseries/{route}/detect", json_body=body | {"granularity": "daily"}
    )
    assert reply.status in (200, 400)
