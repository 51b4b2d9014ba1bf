"""The options of a detector as a request names them. Importing this imports every detector."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_core import ErrorDetails, InitErrorDetails

from tidewatch.api.fields import as_error, nearest, unknown_fields
from tidewatch.detectors import CATALOGUE, DetectorOptions

_OPTIONS_TYPES: Final[tuple[type[DetectorOptions], ...]] = tuple(d.options_type for d in CATALOGUE.values())

AnyDetectorOptions: Any = Annotated[reduce(or_, _OPTIONS_TYPES), Field(discriminator="name")]


def read_detector(detector: Any, default: str) -> tuple[Any, list[InitErrorDetails]]:
    """The options of a detector as a schema takes them, and a problem for each that the detector does not have.

    Args:
        detector: an object of options, or a detector's name alone.
        default: the name of the detector that options without a name belong to.
    """
    if isinstance(detector, str):
        detector = {"name": detector}
    if not isinstance(detector, dict):
        return detector, []
    options = {"name": default} | detector
    name = options["name"]
    if not isinstance(name, str) or name not in CATALOGUE:
        return {"name": name}, []
    known = CATALOGUE[name].options_type.model_fields
    return (
        {option: value for option, value in options.items() if option in known},
        unknown_fields(options, known, ("detector",)),
    )


def in_plain_words(error: ErrorDetails) -> InitErrorDetails:
    """A structural error as a client thinks of it: it chose a detector by name, not a branch of a union."""
    head, *rest = error["loc"]
    if head != "detector":
        return as_error(error["loc"], error["msg"], error["type"])
    if error["type"] == "union_tag_invalid":
        name = str(error.get("ctx", {}).get("tag", ""))
        return as_error(
            ("detector", "name"),
            f"no such detector{nearest(name, tuple(CATALOGUE))}",
            "unknown_detector",
        )
    return as_error((head, *rest[1:]), error["msg"], error["type"])
