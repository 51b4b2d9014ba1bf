"""Gives matplotlib a folder for its font cache; imported before matplotlib is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def ensure_writable_config() -> None:
    """Sets ``MPLCONFIGDIR`` to a fresh private folder if it is unset and the home cannot be written, as on AWS Lambda.

    A folder of a fixed name in a shared ``/tmp`` would let others plant settings in it.
    """
    if "MPLCONFIGDIR" not in os.environ and not os.access(Path("~").expanduser(), os.W_OK):
        os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")


ensure_writable_config()
