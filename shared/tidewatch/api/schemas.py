"""What the schemas of several routes share: types of fields, and how a rule that is broken is told."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from tidewatch.series import EARLIEST, LATEST, MOST_PROBLEMS, Problem, describe_out_of_range, parse_timestamp

Int32 = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]

Direction = Literal["high", "low"]
DIRECTIONS: Final[Mapping[int, Direction | None]] = MappingProxyType({1: "high", -1: "low", 0: None})

_LONGEST_NAME: Final = 64
"""Of a name that is compared with those that are known."""


class StrictModel(BaseModel):
    """A body that takes its own fields only, and says which of them is near to one that it does not know."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        unknown = unknown_fields(data, cls.model_fields) if isinstance(data, dict) else []
        if not unknown:
            return handler(data)
        found: list[InitErrorDetails] = []
        try:
            handler({name: value for name, value in data.items() if name in cls.model_fields})
        except ValidationError as error:
            found = [as_error(e["loc"], e["msg"], e["type"]) for e in error.errors(include_input=False)]
        raise ValidationError.from_exception_data(cls.__name__, found + unknown)


def unknown_fields(
    given: Mapping[str, Any], known: Collection[str], place: tuple[str, ...] = ()
) -> list[InitErrorDetails]:
    """A problem for each field that is not known, for a hundred of them at the most."""
    unknown = [name for name in given if name not in known][:MOST_PROBLEMS]
    return [as_error((*place, name), f"unknown field{nearest(name, known)}", "extra_forbidden") for name in unknown]


def nearest(name: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown name: what was likely meant, or else what there is."""
    # Imported late: few requests have such a mistake.
    from difflib import get_close_matches

    near = get_close_matches(name[:_LONGEST_NAME].lower(), known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if known else "; there are none here"


def check_timestamp(timestamp: Any) -> int:
    """Unix seconds from a string or an integer; the fraction of a second is dropped, no zone means UTC.

    Raises:
        PydanticCustomError: for anything else, and for a time outside the years that are taken.
    """
    if type(timestamp) not in (str, int):
        raise PydanticCustomError(
            "timestamp_form", "a timestamp is a string with Unix seconds or an ISO 8601 date and time, or an integer"
        )
    try:
        seconds = timestamp if type(timestamp) is int else parse_timestamp(timestamp)
    except ValueError as error:
        raise custom_error("timestamp_form", str(error)) from None
    if not EARLIEST <= seconds <= LATEST:
        raise custom_error("timestamp_out_of_range", describe_out_of_range(seconds))
    return int(seconds)


def check_value(value: Any) -> float:
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


def as_errors(problems: Iterable[Problem]) -> list[InitErrorDetails]:
    """Problems of a preflight as pydantic takes them."""
    return [as_error(problem.loc, problem.msg, problem.type) for problem in problems]


def as_error(loc: tuple[str | int, ...], msg: str, error_type: str) -> InitErrorDetails:
    """A problem of ours as pydantic takes it."""
    # The input stays out: it is the client's payload, and may be megabytes.
    return InitErrorDetails(type=custom_error(error_type, msg), loc=loc, input=None)


def custom_error(error_type: str, msg: str) -> PydanticCustomError:
    """A broken rule as pydantic takes it."""
    # pydantic types both as LiteralString, for its own messages; ours carry numbers.
    return PydanticCustomError(error_type, msg)
