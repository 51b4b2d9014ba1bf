"""POST /series: the id of a series that another system knows by a name and labels."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field, StringConstraints

from tidewatch.api.app import route
from tidewatch.api.fields import StrictModel
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.series import series_id_of
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]


class SeriesName(StrictModel):
    """What another system calls a series."""

    name: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=1_024),
        Field(description="Such as `AWS/EC2 CPUUtilization` or `http_requests_total`: any characters."),
    ]
    labels: Annotated[
        dict[
            Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256)],
            Annotated[str, StringConstraints(strict=True, max_length=2_048)],
        ],
        Field(
            default_factory=dict, max_length=64, description="Values by name: labels, tags or dimensions, in any order."
        ),
    ]


class SeriesIdResponse(BaseModel):
    """The id of a series."""

    series_id: Annotated[str, Field(description="To fit, predict and all else by; always the same for the same name.")]
    trained: Annotated[bool, Field(description="Whether there is such a series already.")]


@route(
    routes.post,
    "/series",
    tag="Models",
    success="The id.",
    problems=(400, 413, 415, 422, 503),
    scope=Scope.READ,
)
def identify_series(
    body: Annotated[SeriesName, Body()], request: RequestDep, registry: RegistryDep
) -> SeriesIdResponse:
    """Find the id of a metric.

    For names that are no ids, such as those of CloudWatch and Prometheus. The id is a readable part of the name and a
    hash of name and labels, whatever their order; a name that is an id and has no labels is its own. Nothing is stored:
    the first fit makes the series, and takes labels to find it by.
    """
    series_id = series_id_of(body.name, body.labels)
    return SeriesIdResponse(series_id=series_id, trained=registry.exists(request.series(series_id)))
