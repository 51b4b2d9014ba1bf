"""What every function is: a resolver that validates requests, a handler that measures them, and its routes."""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch.api.access import check_access, principal_of
from tidewatch.api.decoding import BodyLimits, normalise, read_json
from tidewatch.api.dependencies import provide_dependencies
from tidewatch.api.fields import nearest
from tidewatch.api.invalid_request import INVALID, InvalidRequest
from tidewatch.api.problem_schema import responses
from tidewatch.api.problems import HANDLED, problem_response
from tidewatch.api.request import ApiRequest, current
from tidewatch.series import MOST_PROBLEMS
from tidewatch.settings import Settings, settings
from tidewatch.telemetry import Stopwatch, base_dimensions, logger, metrics
from tidewatch.tenancy import Scope

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]
Function = TypeVar("Function", bound=Callable[..., Any])


LimitsOf = Callable[[Settings], BodyLimits]


def small_body(settings: Settings) -> BodyLimits:
    """The limits of a body without a series."""
    return BodyLimits(most_bytes=min(settings.max_body_bytes, 2**16), containers=64, items=1_000)


def optional_body(settings: Settings) -> BodyLimits:
    """The limits of a body that need not be there."""
    return replace(small_body(settings), optional=True)


def series_limits(settings: Settings) -> BodyLimits:
    """The limits of a body with a series to detect anomalies in, of points that may be objects each."""
    # Twice the largest series, so that one which is too long is told how long it is.
    points = 2 * settings.max_detect_points
    return BodyLimits(min(settings.max_body_bytes, 8 * 2**20), containers=256 + points, items=1_000 + 2 * points)


@dataclass(frozen=True, slots=True)
class _RouteRules:
    """What is checked of a request before its route is called.

    Attributes:
        limits: how large its body may be.
        query: the names of its query parameters; None where others are ignored.
        scope: what the caller's key must have; None where none is needed.
    """

    limits: LimitsOf = small_body
    query: frozenset[str] | None = None
    scope: Scope | None = None


_unknown_parameters: Final[ContextVar[Sequence[Mapping[str, Any]]]] = ContextVar("unknown_parameters", default=())
"""The problems with the query of the request that is being served."""

_ELSEWHERE: Final = (Path, Header, Body)
_ANY_ROUTE: Final = _RouteRules()
_RULES: Final[dict[tuple[str, str], _RouteRules]] = {}


def create_app(*routers: Router) -> APIGatewayRestResolver:
    """A resolver of these routes. It validates requests and responses and answers every error with its problem."""
    app = APIGatewayRestResolver(
        enable_validation=True,
        # A response of ours that is not what it should be is a defect of ours, not of the request.
        response_validation_error_http_code=500,
        json_body_deserializer=read_json,
    )
    app.exception_handler(list(HANDLED))(_answer)
    for router in routers:
        app.include_router(router)
    return app


def create_handler(
    app: APIGatewayRestResolver,
    *,
    warm_up: tuple[Callable[[], object], ...] = (),
    rephrase: Callable[[Event, dict[str, Any]], dict[str, Any]] | None = None,
) -> Handler:
    """The Lambda handler of an app.

    Args:
        app: what resolves the events.
        warm_up: dependencies to build before a SnapStart snapshot, so that no restored instance has to.
        rephrase: writes the response to an event in another form, for the clients of some routes.
    """

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics(capture_cold_start_metric=True)  # type: ignore[untyped-decorator] # of Powertools' provider
    def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        stopwatch = Stopwatch()
        for name, value in base_dimensions().items():
            metrics.add_dimension(name, value)
        try:
            rules = _RULES.get((event.get("httpMethod", ""), event.get("resource", "")), _ANY_ROUTE)
            caller = principal_of(event)
            if rules.scope is not None:
                check_access(caller, rules.scope)
            _unknown_parameters.set(_problems_of_query(event, rules.query))
            decoded = normalise(event, lambda: rules.limits(settings()))
            current.set(ApiRequest.of(decoded, caller, context, stopwatch))
            response = app.resolve(decoded, context)
        except Exception as error:  # noqa: BLE001 - what fails before the resolver has the same answers
            response = _proxy_response(_answer(error))
        return rephrase(event, response) if rephrase else response

    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for build in warm_up:
            build()
        # Validators are built when first used; the document uses them all.
        app.get_openapi_schema()
    # What the start made stays for good; the collector need not look through it at any request.
    gc.freeze()
    handler: Handler = lambda_handler
    return handler


def route(
    register: Callable[..., Callable[[Function], Function]],
    path: str,
    *,
    tag: str,
    success: str,
    status: int = 200,
    problems: tuple[int, ...] = (),
    also: Mapping[int, Any] | None = None,
    limits: LimitsOf = small_body,
    lenient: bool = False,
    scope: Scope | None = None,
    public: bool = False,
) -> Callable[[Function], Function]:
    """Registers a function as a route.

    Its name is the operation's id. The first line of its docstring is the summary, the rest the description.

    Args:
        register: the router's method for the HTTP method, such as ``routes.get``.
        path: with parameters in angle brackets.
        tag: the group of routes that it is shown in.
        success: what a success brings, in words.
        status: of a success.
        problems: the error statuses that it has, beyond those that every route has.
        also: responses to document in another way than by the function's types.
        limits: how large the body may be.
        lenient: whether query parameters that it does not have are ignored instead of refused.
        scope: what the caller's key must have; by default GET needs ``read``, and every other method ``write``.
        public: whether it needs no key at all.
    """

    def decorate(function: Function) -> Function:
        method = getattr(register, "__name__", "").upper()
        resource = path.replace("<", "{").replace(">", "}")
        needed = None if public else scope or (Scope.READ if method == "GET" else Scope.WRITE)
        provided = provide_dependencies(function, before=_refuse_unknown_parameters)
        _RULES[method, resource] = _RouteRules(limits, None if lenient else _query_names(provided), needed)
        summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
        return register(
            path,
            tags=[tag],
            operation_id=function.__name__,
            summary=summary.rstrip("."),
            description=" ".join(description.split()),
            response_description=success,
            responses=responses(success, *problems, *(() if public else (401, 403)), status=status) | dict(also or {}),
        )(provided)

    return decorate


def _query_names(function: Callable[..., Any]) -> frozenset[str]:
    """The parameters of a function that come from the query: those that are not said to come from elsewhere."""
    return frozenset(
        _query_name(parameter)
        for parameter in inspect.signature(function).parameters.values()
        if not any(isinstance(part, _ELSEWHERE) for part in getattr(parameter.annotation, "__metadata__", ()))
    )


def _query_name(parameter: inspect.Parameter) -> str:
    """What a request calls a parameter: its alias, where its own name may not be, such as ``from``."""
    parts = getattr(parameter.annotation, "__metadata__", ())
    return next((part.alias for part in parts if isinstance(part, Query) and part.alias), parameter.name)


def _problems_of_query(event: Mapping[str, Any], known: frozenset[str] | None) -> list[dict[str, Any]]:
    """A problem for each parameter that the route does not have, as pydantic would tell it."""
    given = event.get("queryStringParameters")
    if not given or known is None:
        return []
    unknown = [name for name in given if name not in known][:MOST_PROBLEMS]
    return [
        {
            "loc": ("query", name),
            "msg": f"unknown parameter{nearest(name, sorted(known))}",
            "type": "extra_forbidden",
        }
        for name in unknown
    ]


def _refuse_unknown_parameters() -> None:
    """Ends a request whose only problems are in its query; those of its body were looked for first."""
    if _unknown_parameters.get():
        raise InvalidRequest([])


def _answer(error: Exception) -> Response[str]:
    """The answer to an error. An invalid request is told all at once what is wrong with its query and its body."""
    unknown = _unknown_parameters.get()
    if unknown and isinstance(error, INVALID):
        error = InvalidRequest([*unknown, *InvalidRequest.of(error).errors])
    return problem_response(error)


def _proxy_response(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {name: [value] for name, value in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }
