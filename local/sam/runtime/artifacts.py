"""What `sam build` made: built for this machine, kept until the sources change, and read back."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.sam.project import Project
from local.sam.runtime.tools import PYTHON, Tools, tool_path

# Where the last builds for this machine are kept. Production's has `.aws-sam/build` to itself.
_HOST_BUILD: Final = Path(".aws-sam", "host")
_COMPLETE: Final = "complete"
_KEPT_BUILDS: Final = 3
_LEFT_BEHIND: Final = (".pyc", "~")


class BuildFailed(RuntimeError):
    """`sam build` failed; the message has what it printed."""


@dataclass(frozen=True, slots=True)
class BuiltFunction:
    """One function as it was built, and what the template says of how it runs."""

    logical_id: str
    name: str
    folder: Path
    """Lambda's /var/task."""
    layers: tuple[Path, ...]
    """Folders that Lambda unpacks into /opt, the first one first."""
    handler: str
    """Such as ``handler.lambda_handler``."""
    variables: Mapping[str, str]
    timeout_seconds: int
    memory_mb: int


def up_to_date_build(tools: Tools) -> Path:
    """Builds for this machine where that was not done since the sources last changed.

    Returns:
        The folder of the build.

    Raises:
        BuildFailed: if it cannot be built.
    """
    builds = tools.project.root / _HOST_BUILD
    with _alone(builds / "lock"):
        # Under a name of its own, since functions may still run from the one before.
        folder = builds / f"py{PYTHON}-{_fingerprint(tools)[:16]}"
        if not (folder / _COMPLETE).exists():
            build(tools, folder)
            (folder / _COMPLETE).touch()
            kept = sorted(builds.glob("py*"), key=lambda path: path.stat().st_mtime)
            for old in kept[:-_KEPT_BUILDS]:
                shutil.rmtree(old)
    return folder


def build(tools: Tools, folder: Path) -> None:
    """Builds every function and layer for this machine's processor and Python.

    Raises:
        BuildFailed: if it cannot be built.
    """
    # make, if this runs below it, must not hand its own settings to the makes that sam starts.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "LAYER_"))}
    done = subprocess.run(
        [tools.sam, "build", "--build-dir", folder, "--parameter-overrides", f"Architecture={tools.architecture}"],
        cwd=tools.project.root,
        env=inherited | {"PATH": tool_path(), "SAM_CLI_TELEMETRY": "0", "LAYER_PYTHON": PYTHON},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(f"`sam build` failed:\n{done.stdout}{done.stderr}")


def read_build(project: Project, folder: Path, region: str) -> dict[str, BuiltFunction]:
    """Every function of a build, by logical id."""
    template = project.read_template(region, folder / "template.yaml")
    shared = template.global_properties("Function")
    # A function names its layers by reference, and a reference becomes a name.
    layers = {
        template.physical_name(logical_id): folder / str(properties["ContentUri"])
        for logical_id, properties in template.resources("AWS::Serverless::LayerVersion").items()
    }
    found = {}
    for logical_id, own in template.resources("AWS::Serverless::Function").items():
        properties = {**shared, **own}
        found[logical_id] = BuiltFunction(
            logical_id=logical_id,
            name=template.physical_name(logical_id),
            folder=folder / str(properties["CodeUri"]),
            layers=tuple(layers[str(name)] for name in _merged(shared, own, "Layers")),
            handler=str(properties["Handler"]),
            variables={name: _as_text(value) for name, value in (_variables(shared) | _variables(own)).items()},
            timeout_seconds=int(properties["Timeout"]),
            memory_mb=int(properties["MemorySize"]),
        )
    return found


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any], name: str) -> list[Any]:
    return [*(shared.get(name) or []), *(own.get(name) or [])]


def _variables(properties: Mapping[str, Any]) -> dict[str, Any]:
    return dict((properties.get("Environment") or {}).get("Variables") or {})


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fingerprint(tools: Tools) -> str:
    """A hash of all that goes into a build. Modification times would miss a change of branch."""
    digest = hashlib.sha256(f"{PYTHON} {tools.architecture}\n".encode())
    for path in tools.project.watched:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and not file.name.endswith(_LEFT_BEHIND):
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{content} {file.relative_to(tools.project.root)}\n".encode())
    return digest.hexdigest()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Waits until no other process builds."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
