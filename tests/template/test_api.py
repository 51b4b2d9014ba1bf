from __future__ import annotations

import json
from collections import Counter

import pytest
from tidewatch.api.drift_watch import WATCH_DRIFT
from tidewatch.tenancy import Tier

from local.sam.routes import read_api, read_routes
from tests.support.environment import ROOT
from tests.support.template import AUTHORIZERS, SCHEDULED, document, functions, resources, template, template_with

NO_KEY = {"/health", "/docs"}


def routes():
    return read_routes(template(), ROOT).routes


def gateway_responses():
    return read_api(template()).gateway_responses


def api():
    (properties,) = template().resources("AWS::Serverless::Api").values()
    return properties


def test_the_contract_has_its_routes_and_each_its_function():
    assert {(route.method, route.path, route.function.logical_id) for route in routes()} == {
        ("POST", "/fit/{series_id}", "FitFunction"),
        ("POST", "/predict/{series_id}", "PredictFunction"),
        ("POST", "/detect", "DetectFunction"),
        ("POST", "/predict", "DetectFunction"),
        ("POST", "/anomalydetector/v1.1/timeseries/entire/detect", "DetectFunction"),
        ("POST", "/anomalydetector/v1.1/timeseries/last/detect", "DetectFunction"),
        ("POST", "/anomalydetector/v1.1/timeseries/changepoint/detect", "DetectFunction"),
        ("POST", "/points", "IngestFunction"),
        ("POST", "/series/{series_id}/points", "IngestFunction"),
        ("GET", "/series/{series_id}/points", "IngestFunction"),
        ("GET", "/plot", "PlotFunction"),
        ("GET", "/healthcheck", "HealthcheckFunction"),
        ("GET", "/health", "HealthcheckFunction"),
        ("GET", "/series", "HealthcheckFunction"),
        ("POST", "/series", "HealthcheckFunction"),
        ("GET", "/series/{series_id}/versions", "HealthcheckFunction"),
        ("GET", "/series/{series_id}", "HealthcheckFunction"),
        ("GET", "/series/{series_id}/versions/{version}", "HealthcheckFunction"),
        ("POST", "/series/{series_id}/versions/{version}/reproduce", "ManageFunction"),
        ("POST", "/series/{series_id}/evaluations", "ManageFunction"),
        ("GET", "/series/{series_id}/evaluations/{job_id}", "ManageFunction"),
        ("GET", "/series/{series_id}/evaluations/{job_id}/plot", "PlotFunction"),
        ("GET", "/jobs", "ManageFunction"),
        ("GET", "/jobs/{job_id}", "ManageFunction"),
        ("DELETE", "/jobs/{job_id}", "ManageFunction"),
        ("DELETE", "/series/{series_id}", "ManageFunction"),
        ("DELETE", "/series/{series_id}/versions/{version}", "ManageFunction"),
        ("GET", "/series/{series_id}/champion", "ManageFunction"),
        ("PUT", "/series/{series_id}/champion", "ManageFunction"),
        ("GET", "/series/{series_id}/champion/history", "ManageFunction"),
        ("PUT", "/series/{series_id}/challenger", "ManageFunction"),
        ("DELETE", "/series/{series_id}/challenger", "ManageFunction"),
        ("PUT", "/series/{series_id}/monitoring", "ManageFunction"),
        ("GET", "/series/{series_id}/audit", "ManageFunction"),
        ("POST", "/series/{series_id}/audit/exports", "ManageFunction"),
        ("GET", "/series/{series_id}/comparison", "ManageFunction"),
        ("GET", "/series/{series_id}/drift", "ManageFunction"),
        ("POST", "/series/{series_id}/retrain", "ManageFunction"),
        ("POST", "/series/{series_id}/labels", "ManageFunction"),
        ("GET", "/series/{series_id}/audit/verification", "ManageFunction"),
        ("POST", "/tenants", "AdminFunction"),
        ("GET", "/tenants", "AdminFunction"),
        ("GET", "/tenants/{tenant_id}", "AdminFunction"),
        ("PATCH", "/tenants/{tenant_id}", "AdminFunction"),
        ("DELETE", "/tenants/{tenant_id}", "AdminFunction"),
        ("POST", "/tenants/{tenant_id}/keys", "AdminFunction"),
        ("GET", "/tenants/{tenant_id}/keys", "AdminFunction"),
        ("GET", "/tenants/{tenant_id}/keys/{key_id}", "AdminFunction"),
        ("DELETE", "/tenants/{tenant_id}/keys/{key_id}", "AdminFunction"),
        ("POST", "/tenants/{tenant_id}/keys/{key_id}/rotation", "AdminFunction"),
        ("GET", "/docs", "HealthcheckFunction"),
        ("GET", "/openapi.json", "HealthcheckFunction"),
    }


def test_every_function_has_a_route_and_a_handler():
    served = {route.function.logical_id for route in routes()}
    assert served == functions().keys() - SCHEDULED - AUTHORIZERS
    for name in functions():
        folder = name.removesuffix("Function").lower()
        assert (ROOT / "functions" / folder / "handler.py").is_file(), folder


def test_every_route_but_health_and_docs_needs_an_api_key():
    assert {route.path for route in routes() if not route.api_key_required} == NO_KEY
    for route in routes():
        asked = route.authorizer.function.logical_id if route.authorizer else None
        assert asked == (None if route.path in NO_KEY else "AuthorizerFunction")


def test_the_authorizer_is_asked_about_each_request_whatever_headers_it_has():
    assert api()["ApiKeySourceType"] == "AUTHORIZER"
    # The authorizer relies on it until the stack's own key is registered.
    assert api()["Auth"]["ApiKeyRequired"] is True
    (authorizer,) = api()["Auth"]["Authorizers"].values()
    assert authorizer["FunctionPayloadType"] == "REQUEST"
    assert authorizer["Identity"] == {"ReauthorizeEvery": 0}


def test_the_stack_stays_within_what_aws_allows():
    by_level = {}
    for route in routes():
        for level, segment in enumerate(route.segments):
            if segment.startswith("{"):
                by_level.setdefault(route.segments[:level], set()).add(segment)
    assert all(len(names) == 1 for names in by_level.values()), "API Gateway takes one variable name per path level"
    served = Counter(route.function.logical_id for route in routes())
    assert max(served.values()) < 40, "the policy of a function, which names its routes, is bounded"
    paths = {route.segments[: level + 1] for route in routes() for level in range(len(route.segments))}
    assert len(paths) < 300, "an API has 300 resources"
    # SAM makes four of a function (function, version, alias, role), one of each route, and a few of the API.
    made = len(document()["Resources"]) + 3 * len(functions()) + len(routes()) + 10
    assert made < 450, "a stack has 500 resources"


def test_garbage_is_collected_once_a_day_unless_somebody_stops_it():
    for state in ("ENABLED", "DISABLED"):
        resolved = template_with(GarbageCollection=state).resources("AWS::Serverless::Function")
        event = resolved["CollectFunction"]["Events"]["Daily"]
        assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 day)")
        assert event["Properties"]["State"] == state
    assert document()["Parameters"]["GarbageCollection"]["Default"] == "ENABLED"


def test_drift_is_looked_for_more_often_than_its_alarm_looks_back():
    event = functions()["CollectFunction"]["Events"]["DriftWatch"]["Properties"]
    assert json.loads(event["Input"]) == {"task": WATCH_DRIFT}
    hours = int(event["Schedule"].removeprefix("rate(").removesuffix(" hours)"))
    assert 2 * 3_600 * hours <= resources("AWS::CloudWatch::Alarm")["DriftAlarm"]["Properties"]["Period"]


def test_every_route_leads_to_the_one_api():
    for name in functions().keys() - SCHEDULED - AUTHORIZERS:
        for event in functions()[name]["Events"].values():
            assert event["Properties"]["RestApiId"] == template().physical_name("TidewatchApi")


def limits():
    """The stage's settings by path and method."""
    return {(each["ResourcePath"], each["HttpMethod"]): each for each in api()["MethodSettings"]}


def test_the_api_is_traced_throttled_and_metered():
    stage = limits()["/*", "*"]
    plan = api()["Auth"]["UsagePlan"]
    assert api()["TracingEnabled"] is True
    assert stage["ThrottlingRateLimit"] > 0
    assert stage["ThrottlingBurstLimit"] >= stage["ThrottlingRateLimit"]
    assert plan["CreateUsagePlan"] == "PER_API"
    assert plan["Quota"]["Limit"] > 0


def test_no_key_can_take_all_that_the_stage_takes():
    stage, key = limits()["/*", "*"], api()["Auth"]["UsagePlan"]["Throttle"]
    assert key["RateLimit"] <= stage["ThrottlingRateLimit"] / 2
    assert key["BurstLimit"] <= stage["ThrottlingBurstLimit"] / 2


def test_a_tier_is_a_usage_plan_of_the_stage_by_its_name():
    large = document()["Resources"]["LargeUsagePlan"]["Properties"]
    plan = api()["Auth"]["UsagePlan"]
    names = {plan["UsagePlanName"], template().resolve(large["UsagePlanName"])}
    assert names == {f"local-{tier.value}" for tier in Tier}
    assert large["ApiStages"] == [{"ApiId": {"Ref": "TidewatchApi"}, "Stage": {"Ref": "TidewatchApi.Stage"}}]
    limits = template().resolve(large["Throttle"]) | template().resolve(large["Quota"])
    assert limits["RateLimit"] >= plan["Throttle"]["RateLimit"]
    assert limits["Limit"] >= plan["Quota"]["Limit"]


def test_strangers_have_low_limits_of_their_own():
    own = limits()
    stage = own.pop(("/*", "*"))
    # API Gateway takes a path as in a JSON pointer, behind the first slash.
    assert own.keys() == {(f"/~1{path.removeprefix('/')}", "GET") for path in NO_KEY}
    for limit in own.values():
        assert limit["ThrottlingRateLimit"] <= stage["ThrottlingRateLimit"] / 20
        assert limit["ThrottlingBurstLimit"] <= stage["ThrottlingBurstLimit"] / 20


def test_no_log_holds_request_bodies():
    for limit in limits().values():
        assert (limit["LoggingLevel"], limit["DataTraceEnabled"]) == ("OFF", False)


def test_pictures_leave_as_bytes_for_every_client():
    assert read_api(template()).binary_media_types == {"*/*"}


def test_access_log_lines_are_json():
    line = api()["AccessLogSetting"]["Format"]
    assert "\n" not in line
    # What a request lacks is a bare dash: every value must stand in quotes.
    entry = json.loads(line.replace("$context.", "-"))
    assert {"requestId", "status", "route", "latencyMs", "apiId"} <= entry.keys()


@pytest.mark.parametrize("kind", sorted(gateway_responses()))
def test_the_gateway_answers_with_problem_details(kind):
    response = gateway_responses()[kind]
    (body,) = response.templates.values()
    problem = json.loads(body)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert problem["status"] == response.status
    assert problem["type"] == "about:blank" or problem["type"].startswith("urn:tidewatch:problem:")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("INVALID_API_KEY", 401),
        ("ACCESS_DENIED", 401),
        ("UNAUTHORIZED", 401),
        ("MISSING_AUTHENTICATION_TOKEN", 404),
        ("RESOURCE_NOT_FOUND", 404),
        ("REQUEST_TOO_LARGE", 413),
        ("UNSUPPORTED_MEDIA_TYPE", 415),
        ("THROTTLED", 429),
        ("QUOTA_EXCEEDED", 429),
        ("INTEGRATION_TIMEOUT", 504),
        ("DEFAULT_4XX", 400),
        ("DEFAULT_5XX", 503),
    ],
)
def test_the_gateway_answers_with_the_right_status(kind, status):
    response = gateway_responses()[kind]
    assert response.status == status
    assert ("Retry-After" in response.headers) == (status in {429, 503, 504})
