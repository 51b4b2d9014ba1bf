"""The time that one request has, handed down to whatever may take long."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


class DeadlineExceeded(Exception):
    """The work did not end in the time that it had."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a monotonic clock after which the work is to be given up.

    Attributes:
        at: the moment, in seconds of the clock; infinite where there is no deadline.
        clock: what tells the time, in seconds.
        other: another deadline, by another clock, that holds too; None if there is none.

    >>> Deadline.never().remaining()
    inf
    """

    at: float
    clock: Callable[[], float] = time.monotonic
    other: Deadline | None = None

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """The deadline that is so many seconds from now."""
        return cls(clock() + seconds, clock)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline."""
        return cls(math.inf)

    def remaining(self) -> float:
        """Seconds until the deadline; negative once it has passed."""
        own = self.at - self.clock()
        return own if self.other is None else min(own, self.other.remaining())

    def within(self, seconds: float) -> Deadline:
        """This deadline, or the one that is so many seconds from now if that is sooner."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock, self.other)

    def within_work(self, seconds: float) -> Deadline:
        """This deadline, or when this thread has worked for so many seconds of the processor if that is sooner.

        A busy machine takes longer for the same work, and is not to refuse it as too much.
        """
        return Deadline(time.thread_time() + seconds, time.thread_time, self)

    def earlier(self, seconds: float) -> Deadline:
        """A deadline that leaves so many seconds for what comes after the work."""
        return Deadline(self.at - seconds, self.clock, self.other and self.other.earlier(seconds))

    def check(self) -> None:
        """Does nothing in time.

        Raises:
            DeadlineExceeded: once the deadline has passed.
        """
        if self.remaining() < 0:
            raise DeadlineExceeded
