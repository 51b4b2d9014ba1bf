"""The store of jobs, over moto and over Amazon's DynamoDB Local."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.adapters.jobs import DynamoDBJobStore
from tidewatch.adapters.s3 import JOB_DATA, S3DataStore
from tidewatch.jobs.errors import JobEnded, JobNotFound, LeaseHeld, LeaseLost
from tidewatch.jobs.job import Job, JobState, Progress
from tidewatch.jobs.ports import Ending, JobStore
from tidewatch.tenancy import Tenant

from tests.support import dynamodb_local as installed
from tests.support.dynamodb_local import tables_in
from tests.support.environment import ENVIRONMENT
from tests.support.tables import aws_in_memory

# There is no stand-in in memory: what these promises rest on is conditions of DynamoDB.
BACKENDS: tuple[str, ...] = ()
# Of today: DynamoDB Local, too, deletes what has expired, and a job of last year has.
NOW = datetime.now(UTC).replace(microsecond=0)
LARGE = {"text": "x" * 100_000}


@pytest.fixture(scope="module", params=["moto", pytest.param("dynamodb", marks=pytest.mark.dynamodb_local)])
def jobs(request: pytest.FixtureRequest) -> Iterator[JobStore]:
    with aws_in_memory():
        objects = S3DataStore(boto3.client("s3"), ENVIRONMENT["DATA_BUCKET"], JOB_DATA)
        if request.param == "moto" or installed.missing():
            yield DynamoDBJobStore(boto3.client("dynamodb"), ENVIRONMENT["JOBS_TABLE_NAME"], lambda: objects)
            return
        url = request.getfixturevalue("dynamodb_local")
        with tables_in(url, f"jobs-{uuid.uuid4()}", JOBS_TABLE_NAME=f"jobs-{uuid.uuid4()}") as names:
            client = boto3.client("dynamodb", endpoint_url=url)
            yield DynamoDBJobStore(client, names["JOBS_TABLE_NAME"], lambda: objects)


@pytest.fixture
def tenant() -> Tenant:
    """A tenant without jobs."""
    return Tenant(f"t-{uuid.uuid4()}")


def a_job(tenant: Tenant, request: object = None, *, kind: str = "reproduce", at: datetime = NOW) -> Job:
    return Job(tenant, uuid.uuid4().hex, kind, JobState.QUEUED, request, "0" * 64, created_at=at, updated_at=at)


def take(jobs: JobStore, job: Job, *, now: datetime = NOW, seconds: float = 900):
    until = now + timedelta(seconds=seconds)
    return jobs.take(job.tenant, job.job_id, owner=uuid.uuid4().hex, now=now, until=until)


@pytest.fixture
def job(jobs, tenant) -> Job:
    """A job that waits."""
    job = a_job(tenant, {"series_id": "a"})
    assert jobs.add(job)
    return job


def test_a_job_comes_back_as_it_was(jobs, job):
    assert jobs.get(job.tenant, job.job_id) == job


def test_there_is_one_job_of_an_id(jobs, job):
    other = a_job(job.tenant, {"series_id": "b"})
    assert not jobs.add(Job(**{name: getattr(other, name) for name in Job.__slots__} | {"job_id": job.job_id}))
    assert jobs.get(job.tenant, job.job_id) == job


def test_another_tenant_sees_nothing(jobs, job):
    other = Tenant("another")
    assert jobs.get(other, job.job_id) is None
    assert not jobs.list_jobs(other, 10, None).items
    with pytest.raises(JobNotFound):
        jobs.cancel(other, job.job_id, NOW)
    with pytest.raises(JobNotFound):
        jobs.take(other, job.job_id, owner="o", now=NOW, until=NOW)


def test_a_job_from_start_to_end(jobs, job):
    lease = take(jobs, job)
    assert lease.job.request == {"series_id": "a"}
    assert (lease.job.state, lease.job.attempts, lease.job.started_at) == (JobState.RUNNING, 1, NOW)
    assert jobs.report(lease, Progress(1, 3), NOW) is False
    jobs.checkpoint(lease, {"next": 2}, Progress(2, 3), NOW + timedelta(seconds=5))
    seen = jobs.get(job.tenant, job.job_id)
    assert (seen.progress, seen.updated_at) == (Progress(2, 3), NOW + timedelta(seconds=5))
    jobs.end(lease, Ending(JobState.SUCCEEDED, result={"equal": True}), NOW + timedelta(seconds=9))
    ended = jobs.get(job.tenant, job.job_id)
    assert (ended.state, ended.result, ended.ended_at) == (
        JobState.SUCCEEDED,
        {"equal": True},
        NOW + timedelta(seconds=9),
    )
    with pytest.raises(JobEnded):
        take(jobs, job)


def test_what_is_large_lies_elsewhere_and_comes_back(jobs, tenant):
    job = a_job(tenant, LARGE)
    assert jobs.add(job)
    assert jobs.get(tenant, job.job_id).request is None
    lease = take(jobs, job)
    assert lease.job.request == LARGE
    jobs.checkpoint(lease, LARGE, None, NOW)
    jobs.release(lease, NOW)
    again = take(jobs, job)
    assert again.checkpoint == LARGE
    jobs.end(again, Ending(JobState.SUCCEEDED, result=LARGE), NOW)
    assert jobs.get(tenant, job.job_id).result == LARGE


def test_what_is_too_large_is_refused_and_changes_nothing(jobs, job):
    lease = take(jobs, job)
    with pytest.raises(ValueError, match="4194304 bytes"):
        jobs.checkpoint(lease, "x" * 5_000_000, None, NOW)
    with pytest.raises(ValueError, match="4194304 bytes"):
        jobs.end(lease, Ending(JobState.SUCCEEDED, result="x" * 5_000_000), NOW)
    assert jobs.get(job.tenant, job.job_id).state == JobState.RUNNING


def test_one_worker_at_a_time(jobs, job):
    first = take(jobs, job, seconds=900)
    with pytest.raises(LeaseHeld) as held:
        take(jobs, job, now=NOW + timedelta(seconds=100))
    assert 800 <= held.value.seconds <= 802
    second = take(jobs, job, now=NOW + timedelta(seconds=901))
    assert (second.fence, second.job.attempts) == (first.fence + 1, 2)


def test_of_many_workers_at_once_one_gets_the_job(jobs, tenant):
    if "amazonaws" in jobs._client.meta.endpoint_url:
        pytest.skip("moto does not isolate the writes of threads")
    for _ in range(5):
        job = a_job(tenant)
        jobs.add(job)

        def attempt(_, job=job):
            try:
                return take(jobs, job)
            except LeaseHeld:
                return None

        with ThreadPoolExecutor(8) as pool:
            leases = [lease for lease in pool.map(attempt, range(8)) if lease is not None]
        assert [lease.fence for lease in leases] == [1]


@pytest.mark.parametrize(
    "write",
    [
        lambda jobs, lease: jobs.report(lease, Progress(1, 2), NOW),
        lambda jobs, lease: jobs.checkpoint(lease, 1, None, NOW),
        lambda jobs, lease: jobs.release(lease, NOW),
        lambda jobs, lease: jobs.end(lease, Ending(JobState.SUCCEEDED, result="late"), NOW),
    ],
    ids=["report", "checkpoint", "release", "end"],
)
@pytest.mark.parametrize("ended", [False, True])
def test_an_older_lease_writes_nothing(jobs, job, write, ended):
    old = take(jobs, job)
    new = take(jobs, job, now=NOW + timedelta(seconds=901))
    if ended:
        jobs.end(new, Ending(JobState.SUCCEEDED, result="in time"), NOW)
    before = jobs.get(job.tenant, job.job_id)
    with pytest.raises(LeaseLost):
        write(jobs, old)
    assert jobs.get(job.tenant, job.job_id) == before


def test_a_released_job_is_taken_at_once_and_keeps_its_checkpoint(jobs, job):
    lease = take(jobs, job)
    jobs.checkpoint(lease, [1, 2], None, NOW)
    jobs.release(lease, NOW)
    assert jobs.get(job.tenant, job.job_id).state == JobState.QUEUED
    again = take(jobs, job)
    # A checkpoint counts attempts anew.
    assert (again.checkpoint, again.job.attempts, again.job.started_at) == ([1, 2], 2, NOW)


def test_a_queued_job_is_cancelled_at_once(jobs, job):
    jobs.cancel(job.tenant, job.job_id, NOW)
    assert jobs.get(job.tenant, job.job_id).state == JobState.CANCELLED
    with pytest.raises(JobEnded):
        take(jobs, job)


def test_a_running_job_learns_that_it_is_not_wanted(jobs, job):
    lease = take(jobs, job)
    jobs.cancel(job.tenant, job.job_id, NOW)
    seen = jobs.get(job.tenant, job.job_id)
    assert (seen.state, seen.cancel_requested) == (JobState.RUNNING, True)
    assert jobs.report(lease, None, NOW) is True
    assert take(jobs, job, now=NOW + timedelta(seconds=901)).job.cancel_requested


def test_a_job_that_ended_stays_as_it_is(jobs, job):
    jobs.end(take(jobs, job), Ending(JobState.FAILED, error={"type": "x", "status": 500}), NOW)
    before = jobs.get(job.tenant, job.job_id)
    jobs.cancel(job.tenant, job.job_id, NOW)
    assert jobs.get(job.tenant, job.job_id) == before
    assert before.error == {"type": "x", "status": 500}


@given(
    ages=st.lists(st.integers(0, 50), max_size=25),
    ended=st.sets(st.integers(0, 24)),
    limit=st.integers(1, 12),
    state=st.sampled_from([None, JobState.QUEUED, JobState.CANCELLED, JobState.RUNNING]),
    kind=st.sampled_from([None, "reproduce", "evaluate"]),
)
def test_pages_have_each_job_once_and_newest_first(jobs, ages, ended, limit, state, kind):
    tenant = Tenant(f"p-{uuid.uuid4()}")
    made = []
    for number, age in enumerate(ages):
        job = a_job(tenant, kind="evaluate" if number % 3 else "reproduce", at=NOW - timedelta(minutes=age))
        jobs.add(job)
        made.append((job, JobState.CANCELLED if number in ended else JobState.QUEUED))
        if number in ended:
            jobs.cancel(tenant, job.job_id, NOW)
    wanted = [job for job, now in made if state in (None, now) and kind in (None, job.kind)]
    newest_first = sorted(wanted, key=lambda job: (job.created_at, job.job_id), reverse=True)
    found, before = [], None
    while True:
        page = jobs.list_jobs(tenant, limit, before, state=state, kind=kind)
        assert len(page.items) <= limit
        found += page.items
        before = page.after
        if before is None:
            break
    assert [job.job_id for job in found] == [job.job_id for job in newest_first]
