"""Parameters of paths, queries and headers, with their rules and their documentation."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Final

import orjson
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tidewatch.registry import VersionSelector, parse_version

_SERIES_ID_LONGEST: Final = 128
_SERIES_ID_PATTERN: Final = rf"^[A-Za-z0-9._:-]{{1,{_SERIES_ID_LONGEST}}}$"
_SERIES_ID_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:")


def _check_series_id(series_id: str) -> str:
    if not 1 <= len(series_id) <= _SERIES_ID_LONGEST or not _SERIES_ID_CHARACTERS.issuperset(series_id):
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
        raise _not_a_cursor()
    _check_series_id(after)
    return cursor


def _check_version_cursor(cursor: str) -> str:
    before = decode_cursor(cursor)
    if type(before) is not int or not 1 <= before < 10**8:
        raise _not_a_cursor()
    return cursor


_SeriesIdText = Annotated[
    str,
    AfterValidator(_check_series_id),
    WithJsonSchema({"type": "string", "pattern": _SERIES_ID_PATTERN, "minLength": 1, "maxLength": _SERIES_ID_LONGEST}),
]

SeriesId = Annotated[
    _SeriesIdText, Path(description="The series: 1 to 128 letters, digits, or `.` `_` `-` `:`, URL-encoded or not.")
]
SeriesIdQuery = Annotated[_SeriesIdText, Query(description="The series: 1 to 128 letters, digits, or `.` `_` `-` `:`.")]
Version = Annotated[
    Annotated[
        str,
        AfterValidator(_check_version),
        WithJsonSchema({"type": "string", "pattern": "^(latest|v?[1-9][0-9]{0,7})$"}),
    ]
    | None,
    Query(description="The version: `3`, `v3` or `latest`. Without it the champion answers, which is the latest."),
]
VersionPath = Annotated[
    Annotated[
        str,
        AfterValidator(_check_version),
        WithJsonSchema({"type": "string", "pattern": "^(latest|v?[1-9][0-9]{0,7})$"}),
    ],
    Path(description="The version: `3`, `v3` or `latest`."),
]
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
VersionCursor = Annotated[Annotated[str, AfterValidator(_check_version_cursor), _CURSOR_SCHEMA] | None, _CURSOR_QUERY]


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
        raise _not_a_cursor() from None


def _not_a_cursor() -> PydanticCustomError:
    return PydanticCustomError("cursor_form", "this is no cursor of this list; take next_cursor of the page before")
