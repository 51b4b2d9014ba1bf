"""Processes that this one starts and that must not outlive it, however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

_GRACE_SECONDS: Final = 5
_END_WITH_PARENT: Final = Path(__file__).with_name("end_with_parent.py")


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: int | IO[bytes] | None = None,
    sockets: Iterable[socket.socket] = (),
) -> subprocess.Popen[bytes]:
    """Starts a process that gets SIGTERM when this one is gone (on Linux), also when this one was killed.

    It is in a process group of its own, so that Ctrl-C reaches this process alone, which then stops the other in good
    order with ``stop``.

    Args:
        command: the program, by its path, and its arguments.
        environment: all of its environment.
        folder: its working directory.
        output: where its standard output and error go; None leaves them on this process's.
        sockets: sockets that it inherits, under the numbers that they have here.

    Raises:
        OSError: if it cannot be started.
    """
    program = [str(part) for part in command]
    if sys.platform == "linux":
        program = [sys.executable, "-I", "-S", str(_END_WITH_PARENT), str(os.getpid()), *program]
    return subprocess.Popen(
        program,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        pass_fds=[each.fileno() for each in sockets],
        process_group=0,
    )


def stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ends processes that ``start`` made, and waits for them: SIGTERM first, after five seconds SIGKILL."""
    processes = list(processes)
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port(preferred: int = 0) -> int:
    """A port that nothing listens on: the preferred one if it is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As a server does: a port whose last user just ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
            probe.listen()
        except OSError:
            return free_port()
        port: int = probe.getsockname()[1]
        return port


def listening_socket(port: int = 0, *, backlog: int = 128) -> socket.socket:
    """A socket that listens on loopback, to be handed to a child: clients may connect before that is ready."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(backlog)
    return listener
