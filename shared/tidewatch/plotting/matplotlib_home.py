"""Gives matplotlib a folder for its font cache; imported before matplotlib is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def ensure_writable_config() -> None:
    """Sets ``MPLCONFIGDIR`` to a fresh private folder if it is unset and the home cannot be written, as on AWS Lambda.

    A folder of a fixed name in a shared ``/tmp`` would let others plant settings in it.
    """
    if "MPLCONFIGDIR" not in os.environ and not _home_is_writable():
        os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")


def _home_is_writable() -> bool:
    try:
        return os.access(Path.home(), os.W_OK)
    except RuntimeError:
        # The user of the process has no home at all.
        return False


ensure_writable_config()
