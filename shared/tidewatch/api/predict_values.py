"""POST /predict without a series: rows by the model of the series ``default``, or bare values by all of them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from tidewatch.api.answers import json_answer, rounded
from tidewatch.api.app import route
from tidewatch.api.decoding import BodyLimits
from tidewatch.api.fields import Int32, StrictModel, as_errors
from tidewatch.api.predict_rows import PredictRowsRequest, PredictRowsResponse, answer_rows, rows_limits
from tidewatch.api.request import RegistryDep, RequestDep
from tidewatch.series import InvalidSeries, check_numbers
from tidewatch.services.detect import detect_in_values
from tidewatch.services.predict_rows import DEFAULT_SERIES
from tidewatch.settings import Settings, settings
from tidewatch.telemetry import record_detection
from tidewatch.tenancy import Scope

routes = Router()  # type: ignore[no-untyped-call]

_MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default


def _limits(settings: Settings) -> BodyLimits:
    rows = rows_limits(settings)
    return BodyLimits(rows.most_bytes, rows.containers, max(rows.items, 1_000 + 2 * settings.max_detect_points))


class ValuesRequest(StrictModel):
    """Bare values to judge, by each other."""

    values: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": {"type": "number"}, "maxItems": _MOST_POINTS}),
        Field(description="Finite numbers, in the order of time."),
    ]

    _numbers: NDArray[np.float64] = PrivateAttr()

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The values that were checked, shape (n,)."""
        return self._numbers

    @model_validator(mode="after")
    def _check(self) -> ValuesRequest:
        try:
            self._numbers = check_numbers(self.values, most_points=settings().max_detect_points, purpose="a detection")
        except InvalidSeries as invalid:
            raise ValidationError.from_exception_data("ValuesRequest", as_errors(invalid.problems)) from None
        # The boxed numbers need not stay in memory through the detection.
        self.values = []
        return self


def _read_body(body: Any, _: ValidatorFunctionWrapHandler) -> ValuesRequest | PredictRowsRequest:
    """Reads rows where there is a field for them, else values: problems are then told of the form that was meant."""
    form = PredictRowsRequest if isinstance(body, dict) and "rows" in body else ValuesRequest
    return form.model_validate(body)


JudgeBody = Annotated[ValuesRequest | PredictRowsRequest, WrapValidator(_read_body), Body()]


class ValuesResponse(BaseModel):
    """The judgement of each value, in arrays that are aligned with the input."""

    warmup_points_dropped: Annotated[Int32, Field(description="How many values at the start are not judged.")]
    anomaly: Annotated[list[Annotated[int, Field(ge=0, le=1)] | None], Field(description="1 where it is unusual.")]
    anomaly_score: Annotated[
        list[Annotated[float, Field(ge=0, le=1)] | None], Field(description="The larger, the more unusual; 6 digits.")
    ]
    message: Annotated[str, Field(description="Why nothing is judged; only there if nothing is.")] = ""


# For the documentation; the answer is written from arrays.
_ANSWER: Final = {
    200: {
        "description": "The judgements.",
        "content": {"application/json": {"model": ValuesResponse | PredictRowsResponse}},
    }
}


@route(
    routes.post,
    "/predict",
    tag="Detection",
    success="",
    problems=(400, 404, 413, 415, 422, 503),
    also=_ANSWER,
    limits=_limits,
    scope=Scope.READ,
)
def judge(body: JudgeBody, request: RequestDep, registry: RegistryDep) -> Response[str]:
    """Judge rows, or bare values.

    Rows of many variables by the model of the series `default`. Bare values each by all of them, with an isolation
    forest on it and on the mean and standard deviation of the last 5 and 20 values. Nothing is stored.
    """
    if isinstance(body, PredictRowsRequest):
        return answer_rows(request.series(DEFAULT_SERIES), body, request, registry)
    request.spend(len(body.numbers))
    judged = detect_in_values(body.numbers)
    anomalies = [anomaly for anomaly in judged.anomaly if anomaly is not None]
    record_detection(points=len(anomalies), anomalies=sum(anomalies), elapsed_ms=request.stopwatch.elapsed_ms)
    document = {
        "warmup_points_dropped": judged.warmup_points_dropped,
        "anomaly": judged.anomaly,
        # NaN stands for null.
        "anomaly_score": rounded(np.array(judged.anomaly_score, dtype=np.float64)),
    }
    message = {} if judged.message is None else {"message": judged.message}
    return json_answer(document | message, request.headers)
