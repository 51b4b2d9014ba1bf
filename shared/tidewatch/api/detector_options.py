"""The options of a detector as a request names them. Importing this imports every detector."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_core import ErrorDetails, InitErrorDetails

from tidewatch.api.schemas import as_error
from tidewatch.detectors import CATALOGUE, DetectorOptions

_OPTIONS_TYPES: Final[tuple[type[DetectorOptions], ...]] = tuple(d.options_type for d in CATALOGUE.values())

AnyDetectorOptions: Any = Annotated[reduce(or_, _OPTIONS_TYPES), Field(discriminator="name")]


def in_plain_words(error: ErrorDetails) -> InitErrorDetails:
    """A structural error as a client thinks of it: it chose a detector by name, not a branch of a union."""
    head, *rest = error["loc"]
    if head != "detector":
        return as_error(error["loc"], error["msg"], error["type"])
    if error["type"] == "union_tag_invalid":
        return as_error(("detector", "name"), f"no such detector; there are {', '.join(CATALOGUE)}", "unknown_detector")
    return as_error((head, *rest[1:]), error["msg"], error["type"])
