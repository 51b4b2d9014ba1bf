"""Every storage call of every route fails in turn: the client is told to come back, and nothing half-done is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError, ProxyConnectionError, SSLError

from tests.support.api import Api, Reply
from tests.support.boundary import (
    Boundary,
    Call,
    Fault,
    Send,
    answer_lost,
    cancelled,
    connect_timeout,
    dynamodb_error,
    read_timeout,
    refused,
    server_error,
    throttled,
)
from tests.support.stored import stored

VALUES = [10.0, 12.0, 11.0, 13.0, 12.5, 11.5]
GET, PUT, UPDATE, DELETE = (f"dynamodb.{name}Item" for name in ("Get", "Put", "Update", "Delete"))
PUBLISH, QUERY, BATCH = "dynamodb.TransactWriteItems", "dynamodb.Query", "dynamodb.BatchGetItem"
STORE, LOAD, FIGURES = "s3.PutObject", "s3.GetObject", "cloudwatch.GetMetricData"

FAULTS = [throttled, server_error, read_timeout, connect_timeout, refused]
ATTEMPTS = 3

Ask = Callable[[Api], Reply]
KEY = {"Idempotency-Key": "k"}

# Each route with the calls that it makes to AWS when all is well, in their order. These fits are first ones: they read
# where the trail of a series that was deleted ends, beside its head.
ROUTES: dict[str, tuple[Ask, list[str]]] = {
    "fit": (lambda api: api.fit("s", VALUES), [STORE, GET, GET, PUBLISH]),
    "fit with a key": (lambda api: api.fit("s", VALUES, headers=KEY), [PUT, STORE, GET, GET, PUBLISH, UPDATE]),
    "predict": (lambda api: api.predict("old", 12), [GET]),
    "predict by an old version": (lambda api: api.predict("old", 12, query="?version=1"), [GET]),
    "plot": (lambda api: api.call("GET", "/plot?series_id=old&width=320&height=320"), [GET, LOAD]),
    "list of series": (lambda api: api.call("GET", "/series"), [QUERY, BATCH]),
    "list of versions": (lambda api: api.call("GET", "/series/old/versions"), [QUERY]),
    "healthcheck": (lambda api: api.call("GET", "/healthcheck"), [QUERY, FIGURES]),
}

# All but two: without CloudWatch /healthcheck is degraded, and at its last call a fit is published already.
CALLS = [
    (route, call)
    for route, (_, calls) in ROUTES.items()
    for call in dict.fromkeys(calls)
    if call not in (FIGURES, UPDATE)
]
each_call = pytest.mark.parametrize(("route", "operation"), CALLS)


@pytest.fixture
def trained(api: Api, boundary: Boundary) -> Api:
    """One series of two versions, and a process that has loaded none of them."""
    from tests.integration.conftest import restart

    for extra in (1, 2):
        assert api.fit("old", [*VALUES, extra]).status == 200
    restart()
    boundary.forget()
    return api


def check_unavailable(reply: Reply, problem: str = "storage-unavailable") -> None:
    assert (reply.status, reply.problem) == (503, problem)
    assert int(reply.headers["retry-after"]) >= 1
    assert (reply.counted("Errors"), reply.counted("Rejections")) == (1, 0)
    assert [m for m in reply.measured if "Latency" in m.metric] == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_makes_no_more_calls_than_it_needs(trained: Api, boundary: Boundary, route):
    ask, calls = ROUTES[route]
    assert ask(trained).status == 200
    assert boundary.names == calls
    assert boundary.waits == []


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "list of series"])
def test_reads_see_what_was_just_written(trained: Api, boundary: Boundary, route):
    """Only the index of series may lag behind: DynamoDB reads no index consistently."""
    ask, calls = ROUTES[route]
    ask(trained)
    reads = [call.parameters for call in boundary.calls if call.name in (GET, QUERY)]
    assert len(reads) == sum(call in (GET, QUERY) for call in calls)
    assert all(read["ConsistentRead"] is True for read in reads)


@each_call
@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_fails_for_good_is_a_503_and_a_retry_succeeds(
    trained: Api, boundary: Boundary, route, operation, fault
):
    ask, calls = ROUTES[route]
    boundary.on(operation, fault)
    reply = ask(trained)
    check_unavailable(reply)
    assert reply.counted("StorageFailures") == 1
    assert reply.events == ["storage_unavailable"]
    # Everything before the call was done once, the call itself was tried again, nothing after it was asked.
    before = calls[: calls.index(operation)]
    cleaning = [DELETE] if route == "fit with a key" and operation != PUT else []
    assert boundary.names == before + [operation] * ATTEMPTS + cleaning
    assert len(boundary.waits) == ATTEMPTS - 1
    boundary.heal()
    again = ask(trained)
    assert again.status == 200
    # Had the call before left a version or a record behind, this were v2 or a 409.
    assert again.json()["version"] == "v1" if route.startswith("fit") else True
    stored().check()


# Which faults are temporary is tried above, at each call; here each call meets one of them, and all come up.
@pytest.mark.parametrize(
    ("route", "operation", "fault"),
    [(*call, FAULTS[place % len(FAULTS)]) for place, call in enumerate(CALLS)],
)
def test_a_call_that_fails_for_a_moment_is_not_noticed(trained: Api, boundary: Boundary, route, operation, fault):
    ask, _ = ROUTES[route]
    boundary.on(operation, fault, times=ATTEMPTS - 1)
    reply = ask(trained)
    assert reply.status == 200
    assert reply.counted("StorageFailures") == reply.counted("Errors") == 0
    assert reply.logs == []
    assert len(boundary.waits) == ATTEMPTS - 1
    stored().check()


@pytest.mark.parametrize("route", [route for route, (_, calls) in ROUTES.items() if PUBLISH in calls])
@pytest.mark.parametrize("times", [1, ATTEMPTS - 1])
def test_a_version_whose_answer_got_lost_is_published_once(trained: Api, boundary: Boundary, route, times):
    """The retry carries the same token, and DynamoDB answers it as it did the first time."""
    ask, _ = ROUTES[route]
    boundary.on(PUBLISH, answer_lost, times=times)
    reply = ask(trained)
    assert (reply.status, reply.json()["version"]) == (200, "v1")
    tokens = [call.parameters["ClientRequestToken"] for call in boundary.calls if call.name == PUBLISH]
    assert len(tokens) == times + 1
    assert len(set(tokens)) == 1
    assert stored().check().versions == {"old": [1, 2], "s": [1]}


def test_each_publication_has_a_token_of_its_own(api: Api, boundary: Boundary):
    api.fit("s", VALUES)
    boundary.on(PUBLISH, cancelled("ConditionalCheckFailed"), times=2)
    assert api.fit("s", VALUES).json()["version"] == "v2"
    tokens = [call.parameters["ClientRequestToken"] for call in boundary.calls if call.name == PUBLISH]
    assert len(tokens) == len(set(tokens)) == 4


def test_a_version_whose_answers_all_got_lost_is_whole_and_the_next_one_follows(trained: Api, boundary: Boundary):
    boundary.on(PUBLISH, answer_lost)
    check_unavailable(trained.fit("s", VALUES))
    boundary.heal()
    assert stored().check().versions == {"old": [1, 2], "s": [1]}
    assert trained.predict("s", 12).json()["model_version"] == "v1"
    assert trained.fit("s", VALUES).json()["version"] == "v2"
    stored().check()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fit_whose_answer_cannot_be_remembered_is_published_once(trained: Api, boundary: Boundary, fault):
    boundary.on(UPDATE, fault)
    reply = trained.fit("s", VALUES, headers=KEY)
    assert reply.status in (200, 503)
    assert reply.counted("StorageFailures") == 1
    boundary.heal()
    again = trained.fit("s", VALUES, headers=KEY)
    assert (again.status, again.problem) == (409, "idempotency-in-progress")
    assert stored().check().versions["s"] == [1]


def test_a_record_whose_answer_got_lost_blocks_no_longer_than_the_request_had(
    trained: Api, boundary: Boundary, monkeypatch: pytest.MonkeyPatch
):
    """The retry meets its own record and cannot know it; better a wrong 409 than a second version."""
    # The work has its time; the record of the call has a millisecond.
    monkeypatch.setattr("tidewatch.api.request._FOR_THE_ANSWER", -30.0)
    boundary.on(PUT, answer_lost, times=1)
    assert trained.fit("s", VALUES, headers=KEY, milliseconds_left=1).status in (200, 409)
    assert trained.fit("s", VALUES, headers=KEY).json()["version"] == "v1"
    assert stored().versions["s"] == [1]


def test_a_failed_fit_whose_record_cannot_be_taken_back_is_a_503_too(trained: Api, boundary: Boundary):
    boundary.on(PUBLISH, throttled)
    boundary.on(DELETE, throttled)
    check_unavailable(trained.fit("s", VALUES, headers=KEY))
    assert stored().versions == {"old": [1, 2]}


@pytest.mark.parametrize(
    "fault",
    [
        cancelled("ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        dynamodb_error("TransactionInProgressException"),
        dynamodb_error("ThrottlingException"),
        dynamodb_error("RequestLimitExceeded"),
        dynamodb_error("InternalServerError", 500),
        dynamodb_error("ServiceUnavailable", 503),
    ],
    ids=lambda fault: fault.__qualname__.split(".")[0],
)
def test_each_way_of_dynamodb_to_say_not_now_is_a_503(trained: Api, boundary: Boundary, fault: Fault):
    boundary.on(PUBLISH, fault)
    check_unavailable(trained.fit("s", VALUES))
    assert stored().versions == {"old": [1, 2]}


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_lost_race_reads_again_and_tries_again(trained: Api, boundary: Boundary, reason):
    boundary.on(PUBLISH, cancelled(reason), times=2)
    assert trained.fit("s", VALUES).json()["version"] == "v1"
    assert boundary.names == [STORE] + [GET, GET, PUBLISH] * 3


def test_losing_every_race_is_a_503_that_says_so(trained: Api, boundary: Boundary, configure):
    configure(PUBLISH_DEADLINE_SECONDS="0.05")
    boundary.on(PUBLISH, cancelled("ConditionalCheckFailed"))
    reply = trained.fit("s", VALUES)
    check_unavailable(reply, "series-busy")
    assert "'s'" in reply.json()["detail"]
    assert reply.counted("StorageFailures") == 0
    assert stored().versions == {"old": [1, 2]}


@pytest.mark.parametrize("error", [SSLError, ConnectionClosedError, ProxyConnectionError])
@pytest.mark.parametrize("route", ["fit", "predict", "plot"])
def test_each_way_for_a_connection_to_break_is_a_503(trained: Api, boundary: Boundary, route, error):
    def broken(call: Call, send: Send) -> None:
        raise error(endpoint_url=call.request.url, proxy_url="http://proxy", error="broken")

    ask, calls = ROUTES[route]
    boundary.on(calls[-1], broken)
    check_unavailable(ask(trained))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
@pytest.mark.parametrize("route", ["fit", "predict", "list of series"])
def test_a_mistake_of_ours_is_a_500_that_the_log_explains(trained: Api, boundary: Boundary, route, code):
    ask, calls = ROUTES[route]
    boundary.on(calls[-1], dynamodb_error(code))
    reply = ask(trained)
    assert (reply.status, reply.problem) == (500, "internal-error")
    assert code not in reply.body.decode()
    (line,) = reply.logs
    assert (line["event"], line["aws_error"]) == ("unhandled_error", code)
    assert (reply.counted("Errors"), reply.counted("StorageFailures")) == (1, 0)
    assert len([name for name in boundary.names if name == calls[-1]]) == 1


def test_a_cached_head_answers_while_dynamodb_is_down(trained: Api, boundary: Boundary, configure):
    configure(HEAD_CACHE_SECONDS="60")
    assert trained.predict("old", 12).status == 200
    boundary.on(GET, read_timeout)
    assert trained.predict("old", 12).json()["model_version"] == "v2"
    check_unavailable(trained.predict("other", 12))


def test_a_loaded_version_is_not_used_where_nobody_can_say_that_it_is_still_there(trained: Api, boundary: Boundary):
    assert trained.predict("old", 12, query="?version=1").status == 200
    boundary.on(GET, read_timeout)
    # It may have been deleted, and its number given to another.
    check_unavailable(trained.predict("old", 12, query="?version=1"))
    check_unavailable(trained.predict("old", 12))


@pytest.mark.parametrize("client", ["dynamodb", "s3", "cloudwatch"])
def test_a_call_gives_up_in_time_for_an_answer(trained: Api, client):
    """What the template gives a function is what all its calls share."""
    from tidewatch.adapters import clients

    from tests.support.tables import template

    config = getattr(clients, client)().meta.config
    assert config.retries["mode"] == "standard"
    attempts = config.retries["total_max_attempts"]
    waits = sum(2**attempt for attempt in range(attempts - 1))
    worst = attempts * (config.connect_timeout + config.read_timeout) + waits
    assert worst < template().global_properties("Function")["Timeout"] - 1
