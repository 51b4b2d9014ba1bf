"""Code in a process of its own, for what importing does: this one has imported everything."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.environment import ROOT


def in_a_fresh_process(
    code: str, *arguments: str, stdin: str = "", warnings: str = "error", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs code that can import the project, with no other environment than is given; it must end well."""
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-c", code, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"} | environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done
