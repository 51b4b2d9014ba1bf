"""The environment that the functions run in: the caller's, then ``.env``, then what the template says."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path


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
