"""What every store promises of changes of the champion, of the challenger, and of the audit trail."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tidewatch.deadline import Deadline
from tidewatch.registry import (
    Cause,
    Deleter,
    Head,
    NotAsExpected,
    Promoter,
    VersionStore,
    WriteConflict,
    verify,
)
from tidewatch.registry.audit import NOBODY
from tidewatch.registry.head import monitored, promoted

from tests.contract.publishing import append, publish
from tests.support.samples import NOW, a_model, a_publisher, a_series, a_version, key

BACKENDS = ("memory", "dynamodb")
CPU = key("cpu")


def a_promoter(versions: VersionStore, **arguments) -> Promoter:
    return Promoter(versions, **{"deadline_seconds": 15, "now": lambda: NOW, "sleep": lambda _: None} | arguments)


def promote(versions: VersionStore, number: int, **more) -> Head:
    return a_promoter(versions).promote(CPU, number, Cause("k1", "why"), deadline=Deadline.never(), **more)


def test_a_champion_is_whole_and_the_latest_stays(versions):
    publish(versions, "cpu", 3)
    head = promote(versions, 1)
    assert (head.latest, head.champion) == (3, versions.version(CPU, 1))
    assert versions.head(CPU) == head
    (line,) = versions.list_series(CPU.tenant, 9, None).items
    assert (line.latest, line.champion, line.points_used) == (3, 1, 5)


def test_what_is_only_published_leaves_the_champion(versions):
    publish(versions, "cpu", 1)
    append(versions, a_version("cpu", 2), promote=False)
    head = versions.head(CPU)
    assert (head.latest, head.champion.number) == (2, 1)


@pytest.mark.parametrize("between", ["a fit", "a promotion", "a deletion", "a new life"])
def test_a_change_of_another_state_does_nothing(backend, versions, between):
    publish(versions, "cpu", 3)
    old = versions.head(CPU)
    change = promoted(old, versions.version(CPU, 2), NOBODY, NOW)
    if between == "a fit":
        publish(versions, "cpu", 1, first=4)
    elif between == "a promotion":
        promote(versions, 1)
    else:
        Deleter(versions, deadline_seconds=1, now=lambda: NOW).delete_series(CPU)
    if between == "a new life":
        publish(versions, "cpu", 3)
    before, trail = backend.everything(), list(backend.audit().whole(CPU))
    with pytest.raises(WriteConflict):
        versions.move_head(change)
    assert (backend.everything(), list(backend.audit().whole(CPU))) == (before, trail)


def test_a_promotion_that_meets_a_fit_is_tried_again_and_loses_nothing(versions, backend):
    publish(versions, "cpu", 2)

    class Overtaken:
        left = 2

        def __getattr__(self, name):
            return getattr(versions, name)

        def move_head(self, change):
            if self.left:
                self.left -= 1
                publish(versions, "cpu", 1, first=change.before.latest + 1)
            versions.move_head(change)

    head = a_promoter(Overtaken()).promote(CPU, 1, NOBODY, deadline=Deadline.never())
    assert (head.latest, head.champion.number) == (4, 1)
    tag = head.tag
    publish(versions, "cpu", 1, first=5)
    with pytest.raises(NotAsExpected):
        promote(versions, 2, tag=tag)
    assert [entry.action for entry in backend.audit().whole(CPU)][2:] == [
        *["published"] * 2, "rolled_back", "published",
    ]  # fmt: skip


def test_challenger_and_monitoring_come_back_as_they_were(versions):
    publish(versions, "cpu", 2)
    promoter = a_promoter(versions)
    promoter.challenge(CPU, 1, NOBODY, auto_promote=True, error_rate=0.01, deadline=Deadline.never())
    head = promoter.monitor(CPU, True, NOBODY, deadline=Deadline.never())
    assert versions.head(CPU) == head
    assert (head.challenger.identity, head.challenger.since) == (versions.version(CPU, 1).identity, NOW)
    publish(versions, "cpu", 1, first=3)
    kept = versions.head(CPU)
    assert (kept.challenger, kept.monitor) == (head.challenger, True)


class TestTrail:
    def test_has_every_change_once_and_is_whole(self, versions, backend):
        publish(versions, "cpu", 3)
        promote(versions, 1)
        deleter = Deleter(versions, deadline_seconds=1, now=lambda: NOW)
        deleter.delete_version(CPU, 2)
        deleter.delete_series(CPU)
        end = versions.trail(CPU)
        publish(versions, "cpu", 1)
        entries = list(backend.audit().whole(CPU))
        assert [entry.action for entry in entries] == [
            *["published"] * 3, "rolled_back", "version_deleted", "series_deleted", "published",
        ]  # fmt: skip
        assert [entry.sequence for entry in entries] == [*range(1, 8)]
        assert end == entries[5].trail
        assert verify(entries, versions.head(CPU).trail.hash).intact
        assert [entry.champion for entry in entries if entry.moves_champion] == [1, 2, 3, 1, None, 1]

    def test_is_in_the_order_of_changes_whatever_the_clocks_say(self, versions, backend):
        publish(versions, "cpu", 2)
        for hours in (0, -3, 2, -9):
            head = versions.head(CPU)
            versions.move_head(monitored(head, not head.monitor, NOBODY, NOW + timedelta(hours=hours)))
        entries = list(backend.audit().whole(CPU))
        assert [entry.sequence for entry in entries] == [*range(1, 7)]
        assert all(one.at < other.at for one, other in itertools.pairwise(entries))

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
    def test_comes_in_pages_newest_first(self, versions, backend, limit):
        publish(versions, "cpu", 7)
        publish(versions, "cpu1", 1)
        found, after, pages = [], None, 0
        while pages == 0 or after is not None:
            page = backend.audit().entries(CPU, limit, after)
            found, after, pages = [*found, *(entry.sequence for entry in page.items)], page.after, pages + 1
        assert found == [*range(7, 0, -1)]
        assert pages == -(-7 // limit)

    def test_until_a_time_and_changes_of_the_champion_alone(self, versions, backend):
        publish(versions, "cpu", 1)
        for hours, number in ((1, 2), (2, 3)):
            publish(versions, "cpu", 1, first=number)
            head, at = versions.head(CPU), NOW + timedelta(hours=hours)
            versions.move_head(promoted(head, versions.version(CPU, 1), NOBODY, at))
        audit = backend.audit()

        def judging(at):
            return [entry.champion for entry in audit.entries(CPU, 1, until=at, moves_only=True).items]

        assert judging(NOW - timedelta(seconds=1)) == []
        assert judging(NOW + timedelta(hours=1)) == judging(NOW + timedelta(hours=1, microseconds=0)) == [1]
        assert judging(NOW + timedelta(minutes=30)) == [2]
        assert len(audit.entries(CPU, 100, moves_only=True).items) == 5
        assert [entry.champion for entry in audit.entries(CPU, 2, moves_only=True).items] == [1, 3]


class TestOnRealTransactions:
    BACKENDS = ("dynamodb",)

    @pytest.mark.parametrize("races", [20, pytest.param(100, marks=pytest.mark.long)])
    def test_promotions_under_concurrent_fits_lose_nothing_in_many_races(self, backend, versions, races):
        if not backend.isolates:
            pytest.skip("this storage does not isolate parallel calls; DynamoDB Local does")
        publish(versions, "cpu", 2)
        publisher = a_publisher(versions, OneData(), sleep=time.sleep)
        promoter = a_promoter(versions, sleep=time.sleep)
        gate = threading.Barrier(3)

        def fit(promotes: bool) -> int:
            gate.wait()
            return publisher.publish(CPU, a_series(), a_model(), promote=promotes).number

        def roll_back(number: int) -> Head:
            gate.wait()
            return promoter.promote(CPU, number, NOBODY, deadline=Deadline.never())

        with ThreadPoolExecutor(3) as pool:
            for race in range(races):
                fits = [pool.submit(fit, promotes) for promotes in (True, False)]
                moved = pool.submit(roll_back, 1 + race % 2).result()
                assert moved.champion.number == 1 + race % 2
                assert {one.result() for one in fits} == {3 + 2 * race, 4 + 2 * race}
        head, entries = versions.head(CPU), list(backend.audit().whole(CPU))
        assert head.latest == 2 * races + 2
        assert head.champion == versions.version(CPU, head.champion.number)
        assert [entry.version for entry in entries if entry.action == "published"] == [*range(1, 2 * races + 3)]
        assert entries[-1].after["champion"] == head.champion.number
        assert verify(entries, head.trail.hash).intact


class OneData:
    """What these races are not about."""

    def put(self, *_):
        return "training/default/x.csv.gz", "0" * 64
