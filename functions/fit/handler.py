"""POST /fit/{series_id}: train a model on a series and publish it as the next version."""

from tidewatch import api
from tidewatch.api.once_only import OnceOnlyDep, Receipt, get_once_only
from tidewatch.api.training import FitBody, FitResponse
from tidewatch.detectors import detector_named
from tidewatch.detectors.learned.learners import load_learners
from tidewatch.telemetry import record_training

app = api.create_app()


@api.route(
    app.post,
    "/fit/<series_id>",
    tag="Models",
    success="The new version and what it learned.",
    problems=(400, 409, 413, 415, 422, 503),
)
def fit(
    series_id: api.SeriesId,
    body: FitBody,
    publisher: api.PublisherDep,
    once_only: OnceOnlyDep,
    idempotency_key: api.IdempotencyKey = None,
) -> FitResponse:
    """Train a model.

    Trains a detector on a series and publishes it as the next version: v1, v2, … without a gap.
    """
    series = api.series_key(app.current_event, series_id)

    def train(receipt: Receipt | None) -> FitResponse:
        model = detector_named(body.detector.name).fit(body.series, body.detector)
        version = publisher.publish(series, body.series, model, receipt)
        record_training(version.detector, points=version.points_used)
        return FitResponse.of(version, model.learned())

    return once_only.run(
        train,
        answer=FitResponse,
        key=idempotency_key,
        scope=f"fit/{series.tenant}/{series_id}",
        body=app.current_event.body or "",
        context=app.lambda_context,
    )


lambda_handler = api.create_handler(app, warm_up=(api.get_publisher, get_once_only, load_learners))
