"""The kinds of jobs, and what the function of a kind is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from tidewatch.deadline import Deadline
from tidewatch.jobs.errors import UnknownJobKind
from tidewatch.jobs.job import Job

KIND_PATTERN: Final = r"[a-z][a-z0-9_]{0,31}"


class JobContext(Protocol):
    """What a job's function learns of its run, and tells of its work."""

    @property
    def deadline(self) -> Deadline:
        """When this run of the worker has to be done. Work that may last longer makes checkpoints."""
        ...

    @property
    def resumed_from(self) -> Any:
        """What the last checkpoint of an earlier run kept; None if there was none."""
        ...

    def progress(self, done: int, total: int) -> None:
        """Tells how much is done. May be called as often as there is news: it is stored every other second.

        Raises:
            LeaseLost: if another worker has the job by now.
        """
        ...

    def checkpoint(self, data: Any) -> None:
        """Stores what a later run can go on from: JSON of 4 MiB at the most. Each is a write.

        Raises:
            LeaseLost: if another worker has the job by now.
        """
        ...

    def cancelled(self) -> bool:
        """Whether somebody asked for the job to end; looked up every other second."""
        ...

    def check(self) -> None:
        """Does nothing while the work may go on; to be called between its steps.

        Raises:
            JobCancelled: if somebody asked for the job to end.
            DeadlineExceeded: if the time of this run is over.
        """
        ...


JobFunction = Callable[[Job, JobContext], Any]
"""Does the work of a job and returns its result, as JSON can hold it.

It may be called again for a job that it did before, after a crash: what it changes must be changed once however often
it is called, such as by a receipt that has the job's id.
"""


class JobKinds:
    """The functions by kind."""

    def __init__(self) -> None:
        self._functions: dict[str, JobFunction] = {}

    def register(self, kind: str, function: JobFunction) -> None:
        """Adds a kind.

        Args:
            kind: a name of lower-case letters, digits and underscores, such as ``reproduce``.
            function: what does the work.

        Raises:
            ValueError: if the name is none, or is taken.
        """
        if not re.fullmatch(KIND_PATTERN, kind) or kind in self._functions:
            raise ValueError(f"{kind!r} is no name for a kind of jobs, or is taken")
        self._functions[kind] = function

    @property
    def names(self) -> frozenset[str]:
        """The kinds that there are."""
        return frozenset(self._functions)

    def function(self, kind: str) -> JobFunction:
        """What does the work of a kind.

        Raises:
            UnknownJobKind: if there is no such kind.
        """
        if kind not in self._functions:
            raise UnknownJobKind(kind)
        return self._functions[kind]
