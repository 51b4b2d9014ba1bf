"""What API Gateway makes of an authorizer's answer."""

from __future__ import annotations

from typing import Any

import pytest

from local.sam.authorizer import IdentitySources, MalformedPolicy, allowed_context, authorizer_event
from local.sam.gateway import HttpRequest, to_event
from local.sam.routes import Function, Route, UnusableTemplate, read_routes
from local.sam.template import Template
from tests.support.environment import REGION, ROOT

METHOD = "arn:aws:execute-api:local:123456789012:local/dev/GET/series/cpu"


def answer(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": list(statements)}, **more}


def statement(effect: str, resource: Any = METHOD, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement("Allow")], True),
        ([statement("Deny")], False),
        ([statement("Allow"), statement("Deny")], False),
        ([statement("Allow", "arn:aws:execute-api:*/dev/GET/*")], True),
        ([statement("Allow", METHOD[:-1] + "?")], True),
        ([statement("Allow", ["arn:nothing", "*"], ["x:*", "execute-api:*"])], True),
        ([statement("Allow", METHOD + "/versions")], False),
        ([statement("Allow", METHOD.replace("GET", "POST"))], False),
        ([statement("Allow", action="lambda:InvokeFunction")], False),
        ([statement("Allow"), statement("Deny", METHOD.replace("cpu", "disk"))], True),
    ],
)
def test_a_policy_is_read_as_iam_reads_it(statements: list[dict[str, Any]], allowed: bool) -> None:
    assert (allowed_context(answer(*statements), METHOD) is not None) == allowed


def test_the_context_is_handed_on_as_texts() -> None:
    found = allowed_context(answer(statement("Allow"), context={"a": 1, "b": True, "c": "x"}), METHOD)
    assert found == {"principalId": "me", "integrationLatency": 0, "a": "1", "b": "true", "c": "x"}


@pytest.mark.parametrize(
    "returned",
    [
        None,
        "Allow",
        {},
        {"principalId": "me"},
        answer(),
        answer(statement("Allow"), context={"a": []}),
        {**answer(statement("Allow")), "principalId": 1},
    ],
)
def test_what_is_no_policy_is_told(returned: object) -> None:
    with pytest.raises(MalformedPolicy):
        allowed_context(returned, METHOD)


def test_an_authorizer_sees_the_request_without_its_body(route: Route) -> None:
    headers = [(b"host", b"127.0.0.1:3000"), (b"x-api-key", b"secret")]
    request = HttpRequest("POST", "/echo/a%20b", "q=1", headers, b"body")
    asked = authorizer_event(to_event(request, route, {"name": "a%20b"}, "dev", binary=True))
    assert (asked["type"], asked["headers"]["X-Api-Key"]) == ("REQUEST", "secret")
    assert asked["methodArn"] == "arn:aws:execute-api:local:123456789012:local/dev/POST/echo/a%20b"
    assert "body" not in asked
    assert IdentitySources().are_in(asked)
    assert IdentitySources(frozenset({"x-api-key"}), frozenset({"q"})).are_in(asked)
    assert not IdentitySources(frozenset({"authorization"})).are_in(asked)
    assert not IdentitySources(query=frozenset({"other"})).are_in(asked)


def template_with(**authorizer: Any) -> Template:
    function = {"Handler": "app.handler", "CodeUri": "code/"}
    event = {"Type": "Api", "Properties": {"Method": "GET", "Path": "/one"}}
    public = {"Type": "Api", "Properties": {"Method": "GET", "Path": "/two", "Auth": {"Authorizer": "NONE"}}}
    auth = {"DefaultAuthorizer": "Mine", "Authorizers": {"Mine": authorizer}}
    kind = "AWS::Serverless::Function"
    resources = {
        "Api": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "dev", "Auth": auth}},
        "Served": {"Type": kind, "Properties": function | {"Events": {"One": event, "Two": public}}},
        "Guard": {"Type": kind, "Properties": function},
    }
    return Template({"Resources": resources}, REGION)


@pytest.mark.parametrize("reference", [{"Ref": "Guard.Alias"}, {"Fn::GetAtt": ["Guard", "Arn"]}])
def test_the_authorizer_of_a_route_is_read_from_the_template(reference: dict[str, Any]) -> None:
    identity = {"Headers": ["X-Key"], "ReauthorizeEvery": 0}
    template = template_with(FunctionArn=reference, FunctionPayloadType="REQUEST", Identity=identity)
    one, two = read_routes(template, ROOT).routes
    assert one.authorizer is not None
    assert isinstance(one.authorizer.function, Function)
    assert one.authorizer.function.logical_id == "Guard"
    assert one.authorizer.identity == IdentitySources(frozenset({"x-key"}))
    assert two.authorizer is None


@pytest.mark.parametrize(
    "authorizer",
    [
        {"FunctionArn": {"Ref": "Guard.Alias"}},
        {"FunctionArn": {"Ref": "Guard.Alias"}, "FunctionPayloadType": "TOKEN"},
        {"FunctionArn": "arn:aws:lambda:eu-central-1:1:function:far", "FunctionPayloadType": "REQUEST"},
    ],
)
def test_an_authorizer_that_cannot_be_asked_here_is_refused(authorizer: dict[str, Any]) -> None:
    with pytest.raises(UnusableTemplate, match="Mine"):
        read_routes(template_with(**authorizer), ROOT)
