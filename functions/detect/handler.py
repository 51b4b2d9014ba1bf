"""Detection that stores nothing: POST /detect judges a whole series, POST /predict without a series bare values."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from tidewatch import api
from tidewatch.api.azure import azure_routes, in_azures_words
from tidewatch.api.detection import Detection
from tidewatch.api.detection_of_values import values_routes
from tidewatch.api.detection_requests import DetectBody
from tidewatch.api.detection_responses import answers, detection_document, json_answer
from tidewatch.api.pictures import picture_response
from tidewatch.detectors.learned.learners import load_learners
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, Judged, PlotRequest, ThemeName, render
from tidewatch.telemetry import record_detection

app = api.create_app()
app.include_router(values_routes)
app.include_router(azure_routes)

Side = Annotated[int, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE, description="Of a picture, in pixels.")]
FormatChoice = Annotated[Literal["json", "png", "svg"], Query(description="A picture in the place of the numbers.")]


@api.route(app.post, "/detect", tag="Detection", success="", problems=(400, 413, 415, 422), also=answers())
def detect(
    body: DetectBody,
    format: FormatChoice = "json",
    width: Side = 1200,
    height: Side = 600,
    theme: ThemeName = "light",
) -> Response[str]:
    """Judge a whole series.

    A detector learns from the series and judges each of its points. Nothing is stored.
    """
    found = Detection.of(body)
    record_detection(found.options.name, judged=found.judged, anomalous=found.anomalous)
    if format == "json":
        return json_answer(detection_document(found), app.current_event.headers)
    judged = Judged(found.series, found.scores, found.events, found.options, found.model.period, found.has_times)
    request = PlotRequest(f"Detection · {found.options.name}", format, width, height, theme)
    return picture_response(render(judged, request), format, pinned=False)


lambda_handler = api.create_handler(app, warm_up=(load_learners,), rephrase=in_azures_words)
