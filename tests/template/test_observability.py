from __future__ import annotations

import pytest
from tidewatch.telemetry import DIMENSION_SETS, NAMESPACE, SERVICE, Metric

from tests.support.template import (
    document,
    functions,
    metrics_of_alarms,
    metrics_of_dashboard,
    resources,
    statements,
    template,
    widgets,
)

USES = [*metrics_of_alarms(), *metrics_of_dashboard()]

# What AWS's services emit, and under which dimensions, as far as it is used here.
AWS_METRICS = {
    ("AWS/ApiGateway", frozenset({"ApiName", "Stage"})): {"Count", "4XXError", "5XXError", "Latency"},
    ("AWS/Lambda", frozenset({"FunctionName"})): {"Duration", "Errors", "Throttles", "Invocations"},
    ("AWS/DynamoDB", frozenset({"TableName"})): {
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "TransactionConflict",
    },
    ("AWS/DynamoDB", frozenset({"TableName", "Operation"})): {
        "SuccessfulRequestLatency",
        "SystemErrors",
        "ThrottledRequests",
    },
}


def identified(uses):
    return [pytest.param(use, id=f"{use.where}-{use.name}") for use in uses]


def ours():
    return [use for use in USES if use.namespace == NAMESPACE]


@pytest.mark.parametrize("use", identified(ours()))
def test_our_metrics_are_emitted_with_exactly_these_names_and_dimensions(use):
    assert frozenset(use.dimensions) in DIMENSION_SETS[Metric(use.name)]


@pytest.mark.parametrize("use", identified(use for use in USES if use.namespace.startswith("AWS/")))
def test_metrics_of_aws_have_their_true_names_and_dimensions(use):
    assert use.name in AWS_METRICS[use.namespace, frozenset(use.dimensions)]


def test_all_other_metrics_are_made_from_logs_in_this_template():
    made = set()
    for metric_filter in template().resources("AWS::Logs::MetricFilter").values():
        for made_metric in metric_filter["MetricTransformations"]:
            dimensions = frozenset(dimension["Key"] for dimension in made_metric["Dimensions"])
            made.add((made_metric["MetricNamespace"], made_metric["MetricName"], dimensions))
    others = [use for use in USES if use.namespace != NAMESPACE and not use.namespace.startswith("AWS/")]
    assert {(use.namespace, use.name, frozenset(use.dimensions)) for use in others} == made


def test_every_metric_of_ours_is_looked_at():
    assert {use.name for use in ours()} == set(Metric)


@pytest.mark.parametrize("use", identified(USES))
def test_dimensions_name_what_exists(use):
    names = template().physical_name
    (api,) = template().resources("AWS::Serverless::Api").values()
    function_names = {function["FunctionName"] for function in functions().values()}
    known = {
        "ApiName": {api["Name"]},
        "ApiId": {names("TidewatchApi")},
        "Stage": {api["StageName"]},
        "stage": {api["StageName"]},
        "service": {SERVICE, None},
        "detector": {None},
        "FunctionName": function_names,
        "function_name": function_names,
        "TableName": {names("ModelsTable"), names("IdempotencyTable")},
        "Operation": {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"},
    }
    for name, value in use.dimensions.items():
        assert value in known[name]


def test_alarms_go_to_the_topic_and_stay_quiet_without_traffic():
    alarms = resources("AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert "InsufficientDataActions" not in properties
        assert properties["TreatMissingData"] == "notBreaching"
        assert properties["AlarmDescription"]


def test_what_must_wake_somebody_does():
    watched = {(use.namespace, use.name) for use in metrics_of_alarms()}
    assert watched >= {
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("Tidewatch/Api", "ThrottledRequests"),
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/DynamoDB", "SystemErrors"),
        ("AWS/DynamoDB", "ThrottledRequests"),
        (NAMESPACE, Metric.INFERENCE_LATENCY),
        (NAMESPACE, Metric.STORAGE_FAILURES),
    }


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_alarms_watch_every_function(metric):
    watched = {use.dimensions["FunctionName"] for use in metrics_of_alarms() if use.name == metric}
    assert watched == {function["FunctionName"] for function in functions().values()}


@pytest.mark.parametrize("metric", ["SystemErrors", "ThrottledRequests"])
def test_alarms_watch_every_operation_that_a_function_may_do(metric):
    watched = {
        (use.dimensions["TableName"], use.dimensions["Operation"])
        for use in metrics_of_alarms()
        if (use.namespace, use.name) == ("AWS/DynamoDB", metric)
    }
    expected = set()
    for _, statement in statements():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        match statement.get("Resource"):
            case {"Fn::GetAtt": [table, "Arn"]} if table.endswith("Table"):
                for action in actions:
                    operation = action.removeprefix("dynamodb:")
                    # The models table is only written in transactions.
                    if table == "ModelsTable" and operation in {"PutItem", "UpdateItem"}:
                        operation = "TransactWriteItems"
                    expected.add((template().physical_name(table), operation))
    assert watched == expected


def test_an_alarm_adds_up_no_more_metrics_than_cloudwatch_allows():
    for alarm in template().resources("AWS::CloudWatch::Alarm").values():
        queries = alarm.get("Metrics", [])
        assert len(queries) <= 10
        assert [query["Id"] for query in queries if query.get("ReturnData", True)] == (["total"] if queries else [])


def test_throttled_requests_are_told_apart_by_the_access_log():
    (metric_filter,) = template().resources("AWS::Logs::MetricFilter").values()
    (api,) = template().resources("AWS::Serverless::Api").values()
    line = api["AccessLogSetting"]["Format"]
    assert metric_filter["LogGroupName"] == template().physical_name("AccessLogGroup")
    assert metric_filter["FilterPattern"] == '{ $.status = "429" }'
    assert '"status":"$context.status"' in line
    assert '"apiId":"$context.apiId"' in line


def test_the_dashboard_shows_every_alarm():
    (shown,) = [widget["properties"]["alarms"] for widget in widgets() if widget["type"] == "alarm"]
    assert len(shown) == len(set(shown)) == len(resources("AWS::CloudWatch::Alarm"))


def test_the_dashboard_fits_its_grid_without_overlap():
    taken = set()
    for widget in widgets():
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_latency_is_drawn_with_three_percentiles():
    for title in ("API: latency of all requests", "Predict: latency", "Fit: latency", "Detect: latency"):
        (widget,) = [widget for widget in widgets() if widget["properties"].get("title") == title]
        assert [row[-1]["stat"] for row in widget["properties"]["metrics"]] == ["p50", "p95", "p99"]


def test_outputs_tell_what_an_operator_needs():
    assert document()["Outputs"].keys() == {
        "ApiUrl",
        "GetApiKeyCommand",
        "ModelsTableName",
        "IdempotencyTableName",
        "DataBucketName",
        "DashboardUrl",
        "AlarmTopicArn",
    }
