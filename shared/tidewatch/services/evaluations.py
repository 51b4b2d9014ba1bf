"""Finding the evaluations of a series, which are jobs."""

from __future__ import annotations

from typing import Final

from tidewatch.jobs.errors import JobNotFound
from tidewatch.jobs.job import Job
from tidewatch.jobs.jobs import Jobs
from tidewatch.registry import SeriesKey

KIND: Final = "evaluate"


def evaluation_of(series: SeriesKey, job_id: str, *, jobs: Jobs) -> Job:
    """The job of an evaluation of a series.

    Raises:
        JobNotFound: if the tenant has no such job, or it is no evaluation of this series.
        StorageUnavailable: if storage failed.
    """
    job = jobs.get(series.tenant, job_id)
    # A large request is not shown; what came of it says whose it is, too.
    told = job.result or job.request or {"series_id": series.series_id}
    if job.kind != KIND or told["series_id"] != series.series_id:
        raise JobNotFound(job_id)
    return job
