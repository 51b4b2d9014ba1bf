"""What the stack must know of a project, and the environment that the project's functions get."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from local.sam.template import Template, load_template


@dataclass(frozen=True, slots=True)
class Project:
    """A SAM project."""

    name: str
    """Resources that the template does not name are called ``<name>-local-<logical id>``."""
    root: Path
    """The folder that code paths of the template start from."""
    stand_in_module: str
    """A module that serves the stand-in for AWS when it is run (``local.sam.aws.endpoint.main``)."""
    shared: Path
    """The folder of the code that functions share: a layer in an account, a folder on the path here."""
    packages: tuple[str, ...] = ()
    """The packages in it. They are imported again when the code changes."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables of the functions that have another value here than in the template."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Variables whose default is another here than in the template, however the functions run."""
    state_folder: str = ".sam-local"
    """A folder, relative to the root, for what the stand-ins keep between runs."""
    sources: tuple[str, ...] = ("template.yaml",)
    """Files and folders, relative to the root, that the functions are built from."""

    @property
    def watched(self) -> tuple[Path, ...]:
        """What is served anew when it changes."""
        return tuple(self.root / source for source in self.sources)

    @property
    def template_file(self) -> Path:
        """The template."""
        return self.root / "template.yaml"

    @property
    def stack_name(self) -> str:
        """The name of the stack on this machine."""
        return f"{self.name}-local"

    def read_template(self, region: str, file: Path | None = None) -> Template:
        """The project's template, or another file that was made of it, for a region.

        Raises:
            OSError: if the file cannot be read.
            yaml.YAMLError: if it is not YAML.
        """
        return Template(load_template(file or self.template_file), region, self.stack_name)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a file of ``NAME=value`` lines; none if there is no such file. Empty values do not count."""
    if not path.is_file():
        return {}
    variables = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#") and value.strip():
            variables[name.strip()] = value.strip().strip("\"'")
    return variables


def add_defaults(environment: MutableMapping[str, str], defaults: Mapping[str, str]) -> None:
    """Sets the variables that are not set or empty."""
    for name, value in defaults.items():
        if not environment.get(name):
            environment[name] = value
