from __future__ import annotations

import json

import pytest

from local.routes import read_api, read_routes
from tests.support.environment import ROOT
from tests.support.template import functions, template

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
        ("GET", "/plot", "PlotFunction"),
        ("GET", "/healthcheck", "HealthcheckFunction"),
        ("GET", "/health", "HealthcheckFunction"),
        ("GET", "/series", "HealthcheckFunction"),
        ("GET", "/series/{series_id}/versions", "HealthcheckFunction"),
        ("GET", "/docs", "HealthcheckFunction"),
        ("GET", "/openapi.json", "HealthcheckFunction"),
    }


def test_every_function_has_a_route_and_a_handler():
    served = {route.function.logical_id for route in routes()}
    assert served == functions().keys()
    for name in functions():
        folder = name.removesuffix("Function").lower()
        assert (ROOT / "functions" / folder / "handler.py").is_file(), folder


def test_every_route_but_health_and_docs_needs_an_api_key():
    assert {route.path for route in routes() if not route.api_key_required} == NO_KEY


def test_every_route_leads_to_the_one_api():
    for function in functions().values():
        for event in function["Events"].values():
            assert event["Properties"]["RestApiId"] == template().physical_name("TidewatchApi")


def test_the_api_is_traced_throttled_and_metered():
    (method,) = api()["MethodSettings"]
    plan = api()["Auth"]["UsagePlan"]
    assert api()["TracingEnabled"] is True
    assert (method["ResourcePath"], method["HttpMethod"]) == ("/*", "*")
    assert method["ThrottlingRateLimit"] > 0
    assert method["ThrottlingBurstLimit"] >= method["ThrottlingRateLimit"]
    assert plan["CreateUsagePlan"] == "PER_API"
    assert plan["Quota"]["Limit"] > 0


def test_no_log_holds_request_bodies():
    (method,) = api()["MethodSettings"]
    assert (method["LoggingLevel"], method["DataTraceEnabled"]) == ("OFF", False)


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
        ("INVALID_API_KEY", 403),
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
