from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.sam.functions import function_environment
from local.sam.routes import Function, Route, RouteTable, UnusableTemplate, read_api, read_routes
from local.sam.template import Template, load_template
from tests.support.environment import ROOT


@pytest.fixture(scope="module")
def template() -> Template:
    return Template(load_template(ROOT / "template.yaml"), "eu-central-1")


def test_the_templates_routes(template: Template) -> None:
    found = {
        (route.method, route.path): (route.function.logical_id, route.api_key_required)
        for route in read_routes(template, ROOT).routes
    }
    # All of them are named in tests/template/test_api.py.
    some = {
        ("POST", "/fit/{series_id}"): ("FitFunction", True),
        ("GET", "/series/{series_id}/versions/{version}"): ("HealthcheckFunction", True),
        ("DELETE", "/series/{series_id}"): ("ManageFunction", True),
        ("GET", "/health"): ("HealthcheckFunction", False),
    }
    assert some.items() <= found.items()


def test_the_templates_functions(template: Template) -> None:
    functions = [route.function for route in read_routes(template, ROOT).routes]
    for function in functions:
        assert function.module.is_file()
        assert function.timeout_seconds < 29
    environment = function_environment(functions)
    assert environment["STAGE"] == "dev"
    assert environment["TABLE_NAME"] == template.physical_name("ModelsTable")


def test_the_templates_api(template: Template) -> None:
    api = read_api(template)
    assert api.stage == "dev"
    assert api.binary_media_types == {"*/*"}
    assert api.gateway_responses["MISSING_AUTHENTICATION_TOKEN"].status == 404
    assert api.gateway_responses["REQUEST_TOO_LARGE"].headers == {"Content-Type": "application/problem+json"}


def test_a_literal_path_goes_before_a_parameter(function: Function) -> None:
    table = RouteTable(
        Route("GET", path, function, api_key_required=False) for path in ("/a/{x}", "/a/{x}/c", "/a/b", "/a/b/{y}")
    )

    def match(path: str) -> tuple[str, dict[str, str] | None] | None:
        found = table.match("GET", path)
        return (found[0].path, found[1]) if found else None

    assert match("/a/b") == ("/a/b", None)
    assert match("/a/z") == ("/a/{x}", {"x": "z"})
    assert match("/a/b/c") == ("/a/b/{y}", {"y": "c"})
    assert match("/a/z/c") == ("/a/{x}/c", {"x": "z"})


def test_parameters_keep_their_percent_encoding(route: Route) -> None:
    found = RouteTable([route]).match("POST", "/echo/a%2Fb%20c")
    assert found is not None
    assert found[1] == {"name": "a%2Fb%20c"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/echo/a"), ("POST", "/echo"), ("POST", "/echo/"), ("POST", "/echo/a/"), ("POST", "/"), ("POST", "/x/a")],
)
def test_what_is_no_route(route: Route, method: str, path: str) -> None:
    assert RouteTable([route]).match(method, path) is None


def _template(resources: dict[str, Any]) -> Template:
    return Template({"Resources": resources}, "eu-central-1")


def test_other_ways_to_write_a_template(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    template = _template(
        {
            "Api": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "v1"}},
            "Hello": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "app.main",
                    "CodeUri": "src",
                    "Environment": {"Variables": {"ON": True}},
                    "Events": {
                        "Get": {"Type": "Api", "Properties": {"Method": "get", "Path": "/hello"}},
                        "Daily": {"Type": "Schedule"},
                    },
                },
            },
            "TooLarge": {
                "Type": "AWS::ApiGateway::GatewayResponse",
                "Properties": {
                    "ResponseType": "REQUEST_TOO_LARGE",
                    "ResponseParameters": {"gatewayresponse.header.X-Why": "'size'"},
                },
            },
        }
    )
    (route,) = read_routes(template, tmp_path).routes
    assert (route.method, route.path, route.api_key_required) == ("GET", "/hello", False)
    assert route.function.module == tmp_path / "src" / "app.py"
    assert route.function.entry_point == "main"
    assert route.function.environment == {"ON": "true"}
    assert (route.function.timeout_seconds, route.function.memory_mb) == (3, 128)
    api = read_api(template)
    assert api.binary_media_types == set()
    assert api.gateway_responses["REQUEST_TOO_LARGE"].headers == {"X-Why": "size"}
    assert api.gateway_responses["REQUEST_TOO_LARGE"].status is None


def test_a_template_without_an_api_or_a_route() -> None:
    with pytest.raises(UnusableTemplate, match="expected one AWS::Serverless::Api, found 0"):
        read_api(_template({}))
    with pytest.raises(UnusableTemplate, match="no AWS::Serverless::Function has an event"):
        read_routes(_template({}), ROOT)


def test_functions_must_agree_on_a_variable(function: Function) -> None:
    one = Function("A", "a", function.module, "main", {"X": "1", "Y": "2"}, 3, 128)
    other = Function("B", "b", function.module, "main", {"X": "2"}, 3, 128)
    with pytest.raises(UnusableTemplate, match="X differs between functions: '1' and '2'"):
        function_environment([one, other])
