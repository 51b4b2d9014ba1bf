"""GET /plot: a picture of a version's training data and of how the model judges it."""

from __future__ import annotations

from typing import Annotated, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tidewatch.api.answers import picture_content, picture_response, wanted_format
from tidewatch.api.app import route
from tidewatch.api.fields import SeriesIdQuery, Version, selector
from tidewatch.api.invalid_request import InvalidRequest
from tidewatch.api.request import RegistryDep, RequestDep, TrainingDataDep
from tidewatch.detectors import CannotTrain
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, Format, ThemeName
from tidewatch.services.plot import PictureStyle, plot_version

routes = Router()  # type: ignore[no-untyped-call]

Side = Annotated[int, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE, description="Pixels.")]
FormatChoice = Annotated[Format | None, Query(description="Without it the Accept header decides, else png.")]

_ANSWER: Final = {200: {"description": "The picture.", "content": picture_content()}}


@route(routes.get, "/plot", tag="Models", success="The picture.", problems=(404, 422, 503), also=_ANSWER)
def plot(
    *,
    request: RequestDep,
    series_id: SeriesIdQuery,
    registry: RegistryDep,
    training_data: TrainingDataDep,
    version: Version = None,
    format: FormatChoice = None,
    width: Side = 1200,
    height: Side = 600,
    theme: ThemeName = "light",
) -> Response[str]:
    """Draw a model.

    The training series, each point judged by those before it: the band of what was usual, anomalies, events, severity.
    Of rows up to twelve variables, those that contributed most to anomalies, one below the other.
    """
    style = PictureStyle(format or wanted_format(request.headers.get("accept", "")), width, height, theme)
    try:
        picture = plot_version(
            request.series(series_id),
            style,
            registry=registry,
            training_data=training_data,
            selector=selector(version),
            deadline=request.deadline,
        )
    except CannotTrain as error:
        raise InvalidRequest([{"loc": ("query", "version"), "msg": str(error), "type": "takes_too_long"}]) from None
    return picture_response(picture, style.format, pinned=version not in (None, "latest"))
