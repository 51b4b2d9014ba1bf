"""The functions and routes that a template declares, and the matching of a request to a route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.sam.authorizer import IdentitySources
from local.sam.template import Template

_FUNCTION = "AWS::Serverless::Function"
_API = "AWS::Serverless::Api"
_DEFAULT_TIMEOUT_SECONDS = 3
_DEFAULT_MEMORY_MB = 128


class UnusableTemplate(ValueError):
    """The template has something that the stack on one machine cannot serve; the message says what."""


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function of the template."""

    logical_id: str
    name: str
    module: Path
    """The file of its handler, absolute."""
    entry_point: str
    environment: Mapping[str, str]
    timeout_seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda function that is asked whether a request may pass."""

    function: Function
    identity: IdentitySources


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and the function behind it."""

    method: str
    path: str
    """As in the template, such as ``/fit/{series_id}``."""
    function: Function
    api_key_required: bool
    authorizer: Authorizer | None = None
    """Who is asked first."""
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.path.strip("/").split("/")))


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """What API Gateway itself answers for one of its response types; ``None`` where the template sets nothing."""

    status: int | None
    headers: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Api:
    """The REST API of the template."""

    stage: str
    binary_media_types: frozenset[str]
    gateway_responses: Mapping[str, GatewayResponse]


class RouteTable:
    """Finds the route of a request. A literal path goes before one with parameters, as in API Gateway."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._literal = {(route.method, route.path): route for route in self.routes if "{" not in route.path}
        self._patterns = sorted(
            (route for route in self.routes if "{" in route.path),
            key=lambda route: [segment.startswith("{") for segment in route.segments],
        )

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str] | None] | None:
        """The route of a raw path and its path parameters, which keep their percent-encoding; None if there is none."""
        literal = self._literal.get((method, path))
        if literal is not None:
            return literal, None
        segments = path[1:].split("/")
        for route in self._patterns:
            if route.method == method and len(route.segments) == len(segments):
                parameters = _bind(route.segments, segments)
                if parameters is not None:
                    return route, parameters
        return None

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str] | None]:
        """The route of a raw path that is known to have one.

        Raises:
            UnusableTemplate: if it has none after all.
        """
        matched = self.match(method, path)
        if matched is None:
            raise UnusableTemplate(f"no route for {method} {path}")
        return matched


def _bind(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    parameters = {}
    for wanted, found in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not found:
                return None
            parameters[wanted[1:-1]] = found
        elif wanted != found:
            return None
    return parameters


def read_api(template: Template) -> Api:
    """The one REST API of the template.

    Raises:
        UnusableTemplate: if it has none or several.
    """
    apis = template.resources(_API)
    if len(apis) != 1:
        raise UnusableTemplate(f"expected one {_API}, found {len(apis)}")
    properties = template.global_properties("Api") | next(iter(apis.values()))
    return Api(
        stage=str(properties["StageName"]),
        # A slash is written as ~1 there, as in a JSON pointer.
        binary_media_types=frozenset(t.replace("~1", "/") for t in properties.get("BinaryMediaTypes", [])),
        gateway_responses=_gateway_responses(template, properties),
    )


def _gateway_responses(template: Template, properties: Mapping[str, Any]) -> dict[str, GatewayResponse]:
    found = {}
    for name, response in (properties.get("GatewayResponses") or {}).items():
        headers = (response.get("ResponseParameters") or {}).get("Headers") or {}
        found[name] = _gateway_response(response, headers)
    for response in template.resources("AWS::ApiGateway::GatewayResponse").values():
        prefix = "gatewayresponse.header."
        headers = {k.removeprefix(prefix): v for k, v in (response.get("ResponseParameters") or {}).items()}
        found[response["ResponseType"]] = _gateway_response(response, headers)
    return found


def _gateway_response(response: Mapping[str, Any], headers: Mapping[str, str]) -> GatewayResponse:
    status = response.get("StatusCode")
    return GatewayResponse(
        status=int(status) if status else None,
        # A literal header value stands in single quotes.
        headers={name: str(value).strip("'") for name, value in headers.items()},
        templates=response.get("ResponseTemplates") or {},
    )


def read_functions(template: Template, root: Path) -> dict[str, Function]:
    """Every function of the template by logical id, also those without a route.

    Args:
        template: the template.
        root: the folder that code paths start from.
    """
    shared = template.global_properties("Function")
    return {
        logical_id: _function(logical_id, template.physical_name(logical_id), shared, properties, root)
        for logical_id, properties in template.resources(_FUNCTION).items()
    }


def read_routes(template: Template, root: Path) -> RouteTable:
    """Every route of the template; ``root`` is the folder that code paths start from.

    Events of other types, such as schedules, are left out: they do not fire on this machine.

    Raises:
        UnusableTemplate: if no function has a route.
    """
    functions = read_functions(template, root)
    shared = _auth(template.global_properties("Api"), template.resources(_API))
    authorizers = _authorizers(shared, functions)
    routes = []
    for logical_id, properties in template.resources(_FUNCTION).items():
        for event in (properties.get("Events") or {}).values():
            if event["Type"] != "Api":
                continue
            api_event = event["Properties"]
            auth = shared | (api_event.get("Auth") or {})
            method, path = api_event["Method"].upper(), api_event["Path"]
            authorizer = authorizers.get(str(auth.get("Authorizer") or auth.get("DefaultAuthorizer")))
            routes.append(Route(method, path, functions[logical_id], bool(auth.get("ApiKeyRequired")), authorizer))
    if not routes:
        raise UnusableTemplate(f"no {_FUNCTION} has an event of type Api")
    return RouteTable(routes)


def _authorizers(auth: Mapping[str, Any], functions: Mapping[str, Function]) -> dict[str, Authorizer]:
    """The authorizers of the API by name; those of Cognito have no function and are left out."""
    found = {}
    for name, properties in (auth.get("Authorizers") or {}).items():
        if "FunctionArn" not in properties:
            continue
        if properties.get("FunctionPayloadType") != "REQUEST":
            raise UnusableTemplate(f"the authorizer {name} is not of FunctionPayloadType REQUEST")
        # An ARN or an alias: what comes before the first dot is the logical id.
        logical_id = str(properties["FunctionArn"]).removeprefix("local:").split(".")[0]
        if logical_id not in functions:
            raise UnusableTemplate(f"the authorizer {name} is no function of the template")
        identity = properties.get("Identity") or {}
        headers = frozenset(header.lower() for header in identity.get("Headers") or ())
        found[name] = Authorizer(
            functions[logical_id], IdentitySources(headers, frozenset(identity.get("QueryStrings") or ()))
        )
    return found


def _auth(shared: Mapping[str, Any], apis: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    auth = dict(shared.get("Auth") or {})
    for properties in apis.values():
        auth |= properties.get("Auth") or {}
    return auth


def _function(logical_id: str, name: str, shared: Mapping[str, Any], own: Mapping[str, Any], root: Path) -> Function:
    properties = {**shared, **own}
    module, entry_point = str(properties["Handler"]).rsplit(".", 1)
    variables = {**_variables(shared), **_variables(own)}
    return Function(
        logical_id=logical_id,
        name=name,
        module=_module_file(logical_id, root / str(properties["CodeUri"]), module),
        entry_point=entry_point,
        environment={name: _as_text(value) for name, value in variables.items()},
        timeout_seconds=int(properties.get("Timeout", _DEFAULT_TIMEOUT_SECONDS)),
        memory_mb=int(properties.get("MemorySize", _DEFAULT_MEMORY_MB)),
    )


def _module_file(logical_id: str, code: Path, module: str) -> Path:
    file = f"{module.replace('.', '/')}.py"
    if (code / file).exists():
        return (code / file).resolve()
    # Where functions share a folder, its Makefile builds FitFunction from fit/.
    return (code / logical_id.removesuffix("Function").lower() / file).resolve()


def _variables(properties: Mapping[str, Any]) -> dict[str, Any]:
    return dict((properties.get("Environment") or {}).get("Variables") or {})


def _as_text(value: object) -> str:
    # CloudFormation writes YAML's booleans into the environment in lower case.
    return str(value).lower() if isinstance(value, bool) else str(value)
