"""The one shape of every function: a resolver that validates, and a handler that measures."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from tidewatch.api.inbound import normalise, read_json
from tidewatch.api.problems import problem_response, register_problems
from tidewatch.settings import settings
from tidewatch.telemetry import Stopwatch, base_dimensions, logger, metrics, record_latency

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]


def create_app() -> APIGatewayRestResolver:
    """A resolver that validates requests and responses and answers every error with its problem."""
    app = APIGatewayRestResolver(
        enable_validation=True,
        # A response of ours that is not what it should be is a defect of ours, not of the request.
        response_validation_error_http_code=500,
        json_body_deserializer=read_json,
    )
    register_problems(app)
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
        rephrase: says the response to an event in the words that the clients of a route read.
        warm_up: dependencies to build before a SnapStart snapshot, so that no restored instance has to.
    """

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics(capture_cold_start_metric=True)
    def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        stopwatch = Stopwatch()
        for name, value in base_dimensions().items():
            metrics.add_dimension(name, value)
        try:
            response = app.resolve(normalise(event, most_bytes=lambda: settings().max_body_bytes), context)
        except Exception as error:  # noqa: BLE001 - what fails before the resolver has the same answers
            response = _proxy_response(problem_response(error))
        record_latency(stopwatch.elapsed_ms)
        return rephrase(event, response) if rephrase else response

    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        for build in warm_up:
            build()
        # Validators are built when first used; the document uses them all.
        app.get_openapi_schema()
    handler: Handler = lambda_handler
    return handler


def _proxy_response(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {name: [value] for name, value in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }
