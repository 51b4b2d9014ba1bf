from __future__ import annotations

import json
import re

import pytest
from tidewatch.telemetry import DIMENSION_SETS, NAMESPACE, SERVICE, Metric

from local.sam.routes import read_routes
from tests.support.environment import ROOT
from tests.support.template import (
    AUTHORIZERS,
    SCHEDULED,
    document,
    functions,
    metrics_of_alarms,
    metrics_of_dashboard,
    resources,
    template,
    template_with,
    widgets,
)

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
USES = [*metrics_of_alarms(), *metrics_of_dashboard()]

# What AWS's services emit, and under which dimensions, as far as it is used here.
AWS_METRICS = {
    ("AWS/ApiGateway", frozenset({"ApiName", "Stage"})): {"Count", "4XXError", "5XXError", "Latency"},
    ("AWS/Lambda", frozenset({"FunctionName"})): {"Duration", "Errors", "Throttles", "Invocations"},
    ("AWS/DynamoDB", frozenset({"TableName"})): {
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "TransactionConflict",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    },
    ("AWS/DynamoDB", frozenset({"TableName", "GlobalSecondaryIndexName"})): {
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    },
    ("AWS/SQS", frozenset({"QueueName"})): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
    },
    ("AWS/DynamoDB", frozenset({"TableName", "Operation"})): {"SuccessfulRequestLatency", "SystemErrors"},
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
        "TableName": {names(table) for table in resources("AWS::DynamoDB::Table")},
        "QueueName": {names("JobsQueue"), names("JobsDeadLetterQueue")},
        "GlobalSecondaryIndexName": {index for _, index in tables_and_indexes()},
        "Operation": {"GetItem", "Query", "TransactWriteItems"},
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
        ("AWS/DynamoDB", "ReadThrottleEvents"),
        ("AWS/DynamoDB", "WriteThrottleEvents"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        (NAMESPACE, Metric.JOBS_FAILED),
        (NAMESPACE, Metric.INFERENCE_LATENCY),
        (NAMESPACE, Metric.STORAGE_FAILURES),
        (NAMESPACE, Metric.UNHANDLED_ERRORS),
        (NAMESPACE, Metric.DATA_CORRUPTED),
    }


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_alarms_watch_every_function(metric):
    watched = {use.dimensions["FunctionName"] for use in metrics_of_alarms() if use.name == metric}
    # Lambda repeats a scheduled invocation that it turned away, for hours.
    spared = SCHEDULED if metric == "Throttles" else set()
    assert watched == {functions()[name]["FunctionName"] for name in functions().keys() - spared}


@pytest.mark.parametrize(("metric", "dimension"), [("Errors", "FunctionName"), ("ColdStart", "function_name")])
def test_the_dashboard_shows_every_function(metric, dimension):
    uses = [use for use in metrics_of_dashboard() if use.name == metric and dimension in use.dimensions]
    # What has no route counts no cold starts.
    spared = SCHEDULED | AUTHORIZERS if metric == "ColdStart" else set()
    shown = {functions()[name]["FunctionName"] for name in functions().keys() - spared}
    assert {use.dimensions[dimension] for use in uses} == shown


def tables_and_indexes():
    """Every table, and every index with its table; a table by itself has no index."""
    for name, table in template().resources("AWS::DynamoDB::Table").items():
        for index in [None, *(each["IndexName"] for each in table.get("GlobalSecondaryIndexes", []))]:
            yield template().physical_name(name), index


INDEXES_OF_LISTS = (("TenantsTable", "Tenants"), ("JobsTable", "JobsByTenant"))


@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
def test_alarms_watch_every_table_and_index(metric):
    watched = {
        (use.dimensions["TableName"], use.dimensions.get("GlobalSecondaryIndexName"))
        for use in metrics_of_alarms()
        if use.name == metric
    }
    # A metric of an alarm costs as much as 160,000 writes. What an index for lists turns away fails a request, and
    # StorageFailuresAlarm sees that; the index of series is written with every first fit.
    unwatched = {(template().physical_name(table), index) for table, index in INDEXES_OF_LISTS}
    assert watched == set(tables_and_indexes()) - unwatched


def breaches(alarm, period):
    """Whether what was measured in one period is beyond an alarm's threshold."""
    (expression,) = [query["Expression"] for query in alarm.get("Metrics", []) if "Expression" in query] or ["value"]
    if expression == "SUM(METRICS())":
        value = period["value"]
    else:
        names = {"IF": lambda condition, yes, no: yes if condition else no}
        value = eval(expression.replace(" AND ", " and "), names, period)  # noqa: S307 - the template's own expressions
    limit = float(alarm["Threshold"])
    return value > limit if alarm["ComparisonOperator"] == "GreaterThanThreshold" else value >= limit


def pages(name, *periods):
    """Whether an alarm goes off at these periods, of which the last ones count; a number is what was counted."""
    alarm = template().resources("AWS::CloudWatch::Alarm")[name]
    window = alarm["EvaluationPeriods"]
    known = [each if isinstance(each, dict) else {"value": each} for each in periods[-window:]]
    return sum(breaches(alarm, each) for each in known) >= alarm.get("DatapointsToAlarm", window)


@pytest.mark.parametrize("name", ["UnhandledErrorsAlarm", "DataCorruptedAlarm"])
def test_a_defect_and_corrupted_data_page_at_the_first(name):
    assert pages(name, 1)
    assert not pages(name, 0)


def test_one_request_that_fails_or_is_slow_pages_nobody():
    assert not pages("FunctionErrorsAlarm", 1)
    assert not pages("FunctionErrorsAlarm", 2)
    assert not pages("StorageFailuresAlarm", 0, 0, 1)
    assert not pages("FunctionThrottlesAlarm", 0, 0, 100)
    assert not pages("ApiServerErrorsAlarm", {"errors": 1, "requests": 1})
    for name in ("ApiLatencyAlarm", "PredictLatencyAlarm"):
        slow, few = {"latency": 25_000, "requests": 200}, {"latency": 25_000, "requests": 19}
        assert not pages(name, {"latency": 10, "requests": 200}, slow, slow)
        assert not pages(name, few, few, few)


def test_what_lasts_or_hits_many_pages():
    assert pages("FunctionErrorsAlarm", 3)
    assert pages("StorageFailuresAlarm", 1, 0, 1)
    assert pages("FunctionThrottlesAlarm", 5, 5)
    assert pages("DynamoDbThrottlesAlarm", 50, 0, 50)
    assert pages("ApiThrottlesAlarm", 50, 50)
    assert pages("ApiServerErrorsAlarm", {"errors": 5, "requests": 500})
    assert not pages("ApiServerErrorsAlarm", {"errors": 5, "requests": 501})
    for name in ("ApiLatencyAlarm", "PredictLatencyAlarm"):
        slow = {"latency": 25_000, "requests": 20}
        assert pages(name, slow, slow, slow)


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
    # What strangers send to the routes without a key wakes nobody.
    public = [route.path for route in read_routes(template(), ROOT).routes if not route.api_key_required]
    others = "".join(f' && ($.route != "{path}")' for path in sorted(public))
    assert metric_filter["FilterPattern"] == f'{{ ($.status = "429"){others} }}'
    assert '"status":"$context.status"' in line
    assert '"route":"$context.resourcePath"' in line
    assert '"apiId":"$context.apiId"' in line


def test_operations_says_what_to_do_about_every_alarm():
    told = re.findall(r"^\| (\w+Alarm) \|", OPERATIONS, flags=re.MULTILINE)
    assert sorted(told) == sorted(resources("AWS::CloudWatch::Alarm"))


def test_operations_names_the_fields_of_the_access_log_as_they_are():
    (api,) = template().resources("AWS::Serverless::Api").values()
    (listed,) = re.findall(r"one line of JSON for each request:(.*?) among others", OPERATIONS, flags=re.DOTALL)
    queried = re.findall(r"filter status = .* by (.*)$", OPERATIONS, flags=re.MULTILINE)
    told = {*re.findall(r"`(\w+)`", listed), *queried[0].split(", ")}
    assert told <= json.loads(api["AccessLogSetting"]["Format"]).keys()


def test_the_dashboard_can_be_left_out():
    assert not template_with(WithDashboard="false").resources("AWS::CloudWatch::Dashboard")
    assert document()["Outputs"]["DashboardUrl"]["Condition"] == document()["Resources"]["Dashboard"]["Condition"]


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
        "TenantsTableName",
        "IdempotencyTableName",
        "JobsTableName",
        "ObservationsTableName",
        "StreamsTableName",
        "JobsQueueUrl",
        "JobsDeadLetterQueueArn",
        "AuditBucketName",
        "DataBucketName",
        "DashboardUrl",
        "AlarmTopicArn",
    }
