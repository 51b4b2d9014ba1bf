from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.sam.gateway import (
    MAX_PAYLOAD_BYTES,
    HttpRequest,
    MalformedResponse,
    PayloadTooLarge,
    from_proxy_response,
    to_event,
)
from local.sam.routes import Route

# As the API Gateway Developer Guide lists them under "Input format of a Lambda function for proxy integration".
EVENT_KEYS = {
    "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
    "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded",
}  # fmt: skip
CONTEXT_KEYS = {
    "accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod", "identity",
    "path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage",
}  # fmt: skip
IDENTITY_KEYS = {
    "accessKey", "accountId", "apiKey", "apiKeyId", "caller", "cognitoAuthenticationProvider",
    "cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user",
    "userAgent", "userArn",
}  # fmt: skip

HEADERS = [
    (b"host", b"127.0.0.1:3000"),
    (b"content-type", b"application/json"),
    (b"accept", b"text/html"),
    (b"accept", b"image/png"),
    (b"x-api-key", b"secret"),
    (b"user-agent", b"curl/8"),
]


def request(**changes: Any) -> HttpRequest:
    given = {"method": "POST", "path": "/echo/a%20b", "query": "", "headers": HEADERS, "body": b"", **changes}
    return HttpRequest(**given)


def event_of(route: Route, **changes: Any) -> dict[str, Any]:
    return to_event(request(**changes), route, {"name": "a%20b"}, "dev", binary=True)


def test_the_shape_of_the_event(route: Route) -> None:
    event = event_of(route)
    assert event.keys() == EVENT_KEYS
    assert event["requestContext"].keys() == CONTEXT_KEYS
    assert event["requestContext"]["identity"].keys() == IDENTITY_KEYS
    # A function gets JSON.
    assert json.loads(json.dumps(event)) == event


def test_path_and_resource(route: Route) -> None:
    event = event_of(route)
    assert event["path"] == "/echo/a%20b"
    assert event["resource"] == "/echo/{name}"
    assert event["pathParameters"] == {"name": "a%20b"}
    context = event["requestContext"]
    assert (context["path"], context["resourcePath"]) == ("/echo/a%20b", "/echo/{name}")
    assert (context["stage"], context["httpMethod"], context["protocol"]) == ("dev", "POST", "HTTP/1.1")


def test_headers(route: Route) -> None:
    event = event_of(route)
    assert event["multiValueHeaders"]["Accept"] == ["text/html", "image/png"]
    assert event["headers"]["Accept"] == "image/png"
    assert event["headers"]["Content-Type"] == "application/json"
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["headers"]["X-Forwarded-Port"] == "3000"
    identity = event["requestContext"]["identity"]
    assert (identity["apiKey"], identity["userAgent"]) == ("secret", "curl/8")


def test_the_query(route: Route) -> None:
    event = event_of(route, query="a=1&a=2&b=x%20y&c=")
    assert event["queryStringParameters"] == {"a": "2", "b": "x y", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["x y"], "c": [""]}
    event = event_of(route)
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None


def test_a_body_is_base64_where_the_api_is_binary(route: Route) -> None:
    event = event_of(route, body=b"\xff\x00")
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)
    event = to_event(request(body="é".encode()), route, None, "dev", binary=False)
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)
    event = event_of(route)
    assert (event["body"], event["isBase64Encoded"]) == (None, False)


def test_every_request_has_its_own_id_and_time(route: Route) -> None:
    first, second = (event_of(route)["requestContext"] for _ in range(2))
    assert first["requestId"] != second["requestId"]
    assert first["requestTime"].endswith(" +0000")
    assert first["requestTimeEpoch"] > 1_700_000_000_000


def test_the_limit_of_an_event(route: Route) -> None:
    overhead = len(json.dumps(event_of(route, body=b"x"), ensure_ascii=False)) - 4
    largest = (MAX_PAYLOAD_BYTES - overhead) // 4 * 3
    assert len(json.dumps(event_of(route, body=bytes(largest)))) <= MAX_PAYLOAD_BYTES
    with pytest.raises(PayloadTooLarge):
        event_of(route, body=bytes(largest + 3))


def test_a_response() -> None:
    response = from_proxy_response(
        {
            "statusCode": 200,
            "headers": {"Content-Type": "text/plain", "X-A": "single", "Content-Length": "99"},
            "multiValueHeaders": {"X-A": ["one", "two"]},
            "body": "é",
        },
        "the-id",
    )
    assert response.status == 200
    assert response.body == "é".encode()
    assert sorted(response.headers) == [
        (b"content-type", b"text/plain"),
        (b"x-a", b"one"),
        (b"x-a", b"two"),
        (b"x-amzn-requestid", b"the-id"),
    ]


def test_a_binary_response() -> None:
    body = base64.b64encode(b"\x89PNG").decode()
    assert from_proxy_response({"statusCode": "200", "body": body, "isBase64Encoded": True}, "").body == b"\x89PNG"
    assert from_proxy_response({"statusCode": 204}, "").body == b""


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (None, "returned NoneType"),
        ("text", "returned str"),
        ({}, "statusCode is None"),
        ({"statusCode": True}, "statusCode is True"),
        ({"statusCode": "2xx"}, "statusCode is '2xx'"),
        ({"statusCode": 99}, "statusCode is 99"),
        ({"statusCode": 200, "cookies": []}, "unknown keys: cookies"),
        ({"statusCode": 200, "body": {"a": 1}}, "body is dict"),
        ({"statusCode": 200, "headers": []}, None),
        ({"statusCode": 200, "headers": [1]}, "must be objects"),
        ({"statusCode": 200, "headers": {"a": None}}, "header a"),
        ({"statusCode": 200, "multiValueHeaders": {"a": "b"}}, "multiValueHeaders.a is not an array"),
        ({"statusCode": 200, "body": "no base64!", "isBase64Encoded": True}, "not base64"),
        ({"statusCode": 200, "body": "x" * MAX_PAYLOAD_BYTES}, "larger than"),
        ({"statusCode": 200, "body": "é" * (MAX_PAYLOAD_BYTES // 2)}, "larger than"),
    ],
)
def test_malformed_responses(response: Any, why: str | None) -> None:
    if why is None:
        assert from_proxy_response(response, "").status == 200
        return
    with pytest.raises(MalformedResponse, match=why):
        from_proxy_response(response, "")
