"""Points a day and series: 429 says what was exceeded, and tenants without a limit cost nothing."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from tidewatch.services.limits import PointsMeter
from tidewatch.tenancy import LimitExceeded, Tenant

from tests.support.api import Api, authorized
from tests.support.boundary import Boundary

TEAM = Tenant("team-a")
POINTS = [1.0, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]


def limited(**limits: int) -> dict[str, str]:
    return authorized("team-a", **{f"limit_{name}": str(limit) for name, limit in limits.items()})


def test_points_are_counted_wherever_they_are_sent(api: Api) -> None:
    caller = limited(points_per_day=40)
    assert api.fit("cpu", POINTS, authorizer=caller).status == 200  # 12
    assert api.predict("cpu", 2, authorizer=caller).status == 200  # 13
    series = {"values": POINTS, "method": "iqr"}
    assert api.call("POST", "/detect", json_body=series, authorizer=caller).status == 200  # 25
    assert api.call("POST", "/predict", json_body={"values": POINTS}, authorizer=caller).status == 200  # 37
    refused = api.fit("cpu", POINTS, authorizer=caller)
    assert (refused.status, refused.problem) == (429, "limit-points-per-day")
    assert "limit of 40 points a day" in refused.json()["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    for _ in range(3):
        assert api.predict("cpu", 2, authorizer=caller).status == 200
    assert api.predict("cpu", 2, authorizer=caller).status == 429
    assert api.predict("cpu", 2, authorizer=authorized("team-b")).status == 404
    # To look is free.
    assert api.call("GET", "/series", authorizer=caller).status == 200


def test_an_answer_that_is_remembered_counts_once(api: Api) -> None:
    caller, key = limited(points_per_day=12), {"Idempotency-Key": "again"}
    for _ in range(2):
        assert api.fit("cpu", POINTS, authorizer=caller, headers=key).status == 200
    assert api.fit("cpu", POINTS, authorizer=caller).status == 429


def test_a_series_too_many_is_refused_and_one_that_is_there_is_not(api: Api) -> None:
    caller = limited(series=1)
    for _ in range(2):
        assert api.fit("cpu", POINTS, authorizer=caller).status == 200
    refused = api.fit("disk", POINTS, authorizer=caller)
    assert (refused.status, refused.problem) == (429, "limit-series")
    assert api.call("DELETE", "/series/cpu", authorizer=caller).status == 204
    assert api.fit("disk", POINTS, authorizer=caller).status == 200


def test_without_a_limit_nothing_is_counted(api: Api, boundary: Boundary) -> None:
    api.fit("cpu", POINTS)
    boundary.forget()
    assert api.predict("cpu", 2).status == 200
    assert boundary.names == ["dynamodb.GetItem"]


class Counter:
    """Counters in memory, and how often they were asked."""

    def __init__(self) -> None:
        self.points: dict[str, int] = {}
        self.calls = 0

    def take(self, tenant: Tenant, day: str, points: int, limit: int) -> int | None:
        self.calls += 1
        if self.points.get(day, 0) + points > limit:
            return None
        self.points[day] = self.points.get(day, 0) + points
        return self.points[day]

    def used(self, tenant: Tenant, day: str) -> int:
        return self.points.get(day, 0)


@pytest.mark.parametrize("processes", [1, 7])
def test_a_tenant_gets_its_limit_and_no_point_more_at_few_calls(processes: int) -> None:
    counter, limit = Counter(), 20_000
    meters = [PointsMeter(counter, lambda: datetime(2026, 1, 1, 12, tzinfo=UTC)) for _ in range(processes)]
    served = 0
    for number in range(limit + 100):
        with contextlib.suppress(LimitExceeded):
            meters[number % processes].spend(TEAM, 1, limit)
            served += 1
    # What a process took last and could not use is lost; near the limit, processes take what they need.
    assert limit * 0.99 <= served <= limit
    assert counter.calls < limit * 0.1


def test_a_new_day_begins_anew_and_a_large_request_is_refused_whole() -> None:
    counter, now = Counter(), datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
    times = [now]
    meter = PointsMeter(counter, lambda: times[0])
    with pytest.raises(LimitExceeded):
        meter.spend(TEAM, 101, 100)
    meter.spend(TEAM, 100, 100)
    with pytest.raises(LimitExceeded) as caught:
        meter.spend(TEAM, 1, 100)
    assert caught.value.retry_after == 1
    times[0] = now + timedelta(seconds=1)
    meter.spend(TEAM, 100, 100)
