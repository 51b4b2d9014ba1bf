"""Jobs: work that takes longer than a request may, done by a worker and looked at while it goes on.

``Jobs`` starts, shows, lists and cancels them. A kind of job is a name and a function, joined in ``JobKinds``; the
worker calls the function through ``JobRunner``.
"""

from tidewatch.jobs.errors import (
    JobAbandoned,
    JobCancelled,
    JobEnded,
    JobKeyReused,
    JobNotFound,
    JobOutOfTime,
    LeaseHeld,
    LeaseLost,
    UnknownJobKind,
)
from tidewatch.jobs.job import ENDED, Job, JobState, Progress
from tidewatch.jobs.jobs import Jobs
from tidewatch.jobs.kinds import JobContext, JobFunction, JobKinds
from tidewatch.jobs.ports import Delivery, Ending, JobQueue, JobStore, Lease
from tidewatch.jobs.running import MOST_ATTEMPTS, Handled, JobRunner

__all__ = [
    "ENDED",
    "MOST_ATTEMPTS",
    "Delivery",
    "Ending",
    "Handled",
    "Job",
    "JobAbandoned",
    "JobCancelled",
    "JobContext",
    "JobEnded",
    "JobFunction",
    "JobKeyReused",
    "JobKinds",
    "JobNotFound",
    "JobOutOfTime",
    "JobQueue",
    "JobRunner",
    "JobState",
    "JobStore",
    "Jobs",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Progress",
    "UnknownJobKind",
]
