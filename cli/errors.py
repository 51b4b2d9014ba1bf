"""What ends a command, with its message and its exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on."""

    OK = 0
    FOUND = 1
    """Anomalies, with ``--fail-on-anomaly``; an audit trail that is not intact; a version that does not come out
    the same when it is trained again; a bound of a gate that is not kept."""
    USAGE = 2
    REFUSED = 3
    """By the service."""
    UNREACHABLE = 4
    TIMEOUT = 5
    """A job did not end in time."""


class CommandFailed(Exception):
    """A command cannot be done; the message says why."""

    code = ExitCode.USAGE


class WrongUsage(CommandFailed):
    """What was given makes no request: an option, or a file."""


class Refused(CommandFailed):
    """The service answered with an error."""

    code = ExitCode.REFUSED


class Unreachable(CommandFailed):
    """Nothing that is Tidewatch answers at the URL."""

    code = ExitCode.UNREACHABLE


class JobFailed(CommandFailed):
    """A job ended without success."""

    code = ExitCode.REFUSED


class TookTooLong(CommandFailed):
    """A job did not end in the time that there was."""

    code = ExitCode.TIMEOUT
