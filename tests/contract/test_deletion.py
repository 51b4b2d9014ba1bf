"""What every version store promises of deletions, alone and beside fits of the same series."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.registry import (
    Deleter,
    Receipt,
    SeriesBusy,
    SeriesNotFound,
    VersionInUse,
    VersionNotFound,
    VersionStore,
    WriteConflict,
)
from tidewatch.registry.audit import NOBODY
from tidewatch.registry.head import promoted, series_deleted, version_deleted
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.publishing import append, publish
from tests.support.crashes import Crashed, crashing, losing_answers
from tests.support.samples import NOW, a_model, a_publisher, a_series, a_version, key

BACKENDS = ("memory", "dynamodb", "files")

FOREVER = 2**40
OTHER = Tenant("other")


def a_deleter(versions: VersionStore, **arguments) -> Deleter:
    return Deleter(versions, **{"deadline_seconds": 15, "now": lambda: NOW, "sleep": lambda _: None} | arguments)


def numbers(versions: VersionStore, series_id: str = "cpu") -> list[int]:
    return [version.number for version in versions.list_versions(key(series_id), 100, None).items]


class TestOfAVersion:
    def test_takes_it_and_nothing_else(self, versions):
        publish(versions, "cpu", 3)
        publish(versions, "disk", 2)
        before = versions.head(key("cpu"))
        a_deleter(versions).delete_version(key("cpu"), 2)
        assert versions.version(key("cpu"), 2) is None
        assert numbers(versions) == [3, 1]
        assert numbers(versions, "disk") == [2, 1]
        assert versions.head(key("cpu")) == before
        assert versions.count_series(DEFAULT_TENANT) == 2

    def test_frees_no_number(self, versions):
        publish(versions, "cpu", 3)
        a_deleter(versions).delete_version(key("cpu"), 2)
        with pytest.raises(WriteConflict):
            append(versions, a_version("cpu", 2))
        publish(versions, "cpu", 1, first=4)
        assert numbers(versions) == [4, 3, 1]

    def test_refuses_the_champion(self, backend, versions):
        publish(versions, "cpu", 2)
        before = backend.everything()
        with pytest.raises(VersionInUse, match="version v2 of series 'cpu' is in use"):
            a_deleter(versions).delete_version(key("cpu"), 2)
        # A promotion or a fit that comes between reading and writing lets the store refuse.
        old = version_deleted(versions.head(key("cpu")), 1, NOBODY, NOW)
        versions.move_head(promoted(versions.head(key("cpu")), versions.version(key("cpu"), 1), NOBODY, NOW))
        before = backend.everything()
        with pytest.raises(WriteConflict):
            versions.delete_version(1, old)
        assert backend.everything() == before

    @pytest.mark.parametrize("number", [2, 4, 99])
    def test_says_what_is_not_there(self, backend, versions, number):
        publish(versions, "cpu", 3)
        a_deleter(versions).delete_version(key("cpu"), 2)
        before = backend.everything()
        with pytest.raises(VersionNotFound):
            a_deleter(versions).delete_version(key("cpu"), number)
        with pytest.raises(SeriesNotFound):
            a_deleter(versions).delete_version(key("cpu", OTHER), 1)
        with pytest.raises(WriteConflict):
            versions.delete_version(number, version_deleted(versions.head(key("cpu")), 1, NOBODY, NOW))
        assert backend.everything() == before

    def test_takes_its_receipt_so_that_the_same_request_publishes_anew(self, versions, data):
        """Else the request would wait for a version that is no more, until its time is over."""
        publisher = a_publisher(versions, data)
        receipts = Receipt("one", FOREVER), Receipt("other", FOREVER)
        for receipt in receipts:
            publisher.publish(key("cpu"), a_series(), a_model(), receipt)
        publish(versions, "cpu", 1, first=3)
        a_deleter(versions).delete_version(key("cpu"), 1)
        assert versions.published_by(key("cpu"), "one") is None
        assert versions.published_by(key("cpu"), "other") == 2
        assert publisher.publish(key("cpu"), a_series(), a_model(), receipts[0]).number == 4


class TestOfASeries:
    @pytest.mark.parametrize("count", [1, 2, 25])
    def test_leaves_nothing_of_it(self, backend, versions, count):
        publish(versions, "disk", 2)
        publish(versions, "cpu", 1, tenant=OTHER)
        before = backend.everything()
        for number in range(1, count + 1):
            append(versions, a_version("cpu", number), Receipt(f"r{number}", FOREVER))
        a_deleter(versions).delete_series(key("cpu"))
        assert backend.everything() == before
        assert versions.head(key("cpu")) is None
        assert [line.series_id for line in versions.list_series(DEFAULT_TENANT, 9, None).items] == ["disk"]
        assert (versions.count_series(DEFAULT_TENANT), versions.count_series(OTHER)) == (1, 1)
        assert versions.head(key("cpu", OTHER)).latest == 1

    def test_lets_it_begin_anew_at_one(self, versions):
        publish(versions, "cpu", 5)
        a_deleter(versions).delete_series(key("cpu"))
        publish(versions, "cpu", 1)
        assert (numbers(versions), versions.head(key("cpu")).latest) == ([1], 1)
        assert versions.count_series(DEFAULT_TENANT) == 1

    def test_takes_also_what_deletions_of_versions_have_left(self, versions):
        publish(versions, "cpu", 4)
        a_deleter(versions).delete_version(key("cpu"), 2)
        a_deleter(versions).delete_series(key("cpu"))
        assert numbers(versions) == []

    def test_says_what_is_not_there(self, versions):
        publish(versions, "cpu", 1)
        for series in (key("disk"), key("cpu", OTHER)):
            with pytest.raises(SeriesNotFound):
                a_deleter(versions).delete_series(series)
        a_deleter(versions).delete_series(key("cpu"))
        with pytest.raises(SeriesNotFound):
            a_deleter(versions).delete_series(key("cpu"))

    def test_does_nothing_by_a_head_that_is_old(self, backend, versions):
        """A fit or another deletion came between: what was published since must stay."""
        publish(versions, "cpu", 2)
        old = series_deleted(versions.head(key("cpu")), NOBODY, NOW)
        publish(versions, "cpu", 1, first=3)
        before = backend.everything()
        with pytest.raises(WriteConflict):
            versions.delete_series(old, Deadline.never())
        assert backend.everything() == before
        a_deleter(versions).delete_series(key("cpu"))
        for number in (1, 2):
            append(versions, a_version("cpu", number, trained_at=NOW + timedelta(hours=1)))
        before = backend.everything()
        with pytest.raises(WriteConflict):
            versions.delete_series(old, Deadline.never())
        assert backend.everything() == before

    def test_takes_what_is_published_meanwhile_or_gives_up_and_leaves_a_whole_series(self, versions):
        publish(versions, "cpu", 1)

        class Overtaken:
            def __init__(self, times: int) -> None:
                self.left = times

            def __getattr__(self, name: str):
                return getattr(versions, name)

            def delete_series(self, change, deadline):
                if self.left:
                    self.left -= 1
                    publish(versions, "cpu", 1, first=change.before.latest + 1)
                versions.delete_series(change, deadline)

        with pytest.raises(SeriesBusy):
            a_deleter(Overtaken(10**9), deadline_seconds=-1).delete_series(key("cpu"))
        assert versions.version(key("cpu"), 2) == versions.head(key("cpu")).champion
        a_deleter(Overtaken(3)).delete_series(key("cpu"))
        assert (versions.head(key("cpu")), numbers(versions)) == (None, [])


class TestOnRealTransactions:
    """What only a storage shows that takes several transactions for one deletion, and isolates them."""

    BACKENDS = ("dynamodb",)

    def test_at_the_deadline_the_series_is_whole_but_for_versions_that_are_not_in_use(self, versions):
        publish(versions, "cpu", 30)
        head = versions.head(key("cpu"))
        with pytest.raises(DeadlineExceeded):
            a_deleter(versions).delete_series(key("cpu"), Deadline.after(-1))
        assert versions.head(key("cpu")) == head
        assert versions.version(key("cpu"), 30) == head.champion
        publish(versions, "cpu", 1, first=31)
        a_deleter(versions).delete_series(key("cpu"))
        assert numbers(versions) == []

    @pytest.mark.parametrize("applied", [False, True], ids=["before a call", "after a call"])
    def test_a_crash_at_any_call_leaves_a_whole_series_or_none(self, backend, versions, applied):
        for nth in itertools.count(1):
            backend.clear()
            for number in range(1, 13):
                append(versions, a_version("cpu", number), Receipt(f"r{number}", FOREVER))
            try:
                with crashing(backend.dynamodb, "dynamodb", applied=applied, nth=nth):
                    a_deleter(versions).delete_series(key("cpu"))
            except Crashed:
                head = versions.head(key("cpu"))
                if head is None:
                    assert numbers(versions) == []
                    assert versions.count_series(DEFAULT_TENANT) == 0
                    continue
                assert versions.version(key("cpu"), 12) == head.champion
                assert versions.published_by(key("cpu"), "r12") == 12
                publish(versions, "cpu", 1, first=13)
                a_deleter(versions).delete_series(key("cpu"))
                assert numbers(versions) == []
            else:
                break
        # HEAD, two lists, and transactions for nine, for the rest, and for what is in use.
        assert nth - 1 >= 5

    @pytest.mark.parametrize("applied", [False, True], ids=["before a call", "after a call"])
    def test_a_crash_at_any_call_leaves_a_version_whole_or_none(self, backend, versions, applied):
        for nth in itertools.count(1):
            backend.clear()
            append(versions, a_version("cpu", 1), Receipt("r", FOREVER))
            publish(versions, "cpu", 1, first=2)
            try:
                with crashing(backend.dynamodb, "dynamodb", applied=applied, nth=nth):
                    a_deleter(versions).delete_version(key("cpu"), 1)
            except Crashed:
                there = versions.version(key("cpu"), 1) is not None
                assert versions.published_by(key("cpu"), "r") == (1 if there else None)
                assert numbers(versions) == ([2, 1] if there else [2])
            else:
                break
        # HEAD, the version, its receipts, its evaluation, and the transaction.
        assert nth - 1 == 5

    def test_a_deletion_whose_answer_gets_lost_is_the_same_and_not_a_second_one(self, backend, versions):
        """botocore sends it again, and between the two a fit may have begun the series anew."""
        publish(versions, "cpu", 3)
        with losing_answers(backend.dynamodb, "dynamodb.TransactWriteItems", 1) as statuses:
            a_deleter(versions).delete_series(key("cpu"))
        assert set(statuses) == {200}
        assert versions.count_series(DEFAULT_TENANT) == 0

    def test_fits_and_deletions_at_once_leave_whole_series(self, backend, versions):
        if not backend.isolates:
            pytest.skip("this storage does not isolate parallel calls; DynamoDB Local does")
        gate = threading.Barrier(6)
        with ThreadPoolExecutor(6) as pool:
            fits = [pool.submit(fit_again_and_again, versions, gate, worker) for worker in range(4)]
            deletions = [pool.submit(delete_again_and_again, versions, gate) for _ in range(2)]
            for done in (*fits, *deletions):
                done.result()
        head, found = versions.head(key("cpu")), numbers(versions)
        assert found[:1] == ([head.latest] if head else [])
        assert head is None or versions.version(key("cpu"), head.latest) == head.champion
        assert versions.count_series(DEFAULT_TENANT) == (head is not None)
        assert len(versions.list_series(DEFAULT_TENANT, 9, None).items) == (head is not None)


def fit_again_and_again(versions: VersionStore, gate: threading.Barrier, worker: int) -> None:
    gate.wait()
    for fit in range(12):
        head = versions.head(key("cpu"))
        at = NOW + timedelta(seconds=100 * worker + fit)
        with suppress(WriteConflict):
            append(versions, a_version("cpu", head.latest + 1 if head else 1, trained_at=at))


def delete_again_and_again(versions: VersionStore, gate: threading.Barrier) -> None:
    gate.wait()
    for _ in range(4):
        if head := versions.head(key("cpu")):
            with suppress(WriteConflict):
                versions.delete_series(series_deleted(head, NOBODY, NOW), Deadline.never())
