"""What the bodies of POST /fit/{series_id} have in common: how they are read, and one answer with all problems."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import Any, ClassVar, Self

import orjson
from numpy.typing import NDArray
from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from tidewatch.api.changes import Described
from tidewatch.api.detector_options import Catalogue, in_plain_words, read_detector
from tidewatch.api.fields import as_errors, unknown_fields
from tidewatch.series import InvalidSeries


class TrainingRequest(Described):
    """Data to train on, and optionally how.

    Attributes:
        catalogue: the detectors that learn from such data, by name.
        default_detector: the name of the one that is meant where none is named.
    """

    model_config = ConfigDict(extra="forbid")

    catalogue: ClassVar[Catalogue]
    default_detector: ClassVar[str]

    @classmethod
    @abstractmethod
    def _read(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Reads the data of a body.

        Returns:
            Attributes for the request: what was read, and nothing in the place of what was sent, since boxed numbers
            need not stay in memory through the fit. Empty where the structure is at fault, which the schema tells.

        Raises:
            InvalidSeries: with every problem of the data.
        """

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Reads the data also where the structure is at fault, so that one answer names every problem."""
        found: list[InitErrorDetails] = []
        unknown: list[InitErrorDetails] = []
        request: Self | None = None
        known = data
        if isinstance(data, dict):
            unknown = unknown_fields(data, cls.model_fields)
            known = {name: value for name, value in data.items() if name in cls.model_fields}
            if "detector" in data:
                known["detector"], wrong = read_detector(data["detector"], cls.default_detector, cls.catalogue)
                unknown += wrong
        try:
            request = handler(known)
        except ValidationError as error:
            found += [in_plain_words(item, cls.catalogue) for item in error.errors(include_input=False)]
        found += unknown
        read: dict[str, Any] = {}
        if isinstance(data, dict):
            try:
                read = cls._read(data)
            except InvalidSeries as invalid:
                found += as_errors(invalid.problems)
        if request is None or found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        for name, value in read.items():
            setattr(request, name, value)
        return request


def fingerprint(timestamps: NDArray[Any], values: NDArray[Any], told: list[Any]) -> str:
    """A hash of what a request means: the same for any order of its fields and any spaces.

    Args:
        timestamps: of what is learned.
        values: of what is learned, of any shape.
        told: all else that makes a difference, as JSON can hold it.
    """
    meaning = hashlib.sha256(timestamps.tobytes())
    meaning.update(values.tobytes())
    meaning.update(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
    return meaning.hexdigest()
