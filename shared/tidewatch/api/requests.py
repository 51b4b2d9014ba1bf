"""What a point to judge must be, and the rules that requests share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import numpy as np
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from tidewatch.series import EARLIEST, LATEST, Problem, TimeSeries, describe_out_of_range

# As many as nanoseconds of the year 2200 have, so that a mistaken unit can be named.
_MOST_DIGITS: Final = 20
_MOST_CONTEXT: Final = 20_000


def _parse_timestamp(timestamp: Any) -> int:
    """Unix seconds from a string or an integer; the fraction of a second is dropped, no zone means UTC."""
    if type(timestamp) not in (str, int):
        raise PydanticCustomError(
            "timestamp_form", "a timestamp is a string with Unix seconds or an ISO 8601 date and time, or an integer"
        )
    seconds = timestamp if type(timestamp) is int else seconds_of(timestamp)
    if not EARLIEST <= seconds <= LATEST:
        raise _custom("timestamp_out_of_range", describe_out_of_range(seconds))
    return int(seconds)


def seconds_of(text: str) -> int:
    """Unix seconds, of any year, from digits or ISO 8601; the fraction of a second is dropped, no zone means UTC.

    Raises:
        PydanticCustomError: for anything else.
    """
    text = text.strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return int(text)
    if digits.isdigit():
        # fromisoformat would read some of them as a date and a time.
        raise _no_timestamp()
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        raise _no_timestamp() from None


def _no_timestamp() -> PydanticCustomError:
    return PydanticCustomError(
        "timestamp_form",
        "a timestamp is Unix seconds such as 1735689600, or ISO 8601 such as 2025-01-01T00:00:00Z",
    )


def parse_value(value: Any) -> float:
    """A finite number as it came out of JSON; no boolean, no string.

    Raises:
        PydanticCustomError: for anything else.
    """
    if type(value) not in (int, float):
        raise PydanticCustomError("wrong_type", "a value must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise PydanticCustomError("not_finite", "a value must be finite and within the range of a double")
    return number


class PredictRequest(BaseModel):
    """One point to judge."""

    model_config = ConfigDict(extra="forbid")

    timestamp: Annotated[
        int,
        PlainValidator(_parse_timestamp),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}]}),
        Field(description="When: Unix seconds or ISO 8601, as a string; an integer is taken as Unix seconds."),
    ]
    value: Annotated[
        float,
        PlainValidator(parse_value),
        WithJsonSchema({"type": "number"}),
        Field(description="The value at that time, finite."),
    ]

    context: Annotated[
        list[Annotated[float, PlainValidator(parse_value), WithJsonSchema({"type": "number"})]] | None,
        Field(
            max_length=_MOST_CONTEXT,
            description="The values just before, oldest first, at the sampling step of the training data. Without it "
            "the end of the training data is what came before.",
        ),
    ] = None

    def point(self) -> TimeSeries:
        """The point, as a series of one."""
        return TimeSeries.of_point(self.timestamp, self.value)

    def before(self, step: int) -> TimeSeries | None:
        """What came before the point, at a sampling step in seconds; None if the request does not say."""
        if self.context is None:
            return None
        times = self.timestamp - step * np.arange(len(self.context), 0, -1, dtype=np.int64)
        return TimeSeries(times, np.array(self.context, dtype=np.float64))


PredictBody = Annotated[PredictRequest, Body()]


def as_errors(problems: Iterable[Problem]) -> list[InitErrorDetails]:
    """Problems of a preflight as pydantic takes them."""
    return [as_error(problem.loc, problem.msg, problem.type) for problem in problems]


def as_error(loc: tuple[str | int, ...], msg: str, error_type: str) -> InitErrorDetails:
    """A problem of ours as pydantic takes it."""
    # The input stays out: it is the client's payload, and may be megabytes.
    return InitErrorDetails(type=_custom(error_type, msg), loc=loc, input=None)


def _custom(error_type: str, msg: str) -> PydanticCustomError:
    # pydantic types both as LiteralString, for its own messages; ours carry numbers.
    return PydanticCustomError(error_type, msg)
