"""How a client is told all that is wrong with its request: places, words, and no more of them than anybody reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from tidewatch.api.decoding import InvalidBody
from tidewatch.series import InvalidSeries

# pydantic's words where ours are plainer.
_PLAINER: Final = {
    "dict_type": "must be an object",
    "extra_forbidden": "unknown field",
    "list_type": "must be an array",
    "missing": "required, but missing",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
}

# A request can be wrong in more ways than anybody wants to read, and name its fields in megabytes.
_MOST_ERRORS: Final = 100
_MOST_PLACES: Final = 20
_LONGEST_NAME: Final = 128
_DEPTH_OF_KEYS: Final = 3
"""The part of the request, the field and a name come before it."""
_OF_VARIABLES: Final = ("rows", "variables")


class InvalidRequest(ValueError):
    """A request that breaks rules.

    Attributes:
        errors: where, which and what kind: each with ``loc``, ``msg`` and ``type``, as pydantic has them.
    """

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("invalid request")
        self.errors = errors

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What one of :data:`INVALID` says of the request."""
        if isinstance(error, InvalidBody):
            return cls([{"loc": ("body", *error.loc), "msg": str(error), "type": error.kind}])
        if isinstance(error, InvalidSeries):
            return cls([{"loc": ("body", *p.loc), "msg": p.msg, "type": p.type} for p in error.problems])
        return cls(error.errors() if isinstance(error, RequestValidationError) else getattr(error, "errors", ()))

    def told(self) -> tuple[dict[str, Any], ...]:
        """The first of the errors as a client sees them."""
        return tuple(
            {"loc": [_shortened(part) for part in _named(e["loc"])], "msg": _message(e), "type": e["type"]}
            for e in self.errors[:_MOST_ERRORS]
        )

    def detail(self) -> str:
        """How many errors there are, and where, in a sentence."""
        places = list(dict.fromkeys(_place(e["loc"]) for e in self.told()))
        named = ", ".join(places[:_MOST_PLACES]) + (", …" if len(places) > _MOST_PLACES else "")
        count = "1 problem" if len(self.errors) == 1 else f"{len(self.errors)} problems"
        listed = ""
        if len(self.errors) > _MOST_ERRORS:
            count, listed = f"more than {_MOST_ERRORS} problems", f"; the first {_MOST_ERRORS} are listed"
        return f"The request has {count}, in {named}{listed}."


INVALID: Final = (InvalidRequest, RequestValidationError, InvalidBody, InvalidSeries)
"""The exceptions about what a client sent, which are told as one."""


def without_names(error: Mapping[str, Any]) -> dict[str, Any]:
    """Where and what kind, for the log: no values that the client sent, nor names that it made up."""
    loc = error["loc"]
    if len(loc) > 1 and loc[1] in _OF_VARIABLES:
        # Beyond the field come variables, which the client names.
        loc = [*loc[:2], *(part for part in loc[2:] if isinstance(part, int))]
    # Labels of points come in a list; those of a series by names.
    elif list(loc[1:2]) == ["labels"] and all(isinstance(part, str) for part in loc):
        loc = loc[:2]
    elif error["type"] in ("extra_forbidden", "repeated_field"):
        loc = loc[:-1]
    return {"loc": loc, "type": error["type"]}


def _is_of_key(loc: Sequence[str | int]) -> bool:
    """Whether pydantic complains of a name in an object, not of its value: it has the name, then ``[key]``."""
    return len(loc) > _DEPTH_OF_KEYS and loc[-1] == "[key]"


def _named(loc: Sequence[str | int]) -> Sequence[str | int]:
    """The place of the object where one of its names is at fault; that name is too if it can be seen."""
    if not _is_of_key(loc):
        return loc
    return loc[:-1] if loc[-2] else loc[:-2]


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_type" and error["loc"][0] in ("query", "header"):
        # All parameters are strings; a list of them is one that came twice.
        return "given more than once"
    message = str(error["msg"])
    if _is_of_key(error["loc"]):
        return f"as a name: {message}"
    # One of ours says which name is near.
    return message if message.startswith("unknown ") else _PLAINER.get(error["type"], message)


def _shortened(part: str | int) -> str | int:
    """A part of a location that is fit to be sent back: a client may name a field with a novel, or half a character."""
    if isinstance(part, int):
        return part
    legible = part[:_LONGEST_NAME].encode(errors="replace").decode()
    return f"{legible}…" if len(part) > _LONGEST_NAME else legible


def _place(loc: Iterable[str | int]) -> str:
    """A location as a person writes it: ``values[3]``; the part of the request is left out where a field is named."""
    head, *rest = loc
    named = rest or [head]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in named).lstrip(".")
