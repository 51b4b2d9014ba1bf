"""Run as a script: becomes another program that gets SIGTERM when the process that started it is gone (Linux only).

A script of its own, not a hook between fork and exec, which is not safe where the parent has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Arguments: the process id of the parent, the program, and its arguments."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent ended first")
    # Python sets LC_CTYPE for itself where there is no such locale as LANG says.
    environment = {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}
    os.execve(program, sys.argv[2:], environment)  # noqa: S606 - no shell is wanted # nosec B606


if __name__ == "__main__":
    main()
