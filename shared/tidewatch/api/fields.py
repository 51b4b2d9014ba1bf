"""What several routes share: their parameters, the types of their fields, and how a broken rule is told."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

import orjson
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from tidewatch.registry import VersionSelector, parse_version
from tidewatch.series import (
    EARLIEST,
    FEWEST_VARIABLES,
    ID_PATTERN,
    LATEST,
    LONGEST_ID,
    MOST_PROBLEMS,
    MOST_VARIABLES,
    Problem,
    UnknownTimezone,
    check_timezone,
    describe_out_of_range,
    is_series_id,
    parse_timestamp,
)
from tidewatch.tenancy import is_tenant_id

Int32 = Annotated[int, Field(ge=0, le=2**31 - 1, json_schema_extra={"format": "int32"})]

Direction = Literal["high", "low"]
DIRECTIONS: Final[Mapping[int, Direction | None]] = MappingProxyType({1: "high", -1: "low", 0: None})

MOMENT: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string"}, {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}]
}
"""The schema of a time: Unix seconds or ISO 8601."""

NUMBER_OR_NULL: Final = {"anyOf": [{"type": "number"}, {"type": "null"}]}

ROW: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"timestamp": MOMENT},
    "required": ["timestamp"],
    "additionalProperties": NUMBER_OR_NULL,
    "minProperties": 1 + FEWEST_VARIABLES,
    "maxProperties": 1 + MOST_VARIABLES,
}
"""The schema of a row."""

# A time and a sequence.
_ENTRY: Final = r"[0-9TZ:.-]{20,32}#[0-9]{8,12}"

_LONGEST_NAME: Final = 64
"""Of a name that is compared with those that are known."""


class StrictModel(BaseModel):
    """A body that takes its own fields only, and says which of them is near to one that it does not know."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        known = cls.model_fields
        if not isinstance(data, dict) or data.keys() <= known.keys():
            return handler(data)
        found: list[InitErrorDetails] = []
        try:
            handler({name: value for name, value in data.items() if name in known})
        except ValidationError as error:
            found = [as_error(e["loc"], e["msg"], e["type"]) for e in error.errors(include_input=False)]
        raise ValidationError.from_exception_data(cls.__name__, found + unknown_fields(data, known))


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


def check_series_id(series_id: str) -> str:
    """A name that a series may have.

    Raises:
        PydanticCustomError: for any other.
    """
    if not is_series_id(series_id):
        raise PydanticCustomError(
            "series_id_form",
            "a series_id has 1 to 128 characters, each a letter A-Z or a-z, a digit, or one of . _ - :",
        )
    return series_id


def _check_version(version: str) -> str:
    try:
        parse_version(version)
    except ValueError as error:
        raise PydanticCustomError("version_form", str(error)) from None
    return version


def _check_series_cursor(cursor: str) -> str:
    after = decode_cursor(cursor)
    if not isinstance(after, str):
        raise not_a_cursor()
    check_series_id(after)
    return cursor


def _check_entry_cursor(cursor: str) -> str:
    after = decode_cursor(cursor)
    if not isinstance(after, str) or not re.fullmatch(_ENTRY, after, re.ASCII):
        raise not_a_cursor()
    return cursor


def _check_tenant_cursor(cursor: str) -> str:
    after = decode_cursor(cursor)
    if not isinstance(after, str) or not is_tenant_id(after):
        raise not_a_cursor()
    return cursor


def _check_version_cursor(cursor: str) -> str:
    before = decode_cursor(cursor)
    if type(before) is not int or not 1 <= before < 10**8:
        raise not_a_cursor()
    return cursor


def _check_timezone(name: str) -> str:
    try:
        return check_timezone(name)
    except UnknownTimezone as error:
        raise PydanticCustomError("unknown_timezone", "{why}", {"why": str(error)}) from None


Timezone = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64), AfterValidator(_check_timezone)]
"""The name of an IANA time zone."""

_SeriesIdText = Annotated[
    str,
    AfterValidator(check_series_id),
    WithJsonSchema({"type": "string", "pattern": ID_PATTERN, "minLength": 1, "maxLength": LONGEST_ID}),
]

SeriesId = Annotated[
    _SeriesIdText, Path(description="The series: 1 to 128 letters, digits, or `.` `_` `-` `:`, URL-encoded or not.")
]
SeriesIdQuery = Annotated[_SeriesIdText, Query(description="The series: 1 to 128 letters, digits, or `.` `_` `-` `:`.")]
_VersionText = Annotated[
    str,
    AfterValidator(_check_version),
    WithJsonSchema({"type": "string", "pattern": "^(latest|v?[1-9][0-9]{0,7})$"}),
]
Version = Annotated[
    _VersionText | None,
    Query(description="The version: `3`, `v3` or `latest`. Without it the champion answers."),
]
VersionPath = Annotated[_VersionText, Path(description="The version: `3`, `v3` or `latest`.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="Makes a repeated call return the first answer instead of training again, for 24 hours.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="How many items a page has at the most.")]
_CURSOR_SCHEMA: Final = WithJsonSchema({"type": "string", "maxLength": 256})
_CURSOR_QUERY: Final = Query(description="Where the page starts: `next_cursor` of the page before. Opaque.")
SeriesCursor = Annotated[Annotated[str, AfterValidator(_check_series_cursor), _CURSOR_SCHEMA] | None, _CURSOR_QUERY]
EntryCursor = Annotated[Annotated[str, AfterValidator(_check_entry_cursor), _CURSOR_SCHEMA] | None, _CURSOR_QUERY]
TenantCursor = Annotated[Annotated[str, AfterValidator(_check_tenant_cursor), _CURSOR_SCHEMA] | None, _CURSOR_QUERY]
VersionCursor = Annotated[Annotated[str, AfterValidator(_check_version_cursor), _CURSOR_SCHEMA] | None, _CURSOR_QUERY]


_NUMBER: Final = "v?[1-9][0-9]{0,7}"


def _check_number(version: str) -> str:
    if re.fullmatch(_NUMBER, version, re.ASCII) is None:
        raise PydanticCustomError("version_form", "a version here is a number such as 3, or v3")
    return version


VersionNumber = Annotated[
    str,
    Field(strict=True, description="The version: `3` or `v3`."),
    AfterValidator(_check_number),
    WithJsonSchema({"type": "string", "pattern": f"^{_NUMBER}$", "description": "The version: `3` or `v3`."}),
]


def version_number(version: str) -> int:
    """The number of a checked version."""
    return int(version.removeprefix("v"))


def selector(version: str | None) -> VersionSelector:
    """A checked version parameter as the registry takes it."""
    return None if version is None else parse_version(version)


def encode_cursor(after: Any) -> str | None:
    """Where a page starts, as an opaque word; None after the last page."""
    return None if after is None else base64.urlsafe_b64encode(orjson.dumps(after)).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Any:
    """Where the page starts: what was encoded.

    Raises:
        PydanticCustomError: if this is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        return orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise not_a_cursor() from None


def not_a_cursor() -> PydanticCustomError:
    """The error of a cursor that no list of this kind gave out."""
    return PydanticCustomError("cursor_form", "this is no cursor of this list; take next_cursor of the page before")
