"""What every version store promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tidewatch.registry import WriteConflict
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.contract.paging import all_pages, items_of
from tests.contract.publishing import append, publish
from tests.support.samples import a_version, key

BACKENDS = ("memory", "moto", "files")

ONE, OTHER = Tenant("one"), Tenant("other")

# Examples share the backend of their test, and clear it.
# Each storage runs the test by itself, as an executor of its own.
few = hypothesis_settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)

series_ids = st.text("ABCXYZabcxyz0189._-:", min_size=1, max_size=8) | st.sampled_from(["a", "A", "a:b", "0" * 128])


def full_pages(count: int, limit: int) -> list[int]:
    """How many items each page has: all are full but the last, which is empty only if there is nothing at all."""
    return [min(limit, count - start) for start in range(0, count, limit)] or [0]


class TestNothingStored:
    def test_there_is_no_head_and_no_version(self, versions):
        assert versions.head(key("cpu")) is None
        assert versions.version(key("cpu"), 1) is None

    def test_there_are_no_series_and_the_lists_are_empty(self, versions):
        assert versions.count_series(DEFAULT_TENANT) == 0
        page = versions.list_series(DEFAULT_TENANT, 10, None)
        assert (list(page.items), page.after) == ([], None)
        page = versions.list_versions(key("cpu"), 10, None)
        assert (list(page.items), page.after) == ([], None)


class TestAppend:
    def test_a_version_comes_back_as_it_was(self, versions):
        version = a_version(
            series_id="eu-1:cpu.load_1",
            options={"name": "three_sigma", "sigmas": 2.5, "side": "both"},
            parameters={"large": 1.7976931348623157e308, "small": 5e-324, "third": 1 / 3, "list": [0.1, 1e16]},
            start=-1,
            end=2**40,
            trained_at=datetime(2025, 12, 31, 23, 59, 59, 123_456, tzinfo=UTC),
        )
        append(versions, version)
        assert versions.version(key(version.series_id), 1) == version
        head = versions.head(key(version.series_id))
        assert (head.latest, head.champion) == (1, version)
        assert list(versions.list_versions(key(version.series_id), 1, None).items) == [version]

    def test_the_next_version_becomes_latest_and_champion(self, versions):
        publish(versions, "cpu", 3)
        head = versions.head(key("cpu"))
        assert (head.latest, head.champion.number) == (3, 3)

    def test_earlier_versions_stay_as_they_were(self, versions):
        publish(versions, "cpu", 3)
        assert [versions.version(key("cpu"), number).points_used for number in (1, 2, 3)] == [5, 6, 7]

    def test_is_seen_at_once_by_another_store_of_the_same_tenant(self, backend):
        publish(backend.versions(), "cpu", 1)
        assert backend.versions().head(key("cpu")).latest == 1

    @pytest.mark.parametrize("number", [0, 3, 4, 5, 100])
    def test_a_number_that_does_not_exist_is_none(self, versions, number):
        publish(versions, "cpu", 2)
        assert versions.version(key("cpu"), number) is None

    def test_versions_from_nine_to_eleven_are_in_order(self, versions):
        publish(versions, "cpu", 11)
        numbers = [version.number for version in versions.list_versions(key("cpu"), 100, None).items]
        assert numbers == [*range(11, 0, -1)]

    @pytest.mark.parametrize(
        "arrays",
        [
            {"arrays": bytes(range(256)) * 100},
            {"arrays_key": "models/default/a.npz", "arrays_sha256": "a" * 64},
        ],
        ids=["in the version", "elsewhere"],
    )
    def test_arrays_come_back_as_they_were(self, versions, arrays):
        version = a_version("cpu", **arrays)
        append(versions, version)
        assert versions.version(key("cpu"), 1) == versions.head(key("cpu")).champion == version


class TestLostRace:
    BACKENDS = ("memory", "dynamodb", "files")

    @pytest.mark.parametrize("stored", [0, 1, 2, 3])
    @pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 9])
    def test_only_the_number_after_the_latest_is_taken_and_any_other_changes_nothing(self, backend, stored, number):
        versions = backend.versions()
        publish(versions, "other", 2)
        publish(versions, "cpu", stored)
        before = backend.everything()
        if number == stored + 1:
            append(versions, a_version("cpu", number, detector="late"))
            assert versions.head(key("cpu")).latest == number
            assert backend.everything() != before
        else:
            with pytest.raises(WriteConflict):
                append(versions, a_version("cpu", number, detector="late"))
            assert backend.everything() == before

    def test_the_same_version_twice_is_taken(self, backend):
        versions = backend.versions()
        append(versions, a_version())
        before = backend.everything()
        with pytest.raises(WriteConflict):
            append(versions, a_version())
        assert backend.everything() == before

    @few
    @given(turns=st.lists(st.integers(0, 2), max_size=30))
    def test_interleaved_publishers_leave_no_gap_and_lose_nothing(self, backend, turns):
        """Three publishers, one step at a time in any order: read the latest, append the next, again when taken."""
        backend.clear()
        versions = backend.versions()
        expected: dict[int, str] = {}
        latest_read: dict[int, int] = {}
        for turn, publisher in enumerate(turns):
            if publisher not in latest_read:
                head = versions.head(key("cpu"))
                latest_read[publisher] = head.latest if head else 0
                continue
            number = latest_read.pop(publisher) + 1
            mark = f"publisher {publisher}, turn {turn}"
            try:
                append(versions, a_version("cpu", number, detector=mark))
            except WriteConflict:
                assert number in expected, "only a number that was taken is refused"
            else:
                assert number not in expected, "nothing is overwritten"
                expected[number] = mark
        assert sorted(expected) == [*range(1, len(expected) + 1)]
        found = {version.number: version.detector for version in versions.list_versions(key("cpu"), 100, None).items}
        assert found == expected
        assert versions.count_series(DEFAULT_TENANT) == bool(expected)


class TestLists:
    @few
    @given(count=st.integers(0, 9), limit=st.integers(1, 11))
    def test_pages_of_versions_cover_each_once_newest_first(self, backend, count, limit):
        backend.clear()
        versions = backend.versions()
        publish(versions, "cpu", count)
        publish(versions, "cpu2", 2)
        pages = all_pages(lambda before: versions.list_versions(key("cpu"), limit, before))
        assert [version.number for version in items_of(pages)] == [*range(count, 0, -1)]
        assert [len(page.items) for page in pages] == full_pages(count, limit)

    @few
    @given(names=st.lists(series_ids, max_size=9, unique=True), limit=st.integers(1, 11))
    def test_pages_of_series_cover_each_once_in_the_order_of_ids(self, backend, names, limit):
        backend.clear()
        versions = backend.versions()
        for name in names:
            publish(versions, name, 1)
        pages = all_pages(lambda after: versions.list_series(DEFAULT_TENANT, limit, after))
        assert [summary.series_id for summary in items_of(pages)] == sorted(names)
        assert [len(page.items) for page in pages] == full_pages(len(names), limit)
        assert versions.count_series(DEFAULT_TENANT) == len(names)

    def test_a_summary_tells_of_the_latest_version(self, versions):
        for number in (1, 2):
            at = datetime(2025, 1, number, tzinfo=UTC)
            append(versions, a_version("cpu", number, points_used=100 * number, detector=f"d{number}", trained_at=at))
        (summary,) = versions.list_series(DEFAULT_TENANT, 10, None).items
        assert (summary.series_id, summary.latest, summary.detector) == ("cpu", 2, "d2")
        assert (summary.points_used, summary.trained_at) == (200, datetime(2025, 1, 2, tzinfo=UTC))

    def test_a_version_published_between_two_pages_shifts_nothing(self, versions):
        publish(versions, "cpu", 4)
        first = versions.list_versions(key("cpu"), 2, None)
        publish(versions, "cpu", 1, first=5)
        second = versions.list_versions(key("cpu"), 2, first.after)
        assert [version.number for version in [*first.items, *second.items]] == [4, 3, 2, 1]

    @pytest.mark.parametrize("after", ["b", "bb", "a~"])
    def test_series_follow_any_id_also_one_that_does_not_exist(self, versions, after):
        for name in ("a", "b", "c"):
            publish(versions, name, 1)
        expected = [name for name in ("a", "b", "c") if name > after]
        assert [summary.series_id for summary in versions.list_series(DEFAULT_TENANT, 10, after).items] == expected

    @pytest.mark.parametrize("before", [1, 2, 3, 4, 100])
    def test_versions_before_any_number(self, versions, before):
        publish(versions, "cpu", 3)
        page = versions.list_versions(key("cpu"), 10, before)
        assert [version.number for version in page.items] == [number for number in (3, 2, 1) if number < before]
        assert page.after is None

    def test_pages_go_on_where_versions_are_too_large_for_one_answer(self, versions):
        """DynamoDB ends an answer at 1 MB, whatever limit was asked for."""
        for number in range(1, 10):
            append(versions, a_version("cpu", number, parameters={"filler": "x" * 150_000}))
        pages = all_pages(lambda before: versions.list_versions(key("cpu"), 100, before))
        assert [version.number for version in items_of(pages)] == [*range(9, 0, -1)]


class TestCount:
    def test_a_series_counts_once_however_many_versions_it_has(self, versions):
        publish(versions, "a", 3)
        publish(versions, "b", 1)
        publish(versions, "a", 1, first=4)
        assert versions.count_series(DEFAULT_TENANT) == 2

    def test_a_lost_race_for_the_first_version_counts_once(self, versions):
        publish(versions, "a", 1)
        with pytest.raises(WriteConflict):
            publish(versions, "a", 1)
        assert versions.count_series(DEFAULT_TENANT) == 1

    def test_many_series_are_counted_exactly(self, versions):
        for number in range(40):
            publish(versions, f"series-{number}", 1)
        assert versions.count_series(DEFAULT_TENANT) == 40


class TestTenants:
    """Series of the same name in one storage, reached through one store."""

    def test_see_nothing_of_each_other(self, versions):
        publish(versions, "cpu", 2, tenant=ONE)
        publish(versions, "disk", 1, tenant=ONE)
        assert versions.head(key("cpu", OTHER)) is None
        assert versions.version(key("cpu", OTHER), 1) is None
        assert versions.count_series(OTHER) == 0
        assert list(versions.list_series(OTHER, 10, None).items) == []
        assert list(versions.list_versions(key("cpu", OTHER), 10, None).items) == []

    def test_have_their_own_versions_lists_and_counts(self, versions):
        publish(versions, "cpu", 3, tenant=ONE)
        publish(versions, "cpu", 1, tenant=OTHER)
        for tenant, latest in ((ONE, 3), (OTHER, 1)):
            series = key("cpu", tenant)
            assert versions.head(series).latest == latest
            assert versions.head(series).champion.series == versions.version(series, 1).series == series
            assert {version.series for version in versions.list_versions(series, 10, None).items} == {series}
            assert [line.latest for line in versions.list_series(tenant, 10, None).items] == [latest]
            assert versions.count_series(tenant) == 1

    def test_whose_name_begins_another_s_are_apart(self, versions):
        publish(versions, "cpu", 1, tenant=Tenant("acme"))
        publish(versions, "disk", 1, tenant=Tenant("acme2"))
        listed = versions.list_series(Tenant("acme"), 10, None)
        assert [summary.series_id for summary in listed.items] == ["cpu"]


class TestSeriesIds:
    @pytest.mark.parametrize("series_id", ["HEAD", "VERSION", "STATS", "a", "A", "-", ".", "..", ":", "_", "x" * 128])
    def test_of_any_shape_are_kept_apart(self, versions, series_id):
        publish(versions, "a:b", 2)
        publish(versions, series_id, 1)
        assert versions.head(key(series_id)).latest == 1
        assert versions.head(key("a:b")).latest == 2
        assert versions.count_series(DEFAULT_TENANT) == 2

    def test_one_that_begins_another_does_not_list_its_versions(self, versions):
        publish(versions, "cpu", 1)
        publish(versions, "cpu1", 2)
        assert [version.series_id for version in versions.list_versions(key("cpu"), 10, None).items] == ["cpu"]


def test_what_was_read_can_be_changed_without_changing_what_is_stored(versions):
    append(versions, a_version(parameters={"list": [1, 2]}))
    versions.version(key("cpu"), 1).parameters["list"].append(3)
    versions.head(key("cpu")).champion.parameters["list"].append(3)
    assert versions.version(key("cpu"), 1).parameters == {"list": [1, 2]}
    assert versions.head(key("cpu")).champion.parameters == {"list": [1, 2]}


def test_times_are_told_apart_to_the_microsecond(versions):
    at = datetime(2025, 1, 1, tzinfo=UTC)
    for number in (1, 2):
        append(versions, a_version("cpu", number, trained_at=at + timedelta(microseconds=number)))
    newest, oldest = versions.list_versions(key("cpu"), 2, None).items
    assert newest.trained_at - oldest.trained_at == timedelta(microseconds=1)
