"""Options that many commands have, each described once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cli.config import Config
from cli.errors import WrongUsage
from cli.output import Format, say

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
DEFAULT_MODELS: Final = Path(".tidewatch")
DEFAULT_SERIES: Final = "default"

LocalSeries = Annotated[
    str | None,
    typer.Option("--series", metavar="SERIES", help="The id of a model of this machine."),
]
Detector = Annotated[
    str | None,
    typer.Option("--detector", "--method", help="Such as mad; else that of config.yaml, or the default."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Else config.yaml, if there is one. Flags win over it.")
]
Models = Annotated[Path, typer.Option("--models", metavar="FOLDER", help="Where models of this machine are.")]
DetectorOptions = Annotated[
    list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Of the detector; may be repeated.")
]
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="Of the series, such as Europe/Berlin: its days are local ones; else as before."),
]
LabelColumn = Annotated[
    str | None, typer.Option("--labels", metavar="COLUMN", help="The column of labels: 1 for an anomaly, else 0.")
]
LabelsFile = Annotated[
    str | None, typer.Option("--labels-file", metavar="FILE", help="Where labels are, if not in the data.")
]
FailOnAnomaly = Annotated[bool, typer.Option("--fail-on-anomaly", help="Exit with 1 if there is an anomaly.")]


def option_values(options: list[str] | None) -> dict[str, Any]:
    """Options of a detector by name.

    Values that are JSON are taken as such, so ``sigmas=4`` is a number; all others are strings.

    Raises:
        WrongUsage: if one has no name, or is there twice.
    """
    values: dict[str, Any] = {}
    for option in options or ():
        key, equals, text = option.partition("=")
        if not key or not equals:
            raise WrongUsage(f"--option {option!r} must be NAME=VALUE, such as sigmas=4.")
        if key in values or key == "name":
            raise WrongUsage(f"--option {key} is there twice, or is no option.")
        try:
            values[key] = json.loads(text, parse_constant=_refuse)
        except ValueError:
            values[key] = text
    return values


def detector_document(
    name: str | None, options: list[str] | None, config: Config, *, rows: bool, default: str | None = None
) -> dict[str, Any]:
    """The field ``detector`` of a request, if flags or ``config.yaml`` say anything of it.

    Args:
        name: by a flag; None if there is none.
        options: as flags have them.
        config: the file.
        rows: whether the request has rows.
        default: the detector that the service takes where none is named; that of a fit, if None.

    Raises:
        WrongUsage: if options are given, and nobody names a detector; if the file names one that is not there.
    """
    values = option_values(options)
    if name is None and values and config.detection.method is None:
        raise WrongUsage("--option needs --detector: the options are those of a detector.")
    if not config.detection.given:
        # The service knows which detectors there are.
        return {} if name is None else {"detector": {"name": name, **values}}
    # Detectors take a while to import.
    from tidewatch.detectors import DEFAULT_DETECTOR, DEFAULT_OF_ROWS

    from cli.detectors import choose

    default = default or (DEFAULT_OF_ROWS if rows else DEFAULT_DETECTOR)
    choice = choose(name, values, config.detection, rows=rows, default=default)
    for remark in choice.remarks:
        say(f"config.yaml: {remark}.")
    return {"detector": choice.document()}


def check_series(series: str | None) -> None:
    """Refuses an id that no series has.

    Raises:
        WrongUsage: if it is one.
    """
    if series is not None and re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", series, re.ASCII) is None:
        raise WrongUsage(f"--series {series!r} must have 1 to 128 letters, digits, or . _ - :")


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


def picture_format(path: Path) -> Literal["png", "svg"]:
    """``png`` or ``svg``, as the name of a file ends.

    Raises:
        WrongUsage: if it ends otherwise.
    """
    match path.suffix.lower():
        case ".png":
            return "png"
        case ".svg":
            return "svg"
    raise WrongUsage(f"{path} must end with .png or .svg")


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
