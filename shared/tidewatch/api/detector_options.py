"""The options of a detector as a request names them. Importing this imports every detector."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import ErrorDetails, InitErrorDetails

from tidewatch.api.fields import as_error, nearest, unknown_fields
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS

Catalogue = Mapping[str, type[Any]]
"""Detectors by name, of one kind."""


def _any_of(catalogue: Catalogue) -> Any:
    types: tuple[Any, ...] = tuple(detector.options_type for detector in catalogue.values())
    return Annotated[reduce(or_, types), Field(discriminator="name")]


AnyDetectorOptions: Any = _any_of(CATALOGUE)
AnyRowsDetectorOptions: Any = _any_of(CATALOGUE_OF_ROWS)


def read_detector(detector: Any, default: str, catalogue: Catalogue = CATALOGUE) -> tuple[Any, list[InitErrorDetails]]:
    """The options of a detector as a schema takes them, and a problem for each that the detector does not have.

    Args:
        detector: an object of options, or a detector's name alone.
        default: the name of the detector that options without a name belong to.
        catalogue: of the detectors that the request may name.
    """
    if isinstance(detector, str):
        detector = {"name": detector}
    if not isinstance(detector, dict):
        return detector, []
    options = {"name": default} | detector
    name = options["name"]
    if not isinstance(name, str) or name not in catalogue:
        return {"name": name}, []
    known = catalogue[name].options_type.model_fields
    return (
        {option: value for option, value in options.items() if option in known},
        unknown_fields(options, known, ("detector",)),
    )


def in_plain_words(error: ErrorDetails, catalogue: Catalogue = CATALOGUE) -> InitErrorDetails:
    """A structural error as a client thinks of it: it chose a detector by name, not a branch of a union."""
    head, *rest = error["loc"]
    if head != "detector":
        return as_error(error["loc"], error["msg"], error["type"])
    if error["type"] == "union_tag_invalid":
        name = str(error.get("ctx", {}).get("tag", ""))
        return as_error(
            ("detector", "name"),
            f"no such detector{_of_what(name, catalogue)}{nearest(name, tuple(catalogue))}",
            "unknown_detector",
        )
    return as_error((head, *rest[1:]), error["msg"], error["type"])


def _of_what(name: str, catalogue: Catalogue) -> str:
    """That a detector is one of the other kind, where it is."""
    if name in CATALOGUE_OF_ROWS and catalogue is CATALOGUE:
        return " of single values, only one of rows"
    return " of rows, only one of single values" if name in CATALOGUE and catalogue is not CATALOGUE else ""
