from __future__ import annotations

import json

import pytest

from local.project import PROJECT
from local.sam.gateway import gateway_response, local_problem
from local.sam.routes import Api, GatewayResponse, read_api


@pytest.fixture(scope="module")
def api() -> Api:
    return read_api(PROJECT.read_template("eu-central-1"))


@pytest.mark.parametrize(
    ("kind", "status"),
    [("MISSING_AUTHENTICATION_TOKEN", 404), ("REQUEST_TOO_LARGE", 413), ("DEFAULT_5XX", 503)],
)
def test_the_templates_wording(api: Api, kind: str, status: int) -> None:
    response = gateway_response(api, kind, "/nowhere")
    headers = dict(response.headers)
    problem = json.loads(response.body)
    assert response.status == problem["status"] == status
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-amzn-errortype"] == kind.encode()
    assert {"type", "title", "status", "detail"} <= problem.keys()


def test_without_a_wording() -> None:
    plain = Api("dev", frozenset(), {})
    response = gateway_response(plain, "DEFAULT_5XX", "/x")
    assert response.status == 502
    assert json.loads(response.body) == {
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
        "detail": "Internal server error",
    }


def test_variables_and_the_general_response() -> None:
    text = '{"message": $context.error.messageString, "path": "$context.path", "what": "$context.error.responseType"}'
    api = Api("dev", frozenset(), {"DEFAULT_4XX": GatewayResponse(400, {"X-Y": "z"}, {"application/json": text})})
    response = gateway_response(api, "REQUEST_TOO_LARGE", '/a"b')
    assert response.status == 400
    assert (b"x-y", b"z") in response.headers
    assert json.loads(response.body) == {"message": "Request Too Long", "path": '/a"b', "what": "REQUEST_TOO_LARGE"}


def test_a_problem_of_the_stack_itself() -> None:
    response = local_problem(503, "Service Unavailable", "It does not import.")
    assert response.status == json.loads(response.body)["status"] == 503
    assert (b"retry-after", b"1") in response.headers
