"""Figures as sections of rows."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

Rows = Iterator[tuple[str, str]]
"""What was measured, and the figure in words; each as soon as it is known."""


def print_machine() -> None:
    """Prints what the figures were taken on."""
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores\n")


def print_section(title: str, rows: Rows) -> None:
    """Prints rows below a title while they come."""
    print(title)
    for name, figure in rows:
        print(f"  {name:<44} {figure}", flush=True)
    print()
