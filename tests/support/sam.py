"""The SAM command line, where there is one: in an environment of its own, because its pins conflict with ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT


def command(name: str) -> str:
    """The path of ``sam``, or of a tool installed beside it; skips the test where there is none.

    The environment variable ``SAM`` names the command, or else PATH has it.
    """
    sam = shutil.which(os.environ.get("SAM") or "sam")
    if sam is None:
        pytest.skip("the SAM command line is not installed: set SAM to its path, or put it on PATH")
    beside = Path(sam).with_name(name)
    found = sam if name == "sam" else shutil.which(str(beside)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in the repository, without telemetry and with this Python's tools on PATH.

    A variable given as an empty text is taken out of the environment.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "LAYER_", "MFLAGS"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = inherited | {"SAM_CLI_TELEMETRY": "0", "PATH": path} | environment
    return subprocess.run(arguments, cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=600)
