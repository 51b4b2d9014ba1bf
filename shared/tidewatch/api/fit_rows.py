"""The bodies of POST /fit/{series_id} that hold rows of many variables."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, ClassVar, Final, Self

import orjson
from pydantic import (
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails

from tidewatch.api.changes import Described, Promote, Reason
from tidewatch.api.detector_options import AnyRowsDetectorOptions, in_plain_words, read_detector
from tidewatch.api.fields import MOMENT, NUMBER_OR_NULL, ROW, as_errors, unknown_fields
from tidewatch.detectors import CATALOGUE_OF_ROWS, DEFAULT_OF_ROWS, DetectorOptions
from tidewatch.series import FEWEST_VARIABLES, MOST_VARIABLES, Frame, InvalidSeries, RowLimits, read_columns, read_rows
from tidewatch.settings import Settings, settings

_FEWEST_ROWS: Final = 16
_MOST_ROWS: Final[int] = Settings.model_fields["max_points"].default


def _default_options() -> DetectorOptions:
    return CATALOGUE_OF_ROWS[DEFAULT_OF_ROWS].options_type()  # type: ignore[call-arg]


class _RowsToFit(Described):
    """What both forms have in common: the detector, and one answer with all problems."""

    model_config = ConfigDict(extra="forbid")

    detector: Annotated[
        AnyRowsDetectorOptions,
        Field(default_factory=_default_options, description="The detector of rows and its options."),
    ]

    promote: Promote = True
    reason: Reason = ""

    field: ClassVar[str]
    _frame: Frame = PrivateAttr()

    @property
    def frame(self) -> Frame:
        """The rows that were checked."""
        return self._frame

    def fingerprint(self) -> str:
        """A hash of what the request means: the same for any order of its fields and any spaces."""
        meaning = hashlib.sha256(self._frame.timestamps.tobytes())
        meaning.update(self._frame.values.tobytes())
        described = None if self.description is None else self.description.to_json()
        told = [self._frame.names, self.detector.model_dump(), self.promote, described]
        meaning.update(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
        return meaning.hexdigest()

    @classmethod
    def _read(cls, data: dict[str, Any], limits: RowLimits) -> Frame | None:
        """The rows of a body; None where its structure is at fault, which the schema tells."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Lets go of the boxed numbers, which need not stay in memory through the fit."""
        raise NotImplementedError

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Reads the rows also where the structure is at fault, so that one answer names every problem."""
        found: list[InitErrorDetails] = []
        unknown: list[InitErrorDetails] = []
        request: Self | None = None
        known = data
        if isinstance(data, dict):
            unknown = unknown_fields(data, cls.model_fields)
            known = {name: value for name, value in data.items() if name in cls.model_fields}
            if "detector" in data:
                known["detector"], wrong = read_detector(data["detector"], DEFAULT_OF_ROWS, CATALOGUE_OF_ROWS)
                unknown += wrong
        try:
            request = handler(known)
        except ValidationError as error:
            found += [in_plain_words(item, CATALOGUE_OF_ROWS) for item in error.errors(include_input=False)]
        found += unknown
        if isinstance(data, dict):
            try:
                frame = cls._read(data, _limits(data.get("detector")))
            except InvalidSeries as invalid:
                found += as_errors(invalid.problems)
            else:
                if request is not None and frame is not None:
                    request._frame = frame  # noqa: SLF001 - its own
                    request._forget()  # noqa: SLF001 - its own
        if request is None or found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return request


class FitRowsRequest(_RowsToFit):
    """Rows of many variables to train on, and optionally how."""

    field: ClassVar[str] = "rows"

    rows: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": ROW, "minItems": _FEWEST_ROWS, "maxItems": _MOST_ROWS}),
        Field(
            description="Objects in the order of time: a timestamp, and a finite number for each of 2 to 100 "
            "variables, the same in every row. null is a missing value, where the detector is told what to do with it."
        ),
    ]

    @classmethod
    def _read(cls, data: dict[str, Any], limits: RowLimits) -> Frame | None:
        return read_rows(data["rows"], limits) if isinstance(data.get("rows"), list) else None

    def _forget(self) -> None:
        self.rows = []


class FitColumnsRequest(_RowsToFit):
    """The same rows, as one array for each variable."""

    field: ClassVar[str] = "variables"

    timestamps: Annotated[
        list[Any],
        WithJsonSchema({"type": "array", "items": MOMENT, "minItems": _FEWEST_ROWS, "maxItems": _MOST_ROWS}),
        Field(description="When each row was, strictly increasing."),
    ]
    variables: Annotated[
        dict[str, Any],
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": {"type": "array", "items": NUMBER_OR_NULL},
                "minProperties": FEWEST_VARIABLES,
                "maxProperties": MOST_VARIABLES,
            }
        ),
        Field(description="By name of a variable, one number for each timestamp; null is a missing value."),
    ]

    @classmethod
    def _read(cls, data: dict[str, Any], limits: RowLimits) -> Frame | None:
        timestamps, variables = data.get("timestamps"), data.get("variables")
        if not isinstance(timestamps, list) or not isinstance(variables, dict):
            return None
        return read_columns(timestamps, variables, limits)

    def _forget(self) -> None:
        self.timestamps, self.variables = [], {}


def form_of_rows(body: Any) -> type[FitRowsRequest | FitColumnsRequest] | None:
    """The form of rows that a body has; None if it has none."""
    if not isinstance(body, dict):
        return None
    if "rows" in body:
        return FitRowsRequest
    return FitColumnsRequest if "variables" in body else None


def _limits(detector: Any) -> RowLimits:
    policy = detector.get("missing") if isinstance(detector, dict) else None
    return RowLimits(
        "a fit of rows",
        _FEWEST_ROWS,
        settings().max_points,
        settings().max_cells,
        nulls=policy in ("hold", "skip"),
    )
