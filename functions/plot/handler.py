"""GET /plot: a picture of a version's training data and of how the model judges it."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from tidewatch import api
from tidewatch.api.pictures import picture_response, pictures, wanted_format
from tidewatch.detectors import find_events
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, Format, Judged, PlotRequest, ThemeName, render

app = api.create_app()

Side = Annotated[int, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE, description="Pixels.")]
FormatChoice = Annotated[Format | None, Query(description="Without it the Accept header decides, else png.")]


@api.route(app.get, "/plot", tag="Models", success="The picture.", problems=(404, 422, 503), also=pictures())
def plot(
    series_id: api.SeriesIdQuery,
    registry: api.RegistryDep,
    training_data: api.TrainingDataDep,
    version: api.Version = None,
    format: FormatChoice = None,
    width: Side = 1200,
    height: Side = 600,
    theme: ThemeName = "light",
) -> Response[str]:
    """Draw a model.

    The training series, each point judged by those before it: the band of what was usual, anomalies, events, severity.
    """
    loaded = registry.load(api.series_key(app.current_event, series_id), api.selector(version))
    form = format or wanted_format(app.current_event.headers.get("accept", ""))
    request = PlotRequest(f"{series_id} · {loaded.version.version}", form, width, height, theme)
    series, model = training_data.of(loaded.version), loaded.model
    scores = model.review(series)
    judged = Judged(series, scores, find_events(scores), model.options, model.period)
    return picture_response(render(judged, request), form, pinned=version not in (None, "latest"))


lambda_handler = api.create_handler(app, warm_up=(*api.JUDGING, api.get_training_data))
