"""The data of a request for an evaluation: points or rows, and whether each of them is an anomaly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from tidewatch.api.fields import MOMENT, NUMBER_OR_NULL, ROW, as_error, unknown_fields
from tidewatch.lifecycle.evaluation.plan import Points
from tidewatch.series import (
    FEWEST_VARIABLES,
    MOST_VARIABLES,
    InvalidSeries,
    RowLimits,
    preflight,
    read_columns,
    read_rows,
)
from tidewatch.services.evaluate import STORED, Sent
from tidewatch.settings import Settings, settings

MOST_CELLS: Final = 150_000
"""Values of rows that are sent: a job's request has 4 MiB at the most."""

_PURPOSE: Final = "an evaluation"
_FEWEST: Final = 20
_MOST: Final[int] = Settings.model_fields["max_evaluation_points"].default
_OF_DATA: Final = ("timestamps", "values", "rows", "variables", "anomaly")
_NULLABLE_FLAGS: Final = {"type": "array", "items": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}}

DATA_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "const": STORED},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "timestamps": {"type": "array", "items": MOMENT, "maxItems": _MOST},
                "values": {"type": "array", "items": {"type": "number"}, "maxItems": _MOST},
                "rows": {"type": "array", "items": ROW, "maxItems": _MOST},
                "variables": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": NUMBER_OR_NULL},
                    "minProperties": FEWEST_VARIABLES,
                    "maxProperties": MOST_VARIABLES,
                },
                "anomaly": {**_NULLABLE_FLAGS, "maxItems": _MOST},
            },
        },
    ]
}


@dataclass(slots=True)
class Reading:
    """What is wrong with a body, as far as it was read."""

    problems: list[InitErrorDetails] = field(default_factory=list)

    def refuse(self, loc: tuple[str | int, ...], msg: str, kind: str) -> None:
        """Adds a problem."""
        self.problems.append(as_error(loc, msg, kind))

    def told(self) -> list[dict[str, Any]]:
        """The problems as those of a body are told."""
        broken = ValidationError.from_exception_data("body", self.problems)
        return [
            {"loc": ("body", *e["loc"]), "msg": e["msg"], "type": e["type"]} for e in broken.errors(include_input=False)
        ]


def read_data(data: Any, reading: Reading) -> Sent | None:
    """The data that came with a request; None for what is stored, and for what is wrong."""
    if data == STORED:
        return None
    if not isinstance(data, dict):
        reading.refuse(("data",), f"must be {STORED!r}, or an object with the data", "wrong_type")
        return None
    reading.problems += unknown_fields(data, _OF_DATA, ("data",))
    try:
        points = _read_points(data)
    except InvalidSeries as invalid:
        for problem in invalid.problems:
            reading.refuse(("data", *problem.loc), problem.msg, problem.type)
        return None
    if points is None:
        msg = "needs timestamps and values; or rows; or timestamps and variables: arrays, and an object of arrays"
        reading.refuse(("data",), msg, "wrong_form")
        return None
    return Sent(points, _read_flags(data.get("anomaly", []), points, reading))


def _read_flags(flags: Any, points: Points, reading: Reading) -> dict[int, bool]:
    """Whether points are anomalies, by Unix seconds, as far as somebody knows."""
    if not isinstance(flags, list):
        reading.refuse(("data", "anomaly"), "must be an array", "wrong_type")
        return {}
    if flags and len(flags) != len(points):
        msg = f"anomaly has {len(flags):,} items, and there are {len(points):,} points"
        reading.refuse(("data", "anomaly"), msg, "lengths_differ")
        return {}
    wrong = next((index for index, flag in enumerate(flags) if flag is not None and type(flag) is not bool), None)
    if wrong is not None:
        reading.refuse(("data", "anomaly", wrong), "must be true, false or null", "wrong_type")
        return {}
    return {time: flag for time, flag in zip(points.timestamps.tolist(), flags, strict=False) if flag is not None}


def _read_points(data: Mapping[str, Any]) -> Points | None:
    """The points, or rows; None where there is no form of them that is whole.

    Raises:
        InvalidSeries: if a number or a time is not what it must be.
    """
    most = settings().max_evaluation_points
    limits = RowLimits(_PURPOSE, _FEWEST, most, MOST_CELLS, nulls=True)
    forms = [name for name in ("values", "rows", "variables") if name in data]
    if len(forms) != 1 or (forms == ["rows"]) == ("timestamps" in data):
        return None
    form, times = data[forms[0]], data.get("timestamps", [])
    if not isinstance(times, list) or not isinstance(form, dict if forms == ["variables"] else list):
        return None
    if isinstance(form, dict):
        return read_columns(times, form, limits)
    if forms == ["rows"]:
        return read_rows(form, limits)
    found = preflight(times, form, most_points=most, purpose=_PURPOSE, allow_constant=True, fewest_points=_FEWEST)
    return found.require()
