"""Any sequence of calls, over every backend, against a dictionary that cannot be wrong."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tidewatch.deadline import Deadline
from tidewatch.registry import (
    LATEST,
    Deleter,
    Promoter,
    Receipt,
    Registry,
    SeriesBusy,
    SeriesNotFound,
    StorageUnavailable,
    TrainingData,
    VersionInUse,
    VersionIsChampion,
    VersionNotFound,
    verify,
)
from tidewatch.registry.audit import NOBODY
from tidewatch.tenancy import DEFAULT_TENANT

from tests.contract.backends import Backend, InMemory
from tests.contract.paging import all_pages, items_of
from tests.support.flaky import STEPS, FlakyData, FlakyVersions
from tests.support.samples import NOW, a_model, a_publisher, a_series, key, no_arrays

series_ids = st.sampled_from(["a", "b", "b:1"])
trainings = st.lists(st.integers(-9, 9).map(float), min_size=4, max_size=7).map(lambda v: [*v, v[0] + 1])
limits = st.integers(1, 4)


class Lifetimes(RuleBasedStateMachine):
    """The model is ``series id -> number -> values that the version was trained on``, and who judges."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        backend.clear()
        self.versions = backend.versions()
        self.data = backend.data()
        self.registry = Registry(self.versions, no_arrays)
        self.expected: dict[str, dict[int, list[float]]] = {}
        self.champions: dict[str, int] = {}
        self.challengers: dict[str, int] = {}
        self.audit = backend.audit()
        self.promoter = Promoter(self.versions, deadline_seconds=1, now=lambda: NOW)
        self.requests = itertools.count()

    def publish_with(
        self,
        series_id: str,
        values: list[float],
        versions: Any,
        data: Any,
        receipt: Receipt | None = None,
        **arguments: Any,
    ) -> int:
        publisher = a_publisher(versions, data, **arguments)
        return publisher.publish(key(series_id), a_series(values), a_model(values), receipt).number

    def remember(self, series_id: str, values: list[float], *, promote: bool = True) -> int:
        versions = self.expected.setdefault(series_id, {})
        number = max(versions, default=0) + 1
        versions[number] = values
        if promote or number == 1:
            self.champions[series_id] = number
        return number

    @rule(series_id=series_ids, values=trainings)
    def publish(self, series_id, values):
        number = self.publish_with(series_id, values, self.versions, self.data)
        assert number == self.remember(series_id, values)

    @rule(series_id=series_ids, values=trainings)
    def publish_only(self, series_id, values):
        publisher = a_publisher(self.versions, self.data)
        number = publisher.publish(key(series_id), a_series(values), a_model(values), promote=False).number
        assert number == self.remember(series_id, values, promote=False)

    @rule(series_id=series_ids, number=st.integers(1, 8), challenge=st.booleans())
    def promote_or_challenge(self, series_id, number, challenge):
        trained = self.expected.get(series_id, {})
        change = self.promoter.challenge if challenge else self.promoter.promote
        try:
            change(key(series_id), number, NOBODY, deadline=Deadline.never())
        except (SeriesNotFound, VersionNotFound):
            assert number not in trained
        except VersionIsChampion:
            assert challenge
            assert number == self.champions[series_id]
        else:
            assert number in trained
            if challenge:
                self.challengers[series_id] = number
            else:
                self.champions[series_id] = number
                if self.challengers.get(series_id) == number:
                    del self.challengers[series_id]

    @rule(series_id=series_ids, values=trainings, step=st.sampled_from(STEPS))
    def publish_and_die(self, series_id, values, step):
        with pytest.raises(StorageUnavailable):
            self.publish_with(series_id, values, FlakyVersions(self.versions, step), FlakyData(self.data, step))
        if step == "answer of append":
            self.remember(series_id, values)

    @rule(series_id=series_ids, values=trainings, others=st.lists(trainings, max_size=2), step=st.sampled_from(STEPS))
    def publish_and_die_and_come_again(self, series_id, values, others, step):
        """The same request, after any others: it publishes one version, wherever it failed."""
        receipt = Receipt(str(next(self.requests)), 2**40)
        flaky = FlakyVersions(self.versions, step), FlakyData(self.data, step)
        with pytest.raises(StorageUnavailable):
            self.publish_with(series_id, values, *flaky, receipt)
        number = self.remember(series_id, values) if step == "answer of append" else None
        for other in others:
            self.publish_with(series_id, other, self.versions, self.data)
            self.remember(series_id, other)
        again = self.publish_with(series_id, values, self.versions, self.data, receipt)
        assert again == (number or self.remember(series_id, values))

    @rule(series_id=series_ids, mine=trainings, others=st.lists(trainings, min_size=1, max_size=3))
    def publish_while_others_do(self, series_id, mine, others):
        left = list(others)

        def overtake(_: object) -> None:
            if left:
                values = left.pop()
                self.publish_with(series_id, values, self.versions, self.data)
                self.remember(series_id, values)

        number = self.publish_with(series_id, mine, FlakyVersions(self.versions, before_append=overtake), self.data)
        assert number == self.remember(series_id, mine)

    @rule(series_id=series_ids, mine=trainings, other=trainings)
    def give_up_at_the_deadline(self, series_id, mine, other):
        def overtake(_: object) -> None:
            self.publish_with(series_id, other, self.versions, self.data)
            self.remember(series_id, other)

        busy = FlakyVersions(self.versions, before_append=overtake)
        with pytest.raises(SeriesBusy):
            self.publish_with(series_id, mine, busy, self.data, deadline_seconds=-1)

    @rule(series_id=series_ids)
    def delete_series(self, series_id):
        deleter = Deleter(self.versions, deadline_seconds=1, now=lambda: NOW)
        if self.expected.pop(series_id, None):
            del self.champions[series_id]
            self.challengers.pop(series_id, None)
            deleter.delete_series(key(series_id))
        else:
            with pytest.raises(SeriesNotFound):
                deleter.delete_series(key(series_id))

    @rule(series_id=series_ids, number=st.integers(1, 8))
    def delete_version(self, series_id, number):
        deleter = Deleter(self.versions, deadline_seconds=1, now=lambda: NOW)
        trained = self.expected.get(series_id, {})
        in_use = {max(trained, default=0), self.champions.get(series_id), self.challengers.get(series_id)}
        if number in trained and number not in in_use:
            deleter.delete_version(key(series_id), number)
            del trained[number]
            return
        refusal = VersionInUse if number in in_use else VersionNotFound
        with pytest.raises(refusal if trained else SeriesNotFound):
            deleter.delete_version(key(series_id), number)

    @rule(series_id=series_ids, selector=st.none() | st.just(LATEST) | st.integers(1, 8))
    def load(self, series_id, selector):
        trained = self.expected.get(series_id, {})
        number = self.champions.get(series_id, 0) if selector is None else max(trained, default=0)
        if isinstance(selector, int):
            number = selector
        if not trained:
            with pytest.raises(SeriesNotFound):
                self.registry.load(key(series_id), selector)
        elif number not in trained:
            with pytest.raises(VersionNotFound) as caught:
                self.registry.load(key(series_id), selector)
            assert caught.value.latest == max(trained)
        else:
            loaded = self.registry.load(key(series_id), selector)
            values = trained[number]
            assert (loaded.version.series_id, loaded.version.number) == (series_id, number)
            assert loaded.model.learned() == a_model(values).learned()
            assert TrainingData(self.data).of(loaded.version).values.tolist() == values

    @rule(limit=limits)
    def list_series(self, limit):
        summaries = items_of(all_pages(lambda after: self.registry.list_series(DEFAULT_TENANT, limit, after)))
        found = [(summary.series_id, summary.latest, summary.points_used) for summary in summaries]
        assert found == [
            (name, max(runs), len(runs[self.champions[name]])) for name, runs in sorted(self.expected.items())
        ]

    @rule(series_id=series_ids, limit=limits)
    def list_versions(self, series_id, limit):
        trained = self.expected.get(series_id, {})
        if not trained:
            with pytest.raises(SeriesNotFound):
                self.registry.list_versions(key(series_id), limit, None)
            return
        versions = items_of(all_pages(lambda before: self.registry.list_versions(key(series_id), limit, before)))
        found = [(version.number, version.points_used) for version in versions]
        assert found == [(number, len(trained[number])) for number in sorted(trained, reverse=True)]

    @invariant()
    def series_are_counted(self):
        assert self.registry.count_series(DEFAULT_TENANT) == len(self.expected)

    @invariant()
    def the_head_names_the_last_version_and_who_judges(self):
        for series_id, trained in self.expected.items():
            head = self.versions.head(key(series_id))
            assert (head.latest, head.champion.number) == (max(trained), self.champions[series_id])
            challenger = head.challenger.number if head.challenger else None
            assert challenger == self.challengers.get(series_id)

    def teardown(self):
        """No version without its data, the number after the last is free, and each audit trail is whole."""
        for series_id in ("a", "b", "b:1"):
            assert verify(self.audit.whole(key(series_id)), self.registry.trail(key(series_id)).hash).intact
        for series_id, trained in self.expected.items():
            for number, values in trained.items():
                version = self.versions.version(key(series_id), number)
                assert TrainingData(self.data).of(version).values.tolist() == values
            assert self.versions.version(key(series_id), max(trained) + 1) is None


@pytest.mark.hypothesis
def test_any_sequence_of_calls_agrees_with_a_dictionary(backend):
    # moto copies its tables for each transaction.
    examples = hypothesis_settings().max_examples // (1 if isinstance(backend, InMemory) else 6)
    run_state_machine_as_test(
        lambda: Lifetimes(backend),
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=15,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
