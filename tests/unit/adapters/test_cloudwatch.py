"""Reading the service's figures: one request of the right shape, and what its answers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.exceptions as aws
import pytest
from botocore.stub import ANY, Stubber
from tidewatch.adapters.cloudwatch import CloudWatchReader, MetricsUnavailable, Statistic

BASE = (("service", "tidewatch"), ("stage", "test"))
PREDICTIONS = Statistic("Predictions", "Sum", BASE)
COUNT = Statistic("InferenceLatency", "SampleCount", BASE)
P95 = Statistic("InferenceLatency", "p95", BASE)
MAXIMUM = Statistic("InferenceLatency", "Maximum", BASE)


@pytest.fixture
def client():
    return boto3.client("cloudwatch")


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def reader(client):
    return CloudWatchReader(client, "Tidewatch")


def answer(*values: list[float]) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {"Id": f"m{index}", "Label": "any", "Values": found, "Timestamps": [], "StatusCode": "Complete"}
            for index, found in enumerate(values)
        ]
    }


def query(key: str, metric: str, stat: str, period: int = 3600) -> dict[str, Any]:
    dimensions = [{"Name": "service", "Value": "tidewatch"}, {"Name": "stage", "Value": "test"}]
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {"Namespace": "Tidewatch", "MetricName": metric, "Dimensions": dimensions},
            "Period": period,
            "Stat": stat,
        },
    }


def test_all_figures_are_read_in_one_request(reader, stub):
    """The stubber holds the request to the parameters of the real service, and allows one call."""
    expected = {
        "MetricDataQueries": [query("m0", "Predictions", "Sum"), query("m1", "InferenceLatency", "p95")],
        "StartTime": ANY,
        "EndTime": ANY,
    }
    stub.add_response("get_metric_data", answer([12.0], [3.5]), expected)
    assert reader.read([PREDICTIONS, P95], 3600) == {PREDICTIONS: 12.0, P95: 3.5}


@pytest.mark.parametrize("window", [60, 3600, 86_400])
def test_the_window_ends_with_this_minute_and_is_one_period(window, reader, client, stub):
    asked: dict[str, Any] = {}
    client.meta.events.register(
        "provide-client-params.cloudwatch.GetMetricData", lambda params, **_: asked.update(params)
    )
    stub.add_response("get_metric_data", answer([1.0]))
    before = datetime.now(UTC)
    reader.read([PREDICTIONS], window)
    after = datetime.now(UTC)
    assert asked["EndTime"] - asked["StartTime"] == timedelta(seconds=window)
    assert (asked["EndTime"].second, asked["EndTime"].microsecond) == (0, 0)
    assert before < asked["EndTime"] <= after + timedelta(minutes=1)
    assert [each["MetricStat"]["Period"] for each in asked["MetricDataQueries"]] == [window]


def test_what_was_never_emitted_is_zero(reader, stub):
    stub.add_response("get_metric_data", answer([], [], []))
    assert reader.read([PREDICTIONS, COUNT, P95], 3600) == {PREDICTIONS: 0, COUNT: 0, P95: 0}


def test_two_periods_add_up_where_they_count_and_else_the_worse_stands(reader, stub):
    stub.add_response("get_metric_data", answer([3.0, 4.0], [1.0, 2.0], [8.0, 9.5], [1.0, 0.5]))
    found = reader.read([PREDICTIONS, COUNT, P95, MAXIMUM], 3600)
    assert found == {PREDICTIONS: 7.0, COUNT: 3.0, P95: 9.5, MAXIMUM: 1.0}


def test_answers_are_told_apart_by_id_not_by_order(reader, stub):
    shuffled = answer([1.0], [2.0])
    shuffled["MetricDataResults"].reverse()
    stub.add_response("get_metric_data", shuffled)
    assert reader.read([PREDICTIONS, P95], 3600) == {PREDICTIONS: 1.0, P95: 2.0}


def test_an_answer_that_lacks_a_figure_is_metrics_unavailable(reader, stub):
    """A figure that is not known must not be shown as zero."""
    stub.add_response("get_metric_data", answer([1.0]))
    with pytest.raises(MetricsUnavailable):
        reader.read([PREDICTIONS, P95], 3600)


@pytest.mark.parametrize("code", ["Throttling", "InternalServiceError", "AccessDenied"])
def test_an_error_of_cloudwatch_is_metrics_unavailable(code, reader, stub):
    stub.add_client_error("get_metric_data", code)
    with pytest.raises(MetricsUnavailable) as caught:
        reader.read([PREDICTIONS], 3600)
    assert isinstance(caught.value.__cause__, aws.ClientError)


@pytest.mark.parametrize(
    "error",
    [
        aws.ReadTimeoutError(endpoint_url="https://monitoring"),
        aws.ConnectTimeoutError(endpoint_url="https://monitoring"),
        aws.EndpointConnectionError(endpoint_url="https://monitoring"),
        aws.NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_is_metrics_unavailable(error, reader, client, monkeypatch):
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(client, "get_metric_data", fail)
    with pytest.raises(MetricsUnavailable):
        reader.read([PREDICTIONS], 3600)
