"""Files that are written whole or not at all, and the lock by which several processes share a folder."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside its place and moves it there: who reads sees the old one or the new one.

    Raises:
        OSError: if it cannot be written; the old one is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_if_there(path: Path) -> bytes | None:
    """The content of a file; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Changes of a folder: one process, and one thread of it, at a time. The folder is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def undisturbed(folder: Path) -> Iterator[None]:
    """Reading while nobody changes the folder. It makes none, and may be of a folder that cannot be written."""
    try:
        file = (folder / "lock").open("rb")
    except FileNotFoundError:
        # Whoever wrote here made the lock first.
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
