"""Where figures were taken: machine and versions. Neither the machine's name nor a path of it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOCUST_VERSION: Final = "from importlib.metadata import version; print(version('locust'))"


def machine() -> str:
    """Cores that this process may use, the processor, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = platform.system()
    with suppress(OSError):
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    number = re.match(r"\d+(\.\d+)?", platform.release())
    kernel = f", {platform.system()} {number[0]}" if number else ""
    return f"{cores} cores of {processor()} ({platform.machine()}), {system}{kernel}"


def processor() -> str:
    """The processor's name as it calls itself."""
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or "an unknown processor"


def versions(locust_python: Path, wrk: str | None) -> str:
    """Of Python and the load generators."""
    asked = subprocess.run([locust_python, "-c", _LOCUST_VERSION], capture_output=True, text=True, check=True)
    parts = [f"Python {platform.python_version()}", f"locust {asked.stdout.strip()}"]
    return ", ".join([*parts, f"wrk {wrk}"] if wrk else [*parts, "wrk not installed"])
