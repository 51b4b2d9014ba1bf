"""One run of a worker: takes a job, calls the function of its kind, and stores what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.jobs.errors import (
    JobAbandoned,
    JobCancelled,
    JobEnded,
    JobNotFound,
    JobOutOfTime,
    LeaseHeld,
    LeaseLost,
    UnknownJobKind,
)
from tidewatch.jobs.job import JobState, Progress
from tidewatch.jobs.kinds import JobKinds
from tidewatch.jobs.ports import Delivery, Ending, JobQueue, JobStore, Lease
from tidewatch.registry import SeriesBusy, StorageUnavailable, WriteConflict

MOST_ATTEMPTS: Final = 5
"""How often a job is tried without a checkpoint in between."""

_FOR_THE_ENDING: Final = 15.0
"""Seconds of a run that are kept for storing what came of it."""
_LEASE_MARGIN: Final = timedelta(seconds=5)
"""How much longer a lease is than the run: two clocks may differ."""
_TELLS_EVERY: Final = 2.0
# A request puts its job within seconds of its message, or never: its function has 25 s in all.
_JOB_COMES_WITHIN: Final = 60.0
_SOON: Final = 2.0
_FIRST_WAIT: Final = 10.0

_TEMPORARY: Final = (StorageUnavailable, SeriesBusy, WriteConflict, UnknownJobKind)
"""What may be otherwise at the next attempt. The last one is, once a new release is out on all workers."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a delivery.

    Attributes:
        acknowledged: whether the message is done with; otherwise it comes again.
        ending: how the job ended, if it did in this run.
    """

    acknowledged: bool
    ending: Ending | None = None


class _Run:
    """The run's side of ``JobContext``."""

    def __init__(self, store: JobStore, lease: Lease, deadline: Deadline, now: Callable[[], datetime]) -> None:
        self._store = store
        self._lease = lease
        self._now = now
        self._deadline = deadline
        self._progress: Progress | None = lease.job.progress
        self._cancelled = lease.job.cancel_requested
        self._told_at = -_TELLS_EVERY
        self.kept_anything = False

    @property
    def deadline(self) -> Deadline:
        return self._deadline

    @property
    def resumed_from(self) -> Any:
        return self._lease.checkpoint

    def progress(self, done: int, total: int) -> None:
        self._progress = Progress(done, total)
        self._tell()

    def checkpoint(self, data: Any) -> None:
        self._store.checkpoint(self._lease, data, self._progress, self._now())
        self.kept_anything = True

    def cancelled(self) -> bool:
        if not self._cancelled:
            self._tell()
        return self._cancelled

    def check(self) -> None:
        if self.cancelled():
            raise JobCancelled
        self._deadline.check()

    def _tell(self) -> None:
        if self._deadline.clock() - self._told_at >= _TELLS_EVERY:
            self._cancelled = self._store.report(self._lease, self._progress, self._now())
            self._told_at = self._deadline.clock()


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Does jobs. However often a message comes, and wherever a worker is killed, a job ends once.

    Each run needs the job's lease, leases are counted, and nothing is written under any but the newest one.

    Attributes:
        store: where jobs are.
        queue: what brought them.
        kinds: what there is to be done.
        now: tells the time.
        describe: an exception as a problem that may be shown; counts and logs it.
    """

    store: JobStore
    queue: JobQueue
    kinds: JobKinds
    now: Callable[[], datetime]
    describe: Callable[[Exception], dict[str, Any]]

    def run(self, delivery: Delivery, deadline: Deadline) -> Handled:
        """Does the work of a delivered job, or leaves it for later.

        Args:
            delivery: the message.
            deadline: when the worker's own time is over.

        Raises:
            StorageUnavailable: if not even the delivery could be postponed; the message comes again by itself.
        """
        try:
            lease = self._take(delivery, deadline)
            return self._end_or_retry(delivery, lease, deadline)
        except JobEnded:
            return Handled(acknowledged=True)
        except JobNotFound:
            return self._without_job(delivery)
        except LeaseHeld as held:
            return self._later(delivery, held.seconds)
        except LeaseLost:
            # The message that brought it here is another worker's by now.
            return Handled(acknowledged=False)
        except StorageUnavailable:
            # If the lease was taken, the next delivery finds it, and waits until it has run out.
            return self._later(delivery, _FIRST_WAIT)

    def _take(self, delivery: Delivery, deadline: Deadline) -> Lease:
        now = self.now()
        until = now + timedelta(seconds=max(deadline.remaining(), 0)) + _LEASE_MARGIN
        return self.store.take(delivery.tenant, delivery.job_id, owner=uuid.uuid4().hex, now=now, until=until)

    def _without_job(self, delivery: Delivery) -> Handled:
        """A message comes before its job is stored, or the job is not stored at all."""
        if delivery.age >= _JOB_COMES_WITHIN:
            return Handled(acknowledged=True)
        return self._later(delivery, _SOON if delivery.received == 1 else _JOB_COMES_WITHIN)

    def _end_or_retry(self, delivery: Delivery, lease: Lease, deadline: Deadline) -> Handled:
        try:
            ending = self._work(lease, deadline)
        except LeaseLost:
            raise
        except DeadlineExceeded:
            # Message first, as at the start. It waits until this one is acknowledged, since both are of one group.
            self.queue.send(delivery.tenant, delivery.job_id)
            self.store.release(lease, self.now())
            return Handled(acknowledged=True)
        except Exception as error:  # noqa: BLE001 - whatever the function raised is the job's failure, not the worker's
            if isinstance(error, _TEMPORARY) and lease.job.attempts < MOST_ATTEMPTS:
                self.store.release(lease, self.now())
                return self._later(delivery, _FIRST_WAIT * 2 ** (lease.job.attempts - 1))
            ending = Ending(JobState.FAILED, error=self.describe(error))
        self.store.end(lease, ending, self.now())
        return Handled(acknowledged=True, ending=ending)

    def _work(self, lease: Lease, deadline: Deadline) -> Ending:
        """Calls the function of the job's kind.

        Raises:
            DeadlineExceeded: if its time is over, and a later run can go on from a checkpoint of this one.
            JobOutOfTime: if its time is over, and none can.
            JobAbandoned: if too many workers ended before the job did.
        """
        job = lease.job
        if job.cancel_requested:
            return Ending(JobState.CANCELLED)
        if job.attempts > MOST_ATTEMPTS:
            raise JobAbandoned(job.attempts - 1)
        lasts = deadline.remaining()
        run = _Run(self.store, lease, deadline.earlier(_FOR_THE_ENDING), self.now)
        try:
            return Ending(JobState.SUCCEEDED, result=self.kinds.function(job.kind)(job, run))
        except JobCancelled:
            return Ending(JobState.CANCELLED)
        except DeadlineExceeded:
            if run.kept_anything:
                raise
            raise JobOutOfTime(lasts) from None

    def _later(self, delivery: Delivery, seconds: float) -> Handled:
        self.queue.postpone(delivery.receipt, seconds)
        return Handled(acknowledged=False)
