"""Jobs through HTTP, queue and worker: each ends once, whatever dies or comes twice on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch import composition
from tidewatch.jobs.errors import JobAbandoned, JobKeyReused, JobOutOfTime, UnknownJobKind
from tidewatch.jobs.job import JobState
from tidewatch.jobs.running import MOST_ATTEMPTS
from tidewatch.registry import StorageUnavailable
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.boundary import Boundary, answer_lost, server_error
from tests.support.jobs import KIND, Workshop, acknowledge, let_all_be_seen, out_of_sight, receive


class Killed(BaseException):
    """The worker ends here, as by a lack of memory."""


def echo(job, context):
    return {"echo": job.request}


@pytest.fixture(autouse=True)
def _storage(boundary):
    return boundary


def test_a_job_is_accepted_done_and_shown(api):
    workshop = Workshop(echo)
    job = workshop.start({"a": 1})
    shown = api.call("GET", f"/jobs/{job.job_id}").json()
    assert (shown["state"], shown["kind"], shown["request"], shown["result"]) == ("queued", KIND, {"a": 1}, None)
    (handled,) = workshop.work()
    assert handled.acknowledged
    shown = api.call("GET", f"/jobs/{job.job_id}").json()
    assert (shown["state"], shown["result"], shown["attempts"]) == ("succeeded", {"echo": {"a": 1}}, 1)
    (line,) = api.call("GET", "/jobs?state=succeeded").json()["jobs"]
    assert line == {name: value for name, value in shown.items() if name not in ("request", "result")}
    assert api.call("GET", "/jobs?state=queued").json() == {"jobs": [], "next_cursor": None}


def test_a_list_is_read_page_by_page(api):
    workshop = Workshop(echo)
    made = []
    for number in range(5):
        made.append(workshop.start(number).job_id)
        workshop.clock.pass_by(1)
    found, url = [], "/jobs?limit=2"
    while url:
        page = api.call("GET", url).json()
        found += [job["job_id"] for job in page["jobs"]]
        url = page["next_cursor"] and f"/jobs?limit=2&cursor={page['next_cursor']}"
    assert found == made[::-1]


@pytest.mark.parametrize(
    ("method", "url", "place", "kind"),
    [
        ("GET", "/jobs/no-job", ("path", "job_id"), "job_id_form"),
        ("DELETE", "/jobs/0123456789ABCDEF0123456789ABCDEF", ("path", "job_id"), "job_id_form"),
        ("GET", "/jobs?state=done", ("query", "state"), "enum"),
        ("GET", "/jobs?kind=No%20Kind", ("query", "kind"), "unknown_kind"),
        ("GET", "/jobs?kind=", ("query", "kind"), "unknown_kind"),
        ("GET", "/jobs?cursor=eA", ("query", "cursor"), "cursor_form"),
        ("GET", "/jobs?cursor=IngjIg", ("query", "cursor"), "cursor_form"),
        ("GET", "/jobs?status=queued", ("query", "status"), "extra_forbidden"),
    ],
)
def test_a_mistake_is_named(api, method, url, place, kind):
    reply = api.call(method, url)
    assert reply.status == 422
    assert reply.errors == [(place, kind)]


def test_a_misspelt_kind_is_no_empty_list(api):
    (problem,) = api.call("GET", "/jobs?kind=reproduse").json()["errors"]
    assert problem["msg"] == "unknown kind of jobs; did you mean reproduce?"
    assert set(composition.JOB_KINDS) == composition.job_kinds().names
    for kind in composition.JOB_KINDS:
        assert api.call("GET", f"/jobs?kind={kind}").json()["jobs"] == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_tenants_job_is_not_there(api, method):
    job = Workshop(echo).start(tenant=Tenant("another"))
    reply = api.call(method, f"/jobs/{job.job_id}")
    assert (reply.status, reply.problem) == (404, "unknown-job")
    assert api.call("GET", "/jobs").json()["jobs"] == []


def test_a_queued_job_is_cancelled_and_never_runs(api):
    workshop = Workshop(lambda job, context: pytest.fail("it ran"))
    job = workshop.start()
    reply = api.call("DELETE", f"/jobs/{job.job_id}")
    assert (reply.status, reply.headers["location"]) == (202, f"/jobs/{job.job_id}")
    assert reply.json()["state"] == "cancelled"
    assert [handled.acknowledged for handled in workshop.work()] == [True]


def test_a_running_job_ends_at_its_next_step(api):
    def cancelled_meanwhile(job, context):
        context.check()
        assert api.call("DELETE", f"/jobs/{job.job_id}").json()["cancel_requested"]
        workshop.clock.pass_by(3)
        context.check()
        pytest.fail("it went on")

    workshop = Workshop(cancelled_meanwhile)
    job = workshop.start()
    workshop.work()
    assert workshop.job(job).state == JobState.CANCELLED
    # Once more is no mistake.
    assert api.call("DELETE", f"/jobs/{job.job_id}").json()["state"] == "cancelled"


class TestTheSameKey:
    def test_gives_the_same_job(self):
        workshop = Workshop(echo)
        first = workshop.start({"a": 1}, key="k")
        assert workshop.start({"a": 1}, key="k").job_id == first.job_id
        workshop.work()
        assert workshop.start({"a": 1}, key="k").result == {"echo": {"a": 1}}
        assert workshop.work() == []

    def test_with_another_request_is_refused(self):
        workshop = Workshop(echo)
        workshop.start({"a": 1}, key="k")
        with pytest.raises(JobKeyReused):
            workshop.start({"a": 2}, key="k")

    def test_of_another_tenant_is_another_job(self):
        workshop = Workshop(echo)
        jobs = {workshop.start(key="k", tenant=tenant).job_id for tenant in (DEFAULT_TENANT, Tenant("another"))}
        assert len(jobs) == 2


class TestWhatFails:
    def test_a_defect_ends_the_job_at_once(self):
        workshop = Workshop(lambda job, context: {}["secret of the client"])
        job = workshop.start()
        workshop.work()
        assert workshop.job(job).state == JobState.FAILED
        assert workshop.job(job).error["type"] == "KeyError"

    def test_what_passes_is_tried_again_and_then_given_up(self):
        def storage_is_down(job, context):
            raise StorageUnavailable("the reading of something")

        workshop = Workshop(storage_is_down)
        job = workshop.start()
        waits = []
        for _ in range(MOST_ATTEMPTS - 1):
            assert [handled.acknowledged for handled in workshop.work()] == [False]
            assert workshop.job(job).state == JobState.QUEUED
            waits.append(out_of_sight())
            let_all_be_seen()
        assert waits == [10, 20, 40, 80]
        assert workshop.described == []
        workshop.work()
        assert (workshop.job(job).state, workshop.job(job).attempts) == (JobState.FAILED, MOST_ATTEMPTS)

    def test_workers_that_crash_are_counted(self):
        def crash(job, context):
            raise Killed

        workshop = Workshop(crash)
        job = workshop.start()
        for _ in range(MOST_ATTEMPTS):
            with pytest.raises(Killed):
                workshop.work()
            workshop.clock.pass_by(960)
            let_all_be_seen()
        workshop.work()
        assert workshop.job(job).state == JobState.FAILED
        assert isinstance(workshop.described[0], JobAbandoned)

    def test_a_kind_that_a_release_lacks_waits_for_the_next_release(self):
        workshop = Workshop(echo)
        job = composition.jobs().start(DEFAULT_TENANT, "newer", {})
        assert [handled.acknowledged for handled in workshop.work()] == [False]
        assert workshop.job(job).state == JobState.QUEUED
        for _ in range(MOST_ATTEMPTS):
            let_all_be_seen()
            workshop.work()
        assert isinstance(workshop.described[0], UnknownJobKind)

    def test_out_of_time_without_a_checkpoint(self):
        def slow(job, context):
            while True:
                workshop.clock.pass_by(100)
                context.check()

        workshop = Workshop(slow)
        job = workshop.start()
        workshop.work()
        assert workshop.job(job).state == JobState.FAILED
        assert isinstance(workshop.described[0], JobOutOfTime)


def test_a_long_job_goes_on_from_its_checkpoint():
    steps = []

    def long(job, context):
        for step in range(context.resumed_from or 0, 20):
            context.check()
            workshop.clock.pass_by(100)
            steps.append(step)
            context.progress(step + 1, 20)
            context.checkpoint(step + 1)
        return "done"

    workshop = Workshop(long)
    job = workshop.start()
    runs = workshop.work()
    assert len(runs) == 3
    assert all(run.acknowledged for run in runs)
    assert steps == list(range(20))
    ended = workshop.job(job)
    assert (ended.state, ended.result, ended.progress.done) == (JobState.SUCCEEDED, "done", 20)


def test_a_second_delivery_waits_for_the_first():
    def delivered_again(job, context):
        # As SQS may, whatever the visibility of the message.
        again = workshop.run(delivery)
        assert not again.acknowledged
        assert out_of_sight() >= 900
        return "once"

    workshop = Workshop(delivered_again)
    job = workshop.start()
    delivery = receive()
    assert workshop.run(delivery).acknowledged
    assert workshop.job(job).result == "once"
    assert workshop.run(delivery).acknowledged
    assert workshop.job(job).result == "once"


def test_a_worker_that_outlived_its_lease_changes_nothing():
    def too_long(job, context):
        workshop.clock.pass_by(1000)
        other = Workshop(lambda job, context: "of the second", clock=workshop.clock)
        assert other.run(delivery).acknowledged
        return "of the first"

    workshop = Workshop(too_long)
    job = workshop.start()
    delivery = receive()
    assert not workshop.run(delivery).acknowledged
    assert workshop.job(job).result == "of the second"


def test_a_tenant_runs_so_many_at_once_and_others_are_not_held_up():
    workshop = Workshop(echo)
    for number in range(20):
        workshop.start(number)
    other = workshop.start(tenant=Tenant("another"))
    taken = []
    while (delivery := receive()) is not None:
        taken.append(delivery)
    # Two of the first tenant, JOBS_PER_TENANT, and the other's.
    assert sorted(str(delivery.tenant) for delivery in taken) == ["another", "default", "default"]
    assert other.job_id in {delivery.job_id for delivery in taken}
    for delivery in taken:
        workshop.run(delivery)
        acknowledge(delivery)
    assert receive() is not None


class TestAMessageWithoutItsJob:
    """The process that sent it died before it stored the job, or is about to store it."""

    def test_waits_a_moment_and_then_a_minute(self):
        composition.job_queue().send(DEFAULT_TENANT, "0" * 32)
        workshop = Workshop(echo)
        for seconds in (2, 60):
            assert [handled.acknowledged for handled in workshop.work()] == [False]
            assert out_of_sight() == pytest.approx(seconds, abs=1)
            let_all_be_seen()

    def test_is_dropped_after_a_minute(self):
        from dataclasses import replace

        composition.job_queue().send(DEFAULT_TENANT, "0" * 32)
        delivery = receive()
        assert Workshop(echo).run(replace(delivery, age=61)).acknowledged

    def test_finds_the_job_if_it_comes(self):
        workshop = Workshop(echo)
        composition.job_queue().send(DEFAULT_TENANT, workshop.start(key="k").job_id)
        workshop.work()
        assert workshop.start(key="k").state == JobState.SUCCEEDED


def steps_of_a_job(job, context):
    """Two checkpoints, a large one among them, and a large result: every call that a run can make."""
    done = (context.resumed_from or {}).get("done", 0)
    for step in range(done, 2):
        context.check()
        context.checkpoint({"done": step + 1, "padding": "x" * (70_000 * step)})
    return "y" * 70_000


def calls_of(boundary: Boundary, act) -> int:
    boundary.forget()
    act()
    return len(boundary.calls)


def interrupted(boundary: Boundary, number: int, *, after: bool):
    """Lets the process die at one call: before it is sent, or once it is served."""
    serve, seen = boundary._serve, iter(range(10_000))

    def dying(call, send):
        if next(seen) != number:
            return serve(call, send)
        if after:
            serve(call, send)
        raise Killed

    boundary._serve = dying
    return lambda: setattr(boundary, "_serve", serve)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_may_die_at_any_call(boundary, after):
    workshop = Workshop(steps_of_a_job)
    workshop.start(key="clean")
    delivery = receive()
    calls = calls_of(boundary, lambda: workshop.run(delivery))
    acknowledge(delivery)
    # Lease, look for cancellation, two checkpoints and a result, of which two are large.
    assert calls == 7
    for number in range(calls):
        job = workshop.start(key=f"{after}-{number}")
        delivery = receive()
        mend = interrupted(boundary, number, after=after)
        with pytest.raises(Killed):
            workshop.run(delivery)
        mend()
        workshop.clock.pass_by(960)
        assert workshop.run(delivery).acknowledged
        ended = workshop.job(job)
        assert (ended.state, ended.result) == (JobState.SUCCEEDED, "y" * 70_000)
        acknowledge(delivery)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_request_may_die_at_any_call_and_come_again(boundary, after):
    workshop = Workshop(echo)
    calls = calls_of(boundary, lambda: workshop.start(key="clean"))
    workshop.work()
    for number in range(calls):
        mend = interrupted(boundary, number, after=after)
        with pytest.raises(Killed):
            workshop.start(key=f"{after}-{number}")
        mend()
        job = workshop.start(key=f"{after}-{number}")
        workshop.work()
        let_all_be_seen()
        workshop.work()
        assert workshop.job(job).state == JobState.SUCCEEDED


def test_answers_of_storage_may_get_lost(boundary):
    """botocore sends the write again, which finds its own work done."""
    for operation in ("dynamodb.PutItem", "dynamodb.UpdateItem", "s3.PutObject", "sqs.SendMessage"):
        for first in range(1, 5):
            workshop = Workshop(steps_of_a_job)
            boundary.on(operation, answer_lost, first=first, times=1)
            job = workshop.start()
            workshop.work()
            boundary.heal()
            assert workshop.job(job).state == JobState.SUCCEEDED, (operation, first)
            assert workshop.job(job).attempts == 1


@pytest.mark.parametrize("operation", ["dynamodb.PutItem", "dynamodb.GetItem", "sqs.SendMessage"])
def test_what_cannot_be_stored_is_not_accepted(boundary, operation):
    boundary.on(operation, server_error)
    with pytest.raises(StorageUnavailable):
        Workshop(echo).start(key="k")
    boundary.heal()
    assert composition.jobs().page(DEFAULT_TENANT, 10, None, state=None, kind=None).items == []


@pytest.mark.parametrize("url", ["/jobs", f"/jobs/{'0' * 32}"])
def test_storage_that_is_down_is_a_503(api, boundary, url):
    for operation in ("dynamodb.Query", "dynamodb.GetItem"):
        boundary.on(operation, server_error)
    reply = api.call("GET", url)
    assert (reply.status, reply.problem) == (503, "storage-unavailable")


@given(moves=st.lists(st.sampled_from(["deliver", "crash", "cancel", "wait", "again"]), max_size=12))
def test_whatever_happens_a_job_ends_once(moves):
    ended = []

    def once(job, context):
        context.check()
        if crash:
            raise Killed
        return len(ended)

    workshop = Workshop(once)
    job = workshop.start()
    delivery = receive()
    for move in moves:
        crash = move == "crash"
        if move == "wait":
            workshop.clock.pass_by(1000)
        elif move == "cancel":
            workshop.jobs().cancel(job.tenant, job.job_id)
        else:
            try:
                handled = workshop.run(delivery)
            except Killed:
                continue
            if handled.ending is not None:
                ended.append(handled.ending)
    acknowledge(delivery)
    assert len(ended) <= 1
    if ended:
        assert workshop.job(job).state == ended[0].state
        assert workshop.job(job).result == ended[0].result
