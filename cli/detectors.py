"""Which detector, and with which options: by flags, else by ``config.yaml``, else the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from tidewatch.detectors import (
    CATALOGUE,
    CATALOGUE_OF_ROWS,
    FAMILY_DEFAULTS,
    DetectorOptions,
)

from cli.config import Detection
from cli.errors import WrongUsage
from cli.names import nearest

# What a file calls by one name, detectors call by several. A detector that has none of these has no such thing.
_WINDOWS: Final = ("window", "long_window")
# Every detector has the last one.
_CONTAMINATIONS: Final = ("contamination", "false_alarm_rate")


@dataclass(frozen=True, slots=True)
class Choice:
    """A detector by name, the options that were given, where each came from, and what had no effect."""

    name: str
    options: Mapping[str, Any]
    sources: Mapping[str, str]
    remarks: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As the service takes it."""
        return {"name": self.name, **self.options}


def choose(name: str | None, given: Mapping[str, Any], detection: Detection, *, rows: bool, default: str) -> Choice:
    """The detector to take.

    Args:
        name: by a flag; None if there is none.
        given: its options by flags, which win over the file.
        detection: of the file.
        rows: whether it is to judge rows of many variables.
        default: where nobody names one.

    Raises:
        WrongUsage: if there is no such detector.
    """
    named = name or detection.method or default
    catalogue = CATALOGUE_OF_ROWS if rows else CATALOGUE
    found = named if rows else FAMILY_DEFAULTS.get(named, named)
    if found not in catalogue:
        of = "rows of variables" if rows else "single values"
        raise WrongUsage(f"No detector of {of} is called {named!r}{nearest(named, tuple(catalogue))}")
    fields = catalogue[found].options_type.model_fields
    options, sources, remarks = dict(given), dict.fromkeys(given, "--option"), []
    for field, value, names in (
        ("contamination", detection.contamination, _CONTAMINATIONS),
        ("window_size", detection.window_size, _WINDOWS),
    ):
        option = next((each for each in names if each in fields), None)
        if value is None or option in given:
            continue
        if option is None:
            remarks.append(f"detection.{field} has no effect on {found}, which has no window")
            continue
        options[option], sources[option] = value, f"detection.{field}, as the option"
    return Choice(found, options, sources, tuple(remarks))


def options_of(choice: Choice, *, rows: bool) -> DetectorOptions:
    """The options of a detector, defaults filled in.

    Raises:
        WrongUsage: if some are not its own, or out of range; all of them at once.
    """
    kind: type[DetectorOptions] = (CATALOGUE_OF_ROWS if rows else CATALOGUE)[choice.name].options_type
    own = [name for name in kind.model_fields if name != "name"]
    unknown = [name for name in choice.options if name not in own]
    problems = [f"{choice.sources[name]} {name}: unknown{nearest(name, own)}" for name in unknown]
    known = {name: value for name, value in choice.options.items() if name in own}
    try:
        made = kind.model_validate({"name": choice.name, **known})
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False):
            name = str(error["loc"][0]) if error["loc"] else ""
            source = choice.sources.get(name, "")
            problems.append(f"{source} {name}: {error['msg'].replace('Input should', 'should')}".strip())
    if problems:
        raise WrongUsage("\n  ".join([f"{choice.name} cannot be had so:", *problems]))
    return made
