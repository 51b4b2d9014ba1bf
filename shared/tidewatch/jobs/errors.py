"""What can go wrong with jobs; the HTTP door decides what each means to a client."""

from __future__ import annotations


class JobNotFound(LookupError):
    """The tenant has no such job, or it expired."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id!r}: ended jobs are kept for 30 days")
        self.job_id = job_id


class JobNotDone(Exception):
    """The job has not succeeded, so that there is nothing to show of it."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the job is {state}: there is nothing to show until it has succeeded")


class JobKeyReused(Exception):
    """The idempotency key started a job with another request before."""


class JobEnded(Exception):
    """The job has ended: there is nothing left to do for a worker."""


class LeaseHeld(Exception):
    """Another worker has the job.

    Attributes:
        seconds: how long its lease still lasts.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"another worker has the job for {seconds:.0f} s")
        self.seconds = seconds


class LeaseLost(Exception):
    """Another worker took the job, since the lease of this one had run out: nothing of this one counts any more."""


class JobCancelled(Exception):
    """Somebody asked for the job to end, and its function noticed."""


class JobOutOfTime(Exception):
    """The job did not end, nor reach a checkpoint, in the time that one run of a worker has."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the job reached no checkpoint within {seconds:.0f} s, which is all that one run has")


class JobAbandoned(Exception):
    """The workers that took the job ended before it did, again and again: they crashed or ran out of memory."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"{attempts} workers in a row took the job and ended before it did, as by a lack of memory")


class UnknownJobKind(Exception):
    """This release has no function for jobs of this kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this release of the worker does not know jobs of the kind {kind!r}")
