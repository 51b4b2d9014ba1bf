"""The tools that the real runtime needs, where they are, and what to do where they are not."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from local.sam.project import Project

PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that functions are built for and run on here: the one that runs this."""

_ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_INSTEAD: Final = (
    "Use `make run`, which serves the same functions in one process, or `sam local start-api`, which takes Docker."
)
_FIND_PACKAGE: Final = "from importlib.util import find_spec; print(find_spec('samcli').submodule_search_locations[0])"


class NoRuntime(RuntimeError):
    """The real runtime is not to be had here; the message says why and what to use instead."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs, by absolute path, and the project that they work on."""

    project: Project
    architecture: str
    """Of this machine, as Lambda calls it: ``x86_64`` or ``arm64``."""
    sam: Path
    """The AWS SAM command line."""
    emulator: Path
    """AWS's Runtime Interface Emulator, which comes with it."""
    python: Path
    """The Python of the environment that holds nothing but ``awslambdaric``."""


def find(project: Project, environment: Mapping[str, str] = os.environ) -> Tools:
    """Finds them all, below the project's ``.venv`` or on the path.

    ``SAM`` and ``RUNTIME_PYTHON`` in the environment name another sam and another Python with awslambdaric.

    Raises:
        NoRuntime: if one is missing, or this platform has none.
    """
    if sys.platform != "linux":
        raise NoRuntime(f"AWS's Runtime Interface Emulator runs on Linux, and this is {platform.system()}. {_INSTEAD}")
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if architecture is None:
        raise NoRuntime(f"Lambda has no {platform.machine()} processors. {_INSTEAD}")
    if platform.libc_ver()[0] != "glibc":
        raise NoRuntime(f"The layers are built for glibc, as Lambda has it, and this system has another. {_INSTEAD}")
    venv = project.root / ".venv"
    sam = _sam(venv, environment)
    if shutil.which("uv", path=tool_path()) is None:
        raise NoRuntime("uv is not installed, which builds the layers: it is in requirements-dev.txt")
    return Tools(project, architecture, sam, _emulator(sam, architecture), _runtime_python(venv, environment))


def tool_path() -> str:
    """PATH with the folder of this Python's tools in front, where uv is."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _sam(venv: Path, environment: Mapping[str, str]) -> Path:
    beside = str(venv / "sam" / "bin")
    found = shutil.which(environment.get("SAM") or "sam", path=os.pathsep.join([beside, tool_path()]))
    if found is None:
        raise NoRuntime(
            "the AWS SAM command line is not installed, which carries the emulator: `make test-runtime` installs it, "
            "or set SAM to its path"
        )
    return Path(found)


@lru_cache(maxsize=1)
def _emulator(sam: Path, architecture: str) -> Path:
    # sam is a script of an environment of its own; that environment's Python knows where the package is.
    python = sam.resolve().with_name("python")
    if not python.exists():
        raise NoRuntime(f"{sam} is not a script of a Python environment; set SAM to one that is")
    asked = subprocess.run([python, "-c", _FIND_PACKAGE], capture_output=True, text=True, check=False, timeout=60)
    if asked.returncode != 0:
        raise NoRuntime(f"{python} has no package samcli: {asked.stderr.strip()}")
    emulator = Path(asked.stdout.strip()) / "local" / "rapid" / f"aws-lambda-rie-{architecture}"
    if not emulator.exists():
        raise NoRuntime(f"this version of aws-sam-cli has no {emulator.name}. {_INSTEAD}")
    if not os.access(emulator, os.X_OK):
        raise NoRuntime(f"{emulator} is not executable. {_INSTEAD}")
    return emulator


def _runtime_python(venv: Path, environment: Mapping[str, str]) -> Path:
    named = environment.get("RUNTIME_PYTHON")
    # Not resolved: a virtual environment is known by the path of its python, which is a link.
    python = Path(named) if named else venv / f"ric-py{PYTHON.replace('.', '')}" / "bin" / "python"
    if not python.exists():
        raise NoRuntime(f"there is no {python}, the environment of awslambdaric: `make test-runtime` makes it")
    return python.absolute()
