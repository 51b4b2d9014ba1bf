"""The body of POST /series/{series_id}/evaluations: who is evaluated, and on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from tidewatch.api.evaluation_data import DATA_SCHEMA, Reading, read_data
from tidewatch.api.fields import StrictModel, as_error, nearest
from tidewatch.api.invalid_request import InvalidRequest
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS, DETECTOR_NAMES
from tidewatch.lifecycle.evaluation.plan import (
    LARGEST_SEED,
    LARGEST_SIZE,
    MOST_CONTENDERS,
    MOST_FOLDS,
    MOST_TRIALS,
    EvaluationOptions,
)
from tidewatch.registry import parse_version
from tidewatch.series import (
    MOST_PROBLEMS,
)
from tidewatch.services.evaluate import CHAMPION, STORED, Asked, AskedDetector, AskedVersion, Sent

_DEFAULTS: Final = EvaluationOptions()
_OF_CONTENDER: Final = ("version", "detector", "options")

_CONTENDERS_SCHEMA: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": MOST_CONTENDERS,
    "items": {
        "oneOf": [
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["version"],
                "properties": {
                    "version": {
                        "anyOf": [
                            {"type": "integer", "minimum": 1, "maximum": 99_999_999},
                            {"type": "string", "pattern": "^(champion|latest|v?[1-9][0-9]{0,7})$"},
                        ]
                    }
                },
            },
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["detector"],
                "properties": {
                    "detector": {"type": "string", "enum": list(DETECTOR_NAMES)},
                    "options": {"type": "object"},
                },
            },
        ]
    },
}


class EvaluationRequest(StrictModel):
    """Who is evaluated, on what, and how."""

    contenders: Annotated[
        Any,
        WithJsonSchema(_CONTENDERS_SCHEMA),
        Field(
            description='1 to 8: stored versions, such as `{"version": 3}` or `{"version": "champion"}`, and detectors '
            'that learn from the data, such as `{"detector": "mad", "options": {"threshold": 4}}`.'
        ),
    ] = ({"version": CHAMPION},)
    data: Annotated[
        Any,
        WithJsonSchema(DATA_SCHEMA),
        Field(
            description="`stored`: what the champion was trained on, then what was observed since, with the labels "
            "that people gave. Or `timestamps` and `values`; or `rows`, or `timestamps` and `variables`; and "
            "`anomaly`, whether each point is one, null where nobody knows."
        ),
    ] = STORED
    folds: Annotated[
        int, Field(strict=True, ge=1, le=MOST_FOLDS, description="Parts, one after the other, that are judged.")
    ] = _DEFAULTS.folds
    seed: Annotated[
        int, Field(strict=True, ge=0, le=LARGEST_SEED, description="Of the places of injected anomalies.")
    ] = _DEFAULTS.seed
    size: Annotated[
        float,
        Field(
            strict=True,
            gt=0,
            le=LARGEST_SIZE,
            allow_inf_nan=False,
            description="Of injected anomalies, in robust standard deviations of what level and season leave.",
        ),
    ] = _DEFAULTS.size
    trials: Annotated[
        int, Field(strict=True, ge=1, le=MOST_TRIALS, description="Anomalies of each kind, in all folds together.")
    ] = _DEFAULTS.trials

    _asked: list[Asked] = PrivateAttr()
    _sent: Sent | None = PrivateAttr()

    @property
    def sent(self) -> Sent | None:
        """The data that came with the request; None for what is stored."""
        return self._sent

    @property
    def options(self) -> EvaluationOptions:
        """How to evaluate."""
        return EvaluationOptions(folds=self.folds, seed=self.seed, size=self.size, trials=self.trials)

    def asked(self, *, rows: bool) -> list[Asked]:
        """The contenders, for rows or for single values.

        Raises:
            InvalidRequest: if there is no detector of that kind, or it does not have the options.
        """
        reading = Reading()
        asked = _read_contenders(self.contenders, reading, rows=rows)
        if reading.problems:
            raise InvalidRequest(reading.told())
        return asked

    @model_validator(mode="wrap")
    @classmethod
    def _report_all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Reads contenders and data also where something else is at fault, so that one answer names every problem."""
        reading = Reading()
        request: Self | None = None
        try:
            request = handler(data)
        except ValidationError as error:
            reading.problems += [as_error(e["loc"], e["msg"], e["type"]) for e in error.errors(include_input=False)]
        sent: Sent | None = None
        if isinstance(data, dict):
            given = data.get("data", STORED)
            sent = read_data(given, reading)
            rows = isinstance(given, dict) and ("rows" in given or "variables" in given)
            known = None if given == STORED else rows
            _read_contenders(data.get("contenders", [{"version": CHAMPION}]), reading, rows=known)
        if request is None or reading.problems:
            raise ValidationError.from_exception_data(cls.__name__, reading.problems[:MOST_PROBLEMS])
        request._sent = sent  # noqa: SLF001 - its own
        return request


def _read_contenders(contenders: Any, reading: Reading, *, rows: bool | None) -> list[Asked]:
    """The contenders as far as they are right; ``rows`` is None where only the series knows what it is of."""
    if not isinstance(contenders, Sequence) or isinstance(contenders, str):
        reading.refuse(("contenders",), "must be an array", "wrong_type")
        return []
    if not 1 <= len(contenders) <= MOST_CONTENDERS:
        msg = f"1 to {MOST_CONTENDERS} contenders are evaluated, got {len(contenders):,}"
        reading.refuse(("contenders",), msg, "wrong_count")
        return []
    found = [_read_contender(each, ("contenders", index), reading, rows=rows) for index, each in enumerate(contenders)]
    return [each for each in found if each is not None]


def _read_contender(contender: Any, loc: tuple[str | int, ...], reading: Reading, *, rows: bool | None) -> Asked | None:
    if not isinstance(contender, dict):
        reading.refuse(loc, 'must be an object with "version" or "detector"', "wrong_type")
        return None
    for name in contender:
        if name not in _OF_CONTENDER:
            reading.refuse((*loc, name), f"unknown field{nearest(name, _OF_CONTENDER)}", "extra_forbidden")
    if ("version" in contender) == ("detector" in contender):
        reading.refuse(loc, "needs either version or detector", "ambiguous")
        return None
    if "version" in contender:
        if "options" in contender:
            reading.refuse((*loc, "options"), "a version has its own options", "extra_forbidden")
        return _read_version(contender["version"], (*loc, "version"), reading)
    return _read_detector(contender, loc, reading, rows=rows)


def _read_version(version: Any, loc: tuple[str | int, ...], reading: Reading) -> Asked | None:
    if version == CHAMPION:
        return AskedVersion(None)
    try:
        if type(version) in (int, str):
            return AskedVersion(parse_version(str(version)))
    except ValueError:
        pass
    reading.refuse(loc, "a version is a number such as 3, or v3, latest or champion", "version_form")
    return None


def _read_detector(
    contender: Mapping[str, Any], loc: tuple[str | int, ...], reading: Reading, *, rows: bool | None
) -> Asked | None:
    name, options = contender["detector"], contender.get("options", {})
    if not isinstance(name, str):
        reading.refuse(
            (*loc, "detector"), 'must be the name of a detector; its options are beside it, in "options"', "wrong_type"
        )
        return None
    catalogue: Mapping[str, type[Any]] = CATALOGUE_OF_ROWS if rows else CATALOGUE
    if rows is None and name not in CATALOGUE:
        catalogue = CATALOGUE_OF_ROWS
    if name not in catalogue:
        known = tuple(catalogue) if rows is not None else DETECTOR_NAMES
        of = "" if rows is None else " of rows" if rows else " of single values"
        reading.refuse((*loc, "detector"), f"no such detector{of}{nearest(name, known)}", "unknown_detector")
        return None
    if not isinstance(options, dict):
        reading.refuse((*loc, "options"), "must be an object", "wrong_type")
        return None
    if rows is None and name in CATALOGUE and name in CATALOGUE_OF_ROWS:
        # Which of the two is told once the series is known.
        return AskedDetector(name, {})
    known_options = [option for option in catalogue[name].options_type.model_fields if option != "name"]
    for option in options:
        if option not in known_options:
            reading.refuse(
                (*loc, "options", option), f"unknown field{nearest(option, known_options)}", "extra_forbidden"
            )
    try:
        checked = catalogue[name].options_type.model_validate(
            {"name": name, **{option: value for option, value in options.items() if option in known_options}}
        )
    except ValidationError as error:
        for e in error.errors(include_input=False):
            reading.refuse((*loc, "options", *e["loc"]), e["msg"], e["type"])
        return None
    return AskedDetector(name, checked.model_dump())
