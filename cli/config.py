"""``config.yaml``: how a project detects and alerts, so that no command need be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cli.errors import WrongUsage
from cli.names import nearest

DEFAULT_FILE: Final = Path("config.yaml")
CONSOLE: Final = "console"
CHANNELS: Final = (CONSOLE, "email", "sns", "webhook", "eventbridge")
"""Where people can be told; from the command line only on the console."""

Document = TypeVar("Document", bound="Strict")


class Strict(BaseModel):
    """A part of a file: no other fields, no other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Detection(Strict):
    """How to detect; what is None is left to the detector."""

    method: str | None = None
    contamination: Annotated[float | None, Field(gt=0, le=0.5)] = None
    window_size: Annotated[int | None, Field(ge=1)] = None

    @property
    def given(self) -> bool:
        """Whether it says anything."""
        return self != Detection()


class Alerting(Strict):
    """Whom to tell of what: events whose severity, 0 to 1, is at least the threshold."""

    enabled: bool = False
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    channels: list[str] = [CONSOLE]

    def without_effect(self) -> str | None:
        """What of it the command line cannot do, in words; None if it does all."""
        if not self.enabled:
            return None
        others = [channel for channel in self.channels if channel != CONSOLE]
        if not self.channels:
            return "alerting.channels is empty: nobody is alerted"
        if not others:
            return None
        nobody = "" if CONSOLE in self.channels else ", so nobody is alerted"
        return f"alerting.channels: {', '.join(others)} cannot be reached from the command line{nobody}"


class Config(Strict):
    """The file."""

    detection: Detection = Detection()
    alerting: Alerting = Alerting()


def read_config(path: Path | None) -> Config:
    """Reads a file; where none is named, ``config.yaml`` if there is one.

    Raises:
        WrongUsage: if it cannot be read, with everything that is wrong in it.
    """
    if path is None and not DEFAULT_FILE.exists():
        return Config()
    path = path or DEFAULT_FILE
    config, problems = read_yaml(path, Config)
    if config is not None:
        problems += _names(config)
    if problems or config is None:
        raise WrongUsage("\n  ".join([f"{path} is not usable:", *problems]))
    return config


class _Loader(yaml.SafeLoader):
    """Takes no field twice: the second would silently take the place of the first, such as a bound of a gate."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Looks at the fields as they are written, before those of other places are merged in."""
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"{twice} is given more than once", node.start_mark)
        super().flatten_mapping(node)


def read_yaml(path: Path, document: type[Document]) -> tuple[Document | None, list[str]]:
    """A YAML file as a document, and what is wrong with it; None if it is none.

    Raises:
        WrongUsage: if it cannot be read, or is no YAML.
    """
    try:
        found = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - makes no more than a SafeLoader does
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise WrongUsage(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    except (RecursionError, ValueError) as error:
        raise WrongUsage(f"{path} is no YAML that makes sense: {error}") from error
    try:
        return document.model_validate({} if found is None else found), []
    except ValidationError as invalid:
        return None, [_told(document, each) for each in invalid.errors(include_input=False, include_url=False)]


def _told(document: type[BaseModel], error: Any) -> str:
    """One problem: where, and what; of an unknown field the nearest there is."""
    *above, last = error["loc"] or ("the file",)
    where = ".".join(map(str, error["loc"])) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown{nearest(str(last), _fields(document, above))}"
    if error["type"] in ("model_type", "model_attributes_type"):
        return f"{where}: must be fields with values"
    return f"{where}: {error['msg'].replace('Input should', 'should')}"


def _fields(document: type[BaseModel], above: list[Any]) -> list[str]:
    kind: Any = document
    for name in above:
        # Of a mapping all values are of one kind, whatever their names.
        kind = get_args(kind)[1] if get_origin(kind) is dict else kind.model_fields[name].annotation
    return list(kind.model_fields)


def _names(config: Config) -> list[str]:
    unknown = [channel for channel in config.alerting.channels if channel not in CHANNELS]
    problems = [f"alerting.channels: no channel {name!r}{nearest(name, CHANNELS)}" for name in unknown]
    method = config.detection.method
    if method is not None:
        # Detectors take a while to import.
        from tidewatch.detectors import DETECTOR_NAMES, FAMILY_DEFAULTS

        known = (*DETECTOR_NAMES, *FAMILY_DEFAULTS)
        if method not in known:
            problems.insert(0, f"detection.method: no detector {method!r}{nearest(method, known)}")
    return problems
