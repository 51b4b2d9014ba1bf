"""POST /predict/{series_id}: judge one point by a version of its series' model."""

from tidewatch import api
from tidewatch.telemetry import record_prediction

app = api.create_app()


@api.route(
    app.post, "/predict/<series_id>", tag="Models", success="The judgement.", problems=(400, 404, 413, 415, 422, 503)
)
def predict(
    series_id: api.SeriesId, body: api.PredictBody, registry: api.RegistryDep, version: api.Version = None
) -> api.PredictResponse:
    """Judge a point.

    Says whether a point is unusual for its series. A model is visible here as soon as its fit answered.
    """
    loaded = registry.load(api.series_key(app.current_event, series_id), api.selector(version))
    scores = loaded.model.score(body.point(), body.before(loaded.version.step))
    answer = api.PredictResponse.of(body.timestamp, body.value, loaded, scores)
    record_prediction(answer.detector, anomaly=answer.anomaly)
    return answer


lambda_handler = api.create_handler(app, warm_up=api.JUDGING)
