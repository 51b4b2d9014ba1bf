"""The body of a detection: a series in one of three forms, and optionally how to judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, cast

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from tidewatch.api.requests import as_errors, seconds_of
from tidewatch.api.training import AnyDetectorOptions, in_plain_words
from tidewatch.detectors import CATALOGUE, FAMILY_DEFAULTS, DetectorOptions
from tidewatch.series import (
    EARLIEST,
    LATEST,
    TIMESTAMPS,
    VALUES,
    Column,
    InvalidSeries,
    Problem,
    TimeSeries,
    preflight,
)
from tidewatch.settings import Settings, settings

AUTO_FROM: Final = 256
"""Points from which on ``auto`` is the default: it judges nothing before 128, so that half of them are judged."""
_OF_MANY: Final = "auto"
_OF_FEW: Final = "mad"

PURPOSE: Final = "a detection"
MOST_POINTS: Final[int] = Settings.model_fields["max_detect_points"].default
_TIME: Final = "whole Unix seconds or a string of ISO 8601 such as 2026-01-01T00:00:00Z"
_NUMBERS: Final = (TIMESTAMPS, Column("data", "a number"))
_OBJECTS: Final = (Column("data", _TIME, "timestamp"), Column("data", "a number", "value"))
_COLUMNS: Final = (Column("timestamps", _TIME), VALUES)
_PARTS: Final = ("timestamp", "value")

_NUMBER: Final[dict[str, Any]] = {"type": "number"}
_MOMENT: Final[dict[str, Any]] = {
    "anyOf": [{"type": "integer", "format": "int64", "minimum": EARLIEST, "maximum": LATEST}, {"type": "string"}]
}
_POINT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"timestamp": _MOMENT, "value": _NUMBER},
    "required": list(_PARTS),
    "additionalProperties": False,
}


def _arrays_of(*items: dict[str, Any]) -> WithJsonSchema:
    arrays = [{"type": "array", "items": each, "minItems": 5, "maxItems": MOST_POINTS} for each in items]
    return WithJsonSchema({"anyOf": [*arrays, {"type": "null"}]})


class DetectRequest(BaseModel):
    """A series to judge as a whole, in one of three forms, and optionally how.

    The forms: ``timestamps`` and ``values``; ``values`` alone; ``data``.
    """

    model_config = ConfigDict(extra="forbid")

    timestamps: Annotated[
        list[Any] | None,
        _arrays_of(_MOMENT),
        Field(
            description="Unix seconds, or strings of ISO 8601, strictly increasing. Without them the points follow "
            "each other by their index, and no season of a day or a week is assumed.",
        ),
    ] = None
    values: Annotated[
        list[Any] | None, _arrays_of(_NUMBER), Field(description="Finite numbers, at least 5; not all equal.")
    ] = None
    data: Annotated[
        list[Any] | None,
        _arrays_of(_NUMBER, _POINT),
        Field(description="In the place of both: numbers, or objects with a timestamp and a value."),
    ] = None
    detector: Annotated[
        AnyDetectorOptions | None,
        Field(
            description=f"The detector and its options. Without it, and without a method: {_OF_MANY} for {AUTO_FROM} "
            f"points and more, {_OF_FEW} for fewer.",
        ),
    ] = None
    method: Annotated[
        str | None,
        WithJsonSchema({"anyOf": [{"type": "string", "enum": [*CATALOGUE, *FAMILY_DEFAULTS]}, {"type": "null"}]}),
        Field(description="In the place of detector: its name, or `statistical` or `ml` for the default of a family."),
    ] = None

    _series: TimeSeries = PrivateAttr()
    _field: str = PrivateAttr()
    _has_times: bool = PrivateAttr()

    @property
    def series(self) -> TimeSeries:
        """The series that passed preflight."""
        return self._series

    @property
    def field(self) -> str:
        """What the request calls the series: ``values`` or ``data``."""
        return self._field

    @property
    def has_times(self) -> bool:
        """Whether the timestamps of the series are times; if not, only its order is known."""
        return self._has_times

    @property
    def options(self) -> DetectorOptions:
        """Of the detector that was asked for, or else of the default."""
        return cast("DetectorOptions", self.detector)

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, body: Any, handler: ModelWrapValidatorHandler[DetectRequest]) -> DetectRequest:
        """Checks the series also where the structure is at fault, so that one answer names every problem."""
        found: list[InitErrorDetails] = []
        request: DetectRequest | None = None
        given = body
        if isinstance(body, dict):
            # Null is as good as nothing, but no reason to take an unknown field.
            given = {name: part for name, part in body.items() if part is not None or name not in cls.model_fields}
        try:
            request = handler(_with_detector(given) if isinstance(given, dict) else given)
        except ValidationError as error:
            found += [in_plain_words(item) for item in error.errors(include_input=False)]
        if isinstance(given, dict):
            found += as_errors(_check_choice(given))
            try:
                series, has_times = _series_of(given)
                if request is not None:
                    request._keep(series, "data" if "data" in given else "values", has_times=has_times)  # noqa: SLF001
            except InvalidSeries as invalid:
                found += as_errors(invalid.problems)
        if request is None or found:
            raise ValidationError.from_exception_data("DetectRequest", found)
        return request

    def _keep(self, series: TimeSeries, field: str, *, has_times: bool) -> None:
        self._series, self._field, self._has_times = series, field, has_times
        # The lists have served.
        self.timestamps = self.values = self.data = None


DetectBody = Annotated[DetectRequest, Body()]


def _with_detector(given: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the name of a detector, where it says none or says it in another way."""
    chosen, method = given.get("detector", {}), given.get("method")
    if not isinstance(chosen, dict) or "name" in chosen:
        return dict(given)
    if isinstance(method, str):
        name = FAMILY_DEFAULTS.get(method, method)
        return {**given, "detector": {"name": name}} if name in CATALOGUE else dict(given)
    series = given.get("values", given.get("data"))
    many = isinstance(series, list) and len(series) >= AUTO_FROM
    return {**given, "detector": {"name": _OF_MANY if many else _OF_FEW, **chosen}}


def _check_choice(given: Mapping[str, Any]) -> list[Problem]:
    method = given.get("method")
    if not isinstance(method, str):
        return []
    if "detector" in given:
        return [Problem(("method",), "send a detector or a method, not both", "two_detectors")]
    if method not in (*CATALOGUE, *FAMILY_DEFAULTS):
        names = ", ".join([*FAMILY_DEFAULTS, *CATALOGUE])
        return [Problem(("method",), f"no such method; there are {names}", "unknown_detector")]
    return []


def _series_of(given: Mapping[str, Any]) -> tuple[TimeSeries, bool]:
    """The series in whichever form it came, and whether it has times.

    Raises:
        InvalidSeries: if there is none, or one that nothing can be learned from. Without problems where it is no array,
            which is pydantic's to tell.
    """
    if "data" in given and ("values" in given or "timestamps" in given):
        raise _only(("data",), "send data, or values with timestamps or without, not both", "two_forms")
    if "data" not in given and "values" not in given:
        raise _only(("values",), "a series is required: values, with timestamps or without, or data", "series_missing")
    if not all(isinstance(given.get(name, []), list) for name in ("timestamps", "values", "data")):
        raise InvalidSeries([])
    most, columns = settings().max_detect_points, _COLUMNS
    times, values = given.get("timestamps"), given.get("values", [])
    if "data" in given:
        values, columns = given["data"], _NUMBERS
        if len(values) <= most and dict in set(map(type, values)):
            (times, values), columns = _split(values), _OBJECTS
    times = None if times is None else _seconds(times, most)
    outcome = preflight(times, values, most_points=most, purpose=PURPOSE, columns=columns)
    return outcome.require(), times is not None


def _seconds(times: Sequence[Any], most: int) -> Sequence[Any]:
    """Times with strings read; what cannot be read stays, and is refused by type."""
    if len(times) > most or str not in set(map(type, times)):
        return times
    return [_second(time) if type(time) is str else time for time in times]


def _second(text: str) -> int | str:
    try:
        return seconds_of(text)
    except PydanticCustomError:
        return text


def _split(points: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The columns of objects.

    Raises:
        InvalidSeries: if one is no object with a timestamp, a value and nothing else.
    """
    try:
        columns = [point["timestamp"] for point in points], [point["value"] for point in points]
        if max(map(len, points)) == len(_PARTS):
            return columns
    except (KeyError, TypeError):
        pass
    first: dict[str, Problem] = {}
    for index, point in enumerate(points):
        for problem in _point_problems(index, point):
            first.setdefault(f"{problem.type} {problem.loc[2:]}", problem)
    raise InvalidSeries(list(first.values()))


def _point_problems(index: int, point: Any) -> list[Problem]:
    if not isinstance(point, dict):
        msg = f"data[{index}] must be an object with timestamp and value, as others here are"
        return [Problem(("data", index), msg, "wrong_type")]
    missing = [Problem(("data", index, name), "", "missing") for name in _PARTS if name not in point]
    return missing + [Problem(("data", index, name), "", "extra_forbidden") for name in point if name not in _PARTS]


def _only(loc: tuple[str | int, ...], msg: str, kind: str) -> InvalidSeries:
    return InvalidSeries([Problem(loc, msg, kind)])
