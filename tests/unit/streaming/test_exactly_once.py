"""Whatever fails, comes twice or meets another consumer: each point is judged once, as in an undisturbed pass."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.detectors import CATALOGUE, Scores, fit_model
from tidewatch.registry import StorageUnavailable
from tidewatch.series import TimeSeries
from tidewatch.streaming import JudgedPoints, Outcome

from tests.support.memory import Memory
from tests.support.samples import key
from tests.support.streams import TRAINED, Consumer, Interfered, MemoryStreamStore, the_series, train

POINTS = 420
"""That come in: enough for two chunks and some more."""


class Delivery(NamedTuple):
    """One batch of the series, and what goes wrong with it.

    Attributes:
        size: in points.
        order: a seed, by which they are mixed.
        again: how many points before it come once more.
        by: which of two consumers gets it.
        restarts: whether that one is a new process.
        faults: of the storage calls of the first attempt.
        both: whether the other consumer gets the same in between.
    """

    size: int
    order: int
    again: int
    by: int
    restarts: bool
    faults: list[str | None]
    both: bool


deliveries = st.lists(
    st.builds(
        Delivery,
        st.integers(1, 200),
        st.integers(0, 5),
        st.sampled_from([0, 0, 3, 60]),
        st.integers(0, 1),
        st.booleans(),
        st.lists(st.sampled_from([None, "before", "after"]), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@lru_cache
def undisturbed(detector: str) -> tuple[Memory, Scores]:
    whole = the_series(TRAINED + POINTS)
    memory = Memory()
    train(memory, detector, whole.part(0, TRAINED))
    model = fit_model(whole.part(0, TRAINED), CATALOGUE[detector].options_type())
    return memory, model.follow().judge(whole.part(TRAINED))[0]


@given(detector=st.sampled_from(["three_sigma", "ewma", "auto"]), plan=deliveries)
def test_as_one_undisturbed_pass(detector, plan):
    memory, expected = undisturbed(detector)
    coming = the_series(TRAINED + POINTS).part(TRAINED)
    store = MemoryStreamStore()
    consumers = [Consumer(Interfered(store), memory) for _ in range(2)]
    begin = 0
    for delivery in plan:
        end = min(begin + delivery.size, POINTS)
        if end > begin:
            deliver(coming.part(max(begin - delivery.again, 0), end), delivery, consumers, store)
        begin = end
    judged = store.everything(key())
    np.testing.assert_array_equal(judged.points.timestamps, coming.timestamps[:begin])
    same(judged, expected)


def deliver(batch: TimeSeries, delivery: Delivery, consumers: list[Consumer], store: MemoryStreamStore) -> None:
    consumer = consumers[delivery.by]
    if delivery.restarts:
        consumer.restart()
    order = np.random.default_rng(delivery.order).permutation(len(batch))
    mixed = type("Mixed", (), {"timestamps": batch.timestamps[order], "values": batch.values[order]})
    consumer.store.faults = iter(delivery.faults)
    if delivery.both:
        other = consumers[1 - delivery.by]
        consumer.store.meanwhile = lambda: (other.ingest(batch), None)[1]
    for _ in range(10):
        try:
            done = consumer.ingest(mixed)
            break
        except StorageUnavailable:
            continue
    assert set(done.answer.outcomes) <= {Outcome.JUDGED, Outcome.REPEATED}
    np.testing.assert_array_equal(done.answer.judged.points.timestamps, batch.timestamps)
    # What it answers is what is stored.
    stored = store.everything(key()).between(batch.start, batch.end)
    for name, column in done.answer.judged.columns().items():
        np.testing.assert_array_equal(column, stored.columns()[name])


def same(judged: JudgedPoints, expected: Scores) -> None:
    size = len(judged)
    assert judged.scores.anomaly.tolist() == expected.anomaly[:size].tolist()
    for name in ("score", "p_value", "severity", "expected", "lower", "upper"):
        np.testing.assert_allclose(getattr(judged.scores, name), getattr(expected, name)[:size], rtol=1e-9, atol=1e-12)
