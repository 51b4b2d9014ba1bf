"""The bodies of POST /fit/{series_id} that hold rows of many variables."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    Field,
    PrivateAttr,
    WithJsonSchema,
)

from tidewatch.api.changes import Promote, Reason
from tidewatch.api.detector_options import AnyRowsDetectorOptions
from tidewatch.api.fields import MOMENT, NUMBER_OR_NULL, ROW
from tidewatch.api.fit_request import TrainingRequest, fingerprint
from tidewatch.detectors import CATALOGUE_OF_ROWS, DEFAULT_OF_ROWS, DetectorOptions
from tidewatch.series import FEWEST_VARIABLES, MOST_VARIABLES, Frame, RowLimits, read_columns, read_rows
from tidewatch.settings import Settings, settings

_FEWEST_ROWS: Final = 16
_MOST_ROWS: Final[int] = Settings.model_fields["max_points"].default


def _default_options() -> DetectorOptions:
    return CATALOGUE_OF_ROWS[DEFAULT_OF_ROWS].options_type()  # type: ignore[call-arg]


class _RowsToFit(TrainingRequest):
    """What both forms have in common."""

    catalogue = CATALOGUE_OF_ROWS
    default_detector = DEFAULT_OF_ROWS

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
        """A hash of what the request means."""
        described = None if self.description is None else self.description.to_json()
        told = [self._frame.names, self.detector.model_dump(), self.promote, described]
        if self.timezone is not None:
            told.append({"timezone": self.timezone})
        return fingerprint(self._frame.timestamps, self._frame.values, told)


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
    def _read(cls, data: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(data.get("rows"), list):
            return {}
        return {"_frame": read_rows(data["rows"], _limits(data.get("detector"))), "rows": []}


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
    def _read(cls, data: dict[str, Any]) -> dict[str, Any]:
        timestamps, variables = data.get("timestamps"), data.get("variables")
        if not isinstance(timestamps, list) or not isinstance(variables, dict):
            return {}
        frame = read_columns(timestamps, variables, _limits(data.get("detector")))
        return {"_frame": frame, "timestamps": [], "variables": {}}


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
