"""Options that many commands have, each described once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.errors import WrongUsage
from cli.output import Format

DEFAULT_URL: Final = "http://127.0.0.1:3000"

Url = Annotated[str, typer.Option("--url", envvar="TIDEWATCH_URL", help="Where the stage is.")]
Output = Annotated[Format, typer.Option("--output", help="json is the service's document, unchanged.")]
Series = Annotated[str, typer.Argument(metavar="SERIES", help="The id of a series.")]
Version = Annotated[str | None, typer.Option("--version", help="Such as v2; else the champion.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")]
Limit = Annotated[int | None, typer.Option("--limit", help="How many at the most.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Where the next page starts, as the last one said.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0, help="How many seconds to wait at the most.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it: without this option nothing is deleted.")]

Data = Annotated[
    str, typer.Option("--data", metavar="FILE", help="CSV with a header, or Parquet: a time, and numbers; - is stdin.")
]
Time = Annotated[str | None, typer.Option("--time", help="The column of times; else the first.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="A column of numbers; else all. Of two or more, each line is one row of variables."),
]
Detector = Annotated[str | None, typer.Option("--detector", help="Such as auto or mad; else the service's default.")]
DetectorOptions = Annotated[
    list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Of the detector; may be repeated.")
]
FailOnAnomaly = Annotated[bool, typer.Option("--fail-on-anomaly", help="Exit with 1 if there is an anomaly.")]


def detector_document(name: str | None, options: list[str] | None) -> dict[str, Any]:
    """The field ``detector`` of a request, if one is named.

    Values that are JSON are taken as such, so ``sigmas=4`` is a number; all others are strings.

    Raises:
        WrongUsage: if an option has no name, or no detector.
    """
    if name is None:
        if options:
            raise WrongUsage("--option needs --detector: the options are those of a detector.")
        return {}
    document: dict[str, Any] = {"name": name}
    for option in options or ():
        key, equals, text = option.partition("=")
        if not key or not equals:
            raise WrongUsage(f"--option {option!r} must be NAME=VALUE, such as sigmas=4.")
        if key in document:
            raise WrongUsage(f"--option {key} is there twice, or is no option.")
        try:
            document[key] = json.loads(text, parse_constant=_refuse)
        except ValueError:
            document[key] = text
    return {"detector": document}


def confirm(yes: bool, what: str) -> None:
    """Asks for ``--yes`` before something is deleted.

    Raises:
        WrongUsage: if it was not given.
    """
    if not yes:
        raise WrongUsage(f"This deletes {what} for good. Add --yes to do it.")


def save(path: Path, content: bytes) -> None:
    """Writes a file.

    Raises:
        WrongUsage: if it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from error


def picture_format(path: Path) -> str:
    """``png`` or ``svg``, as the name of a file ends.

    Raises:
        WrongUsage: if it ends otherwise.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise WrongUsage(f"{path} must end with .png or .svg")
    return kind


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
