"""Keeps what the stand-ins hold in a file, and reads it back at the next start.

The file is a SQLite database of one table. What changed since the last time is written in one transaction, so a process
that is killed leaves the state of a few seconds before, never half of one. Nothing is ever unpickled.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

EVERY_SECONDS: Final = 3
STORAGE_FILE: Final = "storage.sqlite3"
METRICS_FILE: Final = "metrics.sqlite3"
_FORMAT: Final = 1
TURN: Final = threading.RLock()
"""Whoever changes what the stand-ins hold, or looks through it, has it: functions may run in several threads."""
_SCHEMA: Final = """
CREATE TABLE entry (kind TEXT NOT NULL, key TEXT NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, key))
"""
_WRITE: Final = "INSERT OR REPLACE INTO entry (kind, key, head, body) VALUES (?, ?, ?, ?)"
_DELETE: Final = "DELETE FROM entry WHERE kind = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is kept: an item, an object, or a metric's values of one minute."""

    head: Any
    """What JSON can hold."""
    body: bytes = b""


Key = tuple[Any, ...]
Changes = Mapping[Key, Entry | None]
"""What there is now under each key that may have changed; None if nothing."""


class Holder(Protocol):
    """Something whose content is kept."""

    kind: str

    def changes(self) -> Changes:
        """What changed since the last call, or since it was filled."""

    def fill(self, entries: Mapping[Key, Entry]) -> None:
        """Takes back what was kept.

        Raises:
            LookupError, TypeError, ValueError, AttributeError: if an entry is not one of its own.
        """

    def clear(self) -> None:
        """Forgets all that it holds."""


class UnusableState(Exception):
    """A file cannot be used; the message says why."""


class StateInUse(UnusableState):
    """Another process has the file open."""


class StateFile:
    """The file. It belongs to one process at a time."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it.

        Raises:
            UnusableState: if it is no file of this format.
            StateInUse: if another process has it open.
            OSError: if it cannot be made.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.Lock()
        # Written from a thread of its own, one write at a time; transactions are our own.
        self._database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException as error:
            self._database.close()
            if not isinstance(error, sqlite3.Error):
                raise
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StateInUse(f"{path} is in use by another stack") from None
            raise UnusableState(str(error)) from None

    def _prepare(self) -> None:
        # The lock that a first write takes is held until the end, and freed by the system however the process ends.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("BEGIN EXCLUSIVE")
        (found,) = self._database.execute("PRAGMA user_version").fetchone()
        tables = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if found == 0 and tables == 0:
            self._database.execute(_SCHEMA)
            self._database.execute(f"PRAGMA user_version = {_FORMAT}")
        elif found != _FORMAT:
            raise UnusableState(f"it has format {found}, not {_FORMAT}")
        self._database.execute("COMMIT")
        (verdict,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise UnusableState(str(verdict))

    def read(self, kind: str) -> dict[Key, Entry]:
        """All entries of a kind.

        Raises:
            UnusableState: if one cannot be read.
        """
        try:
            rows = self._database.execute("SELECT key, head, body FROM entry WHERE kind = ?", (kind,))
            return {tuple(orjson.loads(key)): Entry(orjson.loads(head), body) for key, head, body in rows}
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise UnusableState(str(error)) from None

    def write(self, changes: Mapping[str, Changes]) -> None:
        """Writes changes, by kind: all of them or none.

        Raises:
            sqlite3.Error: if it cannot, such as on a full disk.
        """
        written, deleted = [], []
        for kind, by_key in changes.items():
            for key, entry in by_key.items():
                text = orjson.dumps(key).decode()
                if entry is None:
                    deleted.append((kind, text))
                else:
                    written.append((kind, text, orjson.dumps(entry.head).decode(), entry.body))
        with self._writing:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(_WRITE, written)
                self._database.executemany(_DELETE, deleted)
                self._database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def clear(self) -> None:
        """Deletes all entries."""
        self._database.execute("DELETE FROM entry")

    def close(self) -> None:
        """Closes the file, once a write that goes on has ended."""
        with self._writing:
            self._database.close()


class Keeper:
    """Writes what some holders hold into a file, now and then."""

    def __init__(self, file: StateFile, holders: Sequence[Holder], say: Callable[[str], None]) -> None:
        """``say`` gets a sentence where something cannot be kept."""
        self._file = file
        self._holders = holders
        self._say = say
        # What was not written yet, also since a write failed.
        self._pending: dict[str, dict[Key, Entry | None]] = {holder.kind: {} for holder in holders}
        self._failing = False
        self._saving = threading.Lock()

    async def run(self) -> None:
        """Saves every few seconds, until it is cancelled; the disk is waited for in another thread."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            if self._collect():
                await asyncio.to_thread(self._write)

    def close(self) -> None:
        """Saves for the last time, once a save that goes on has ended."""
        with self._saving:
            pass
        self._collect()
        self._write()
        self._file.close()

    def _collect(self) -> bool:
        """Asks the holders, between two requests; whether there is something to write."""
        with TURN:
            for holder in self._holders:
                self._pending[holder.kind].update(holder.changes())
        return any(self._pending.values())

    def _write(self) -> None:
        with self._saving:
            if not any(self._pending.values()):
                return
            try:
                self._file.write(self._pending)
                self._pending = {holder.kind: {} for holder in self._holders}
                self._failing = False
            except sqlite3.Error as error:
                # It stays pending, and is tried again with what comes.
                if not self._failing:
                    self._say(f"{self._file.path} cannot be written: {error}. What changes now may not be kept.")
                self._failing = True


def keep(path: Path, holders: Sequence[Holder], say: Callable[[str], None], *, fresh: bool = False) -> Keeper | None:
    """Fills holders from a file, and returns what keeps them in it from now on.

    A file that cannot be read is set aside under another name; one that another process uses is left alone.

    Args:
        path: the file; it need not exist.
        holders: what to fill and to keep.
        say: gets a sentence about all that is not as usual.
        fresh: whether to begin with nothing.

    Returns:
        The keeper; None if nothing can be kept.
    """
    try:
        try:
            file = _opened_and_read(path, holders, fresh=fresh)
        except StateInUse:
            raise
        except UnusableState as error:
            aside = _set_aside(path)
            say(f"{path} cannot be read ({error}). It is now {aside.name}, and this stack begins with nothing.")
            file = StateFile(path)
    except (UnusableState, OSError) as error:
        say(f"What this stack holds is gone when it stops: {error}.")
        return None
    return Keeper(file, holders, say)


@asynccontextmanager
async def kept(
    path: Path, holders: Sequence[Holder], say: Callable[[str], None], *, fresh: bool
) -> AsyncIterator[bool]:
    """Keeps what holders hold in a file while it is entered, and gives whether it can; the arguments are ``keep``'s."""
    keeper = keep(path, holders, say, fresh=fresh)
    if keeper is None:
        yield False
        return
    saving = asyncio.ensure_future(keeper.run())
    try:
        yield True
    finally:
        saving.cancel()
        keeper.close()


def _opened_and_read(path: Path, holders: Iterable[Holder], *, fresh: bool) -> StateFile:
    file = StateFile(path)
    try:
        if fresh:
            file.clear()
        else:
            _fill(file, holders)
    except BaseException:
        file.close()
        raise
    return file


def _fill(file: StateFile, holders: Iterable[Holder]) -> None:
    read = [(holder, file.read(holder.kind)) for holder in holders]
    try:
        for holder, entries in read:
            holder.fill(entries)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        for holder, _ in read:
            holder.clear()
        raise UnusableState(f"it holds something else than it should: {error!r}") from None


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.stem}-unreadable-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    path.replace(aside)
    # What SQLite wrote to undo an unfinished write belongs to the file.
    journal = path.with_name(f"{path.name}-journal")
    if journal.exists():
        journal.replace(aside.with_name(f"{aside.name}-journal"))
    return aside
