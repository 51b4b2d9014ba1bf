"""POST /series/{series_id}/retrain."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, TypeAdapter, ValidationError, WithJsonSchema

from tidewatch.api.app import optional_body, route
from tidewatch.api.changes import Reason, cause_of
from tidewatch.api.detector_options import AnyDetectorOptions, AnyRowsDetectorOptions, in_plain_words, read_detector
from tidewatch.api.fields import SeriesId, StrictModel
from tidewatch.api.invalid_request import InvalidRequest
from tidewatch.api.jobs import ACCEPTED, JobKey, JobsDep, accepted
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS, DETECTOR_NAMES
from tidewatch.lifecycle.retraining import Exclusion
from tidewatch.registry import ModelVersion
from tidewatch.services.retrain import Promotion, RetrainOptions, start_retraining
from tidewatch.settings import Settings, settings

routes = Router()  # type: ignore[no-untyped-call]

_FEWEST_POINTS: Final = 5
_MOST_POINTS: Final[int] = Settings.model_fields["max_points"].default
_DEFAULTS: Final = RetrainOptions()
_DETECTOR_SCHEMA: Final = {
    "type": "object",
    "properties": {"name": {"type": "string", "enum": list(DETECTOR_NAMES)}},
}
_SERIES_OPTIONS: Final[TypeAdapter[Any]] = TypeAdapter(AnyDetectorOptions)
_ROWS_OPTIONS: Final[TypeAdapter[Any]] = TypeAdapter(AnyRowsDetectorOptions)


class RetrainRequest(StrictModel):
    """How the champion is trained again; the body may be left out."""

    detector: Annotated[
        Any,
        WithJsonSchema(_DETECTOR_SCHEMA),
        Field(description="Options of the detector named, or of the champion's. Without it those of the champion."),
    ] = None
    window: Annotated[
        int | None,
        Field(
            strict=True,
            ge=_FEWEST_POINTS,
            le=_MOST_POINTS,
            description="The last points to train on. Without it as many as a fit takes.",
        ),
    ] = _DEFAULTS.window
    least_new_points: Annotated[
        int,
        Field(
            strict=True,
            ge=0,
            le=_MOST_POINTS,
            description="With fewer points since the champion was trained nothing is trained.",
        ),
    ] = _DEFAULTS.least_new_points
    exclude: Annotated[
        Exclusion,
        Field(
            description="Points that are not learned from: `labelled`, those that people called anomalies; `alarms`, "
            "also those that the champion called so and nobody called usual; `none`."
        ),
    ] = _DEFAULTS.exclude
    promote: Annotated[
        Promotion,
        Field(
            description="What the version becomes: `challenger`, which judges beside the champion; `always`, the "
            "champion, unless it calls too many points anomalies that it did not learn from; `never`, neither."
        ),
    ] = _DEFAULTS.promote
    auto_promote: Annotated[
        bool,
        Field(strict=True, description="Whether a challenger becomes the champion once labels decide for it."),
    ] = _DEFAULTS.auto_promote
    error_rate: Annotated[
        float, Field(strict=True, gt=0, le=0.5, description="The rate at which its comparison may be wrong.")
    ] = _DEFAULTS.error_rate
    reason: Reason = ""

    def options_for(self, champion: ModelVersion) -> RetrainOptions:
        """What the job is asked for.

        Raises:
            InvalidRequest: if the detector is none for what the champion judges, or its options are not right.
        """
        return RetrainOptions(
            detector=None if self.detector is None else _checked(self.detector, champion),
            window=self.window,
            least_new_points=self.least_new_points,
            exclude=self.exclude,
            promote=self.promote,
            error_rate=self.error_rate,
            auto_promote=self.auto_promote,
        )


def _checked(detector: Any, champion: ModelVersion) -> dict[str, Any]:
    """The options of a detector, defaults filled in; all that is wrong with them at once."""
    of_rows = champion.kind == "rows"
    catalogue, adapter = (CATALOGUE_OF_ROWS, _ROWS_OPTIONS) if of_rows else (CATALOGUE, _SERIES_OPTIONS)
    known, problems = read_detector(detector, champion.detector, catalogue)
    options: dict[str, Any] = {}
    try:
        options = adapter.validate_python(known).model_dump()
    except ValidationError as error:
        for each in error.errors(include_input=False):
            problems.append(in_plain_words({**each, "loc": ("detector", *each["loc"])}, catalogue))
    if problems:
        raise _refused(problems)
    return options


def _refused(problems: list[Any]) -> InvalidRequest:
    found = ValidationError.from_exception_data("RetrainRequest", problems).errors(include_input=False)
    return InvalidRequest([{**each, "loc": ("body", *each["loc"])} for each in found])


_AS_IT_IS: Final = RetrainRequest()
"""What a request without a body asks for."""


@route(
    routes.post,
    "/series/<series_id>/retrain",
    tag="Life of a model",
    status=202,
    success="The job was accepted.",
    problems=(400, 404, 413, 415, 422, 503),
    also=ACCEPTED,
    limits=optional_body,
)
def retrain(
    series_id: SeriesId,
    request: RequestDep,
    registry: RegistryDep,
    jobs: JobsDep,
    body: Annotated[RetrainRequest, Body()] = _AS_IT_IS,
    idempotency_key: JobKey = None,
) -> Response[str]:
    """Retrain the champion.

    A job trains the champion's detector on what the champion was trained on and on the points that came after it, where
    judgements are kept, and publishes the next version. The champion judges on, unless `promote` is `always`. The
    result of the job tells the `version`, its `role`, and how many points were new.
    """
    key = request.series(series_id)
    head = registry.head(key)
    options = body.options_for(head.champion)
    champion = head.champion
    request.spend(min(options.window or settings().max_points, champion.points_used) * max(1, len(champion.variables)))
    cause = cause_of(request, body.reason)
    return accepted(start_retraining(key, head, options, cause, jobs=jobs, idempotency_key=idempotency_key))
