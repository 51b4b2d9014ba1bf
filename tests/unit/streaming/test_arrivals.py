"""Late points, early ones, another champion, and how often storage is asked."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE, fit_model
from tidewatch.registry import DataCorrupted, SeriesBusy, SeriesNotFound, WriteConflict
from tidewatch.series import TimeSeries
from tidewatch.services.ingest import AHEAD
from tidewatch.streaming import KEPT, JudgedPoints, Outcome, PointsUnreadable, pack_points, pack_state, unpack_points
from tidewatch.streaming.columns import unpack_state

from tests.support.flaky import Recorder
from tests.support.memory import Memory
from tests.support.samples import key
from tests.support.streams import NOW, START, STEP, TRAINED, Consumer, MemoryStreamStore, the_series, train

SERIES = the_series(TRAINED + 300)
COMING = SERIES.part(TRAINED)


@pytest.fixture
def memory():
    memory = Memory()
    train(memory, "auto", SERIES.part(0, TRAINED))
    return memory


@pytest.fixture
def store():
    return MemoryStreamStore()


@pytest.fixture
def consumer(store, memory):
    return Consumer(store, memory)


def without(points: TimeSeries, place: int) -> TimeSeries:
    return TimeSeries(np.delete(points.timestamps, place), np.delete(points.values, place))


def test_a_late_point_is_judged_at_its_place_and_then_known(consumer, store):
    expected = (
        fit_model(SERIES.part(0, TRAINED), CATALOGUE["auto"].options_type()).follow().judge(COMING.part(0, 60))[0]
    )
    consumer.ingest(without(COMING.part(0, 40), 25))
    done = consumer.ingest(COMING.part(25, 26))
    assert done.answer.outcomes == (Outcome.LATE,)
    consumer.ingest(COMING.part(40, 60))
    found = store.everything(key())
    assert np.flatnonzero(found.late).tolist() == [25]
    chosen = [*range(26), *range(40, 60)]
    np.testing.assert_allclose(found.scores.score[chosen], expected.score[chosen], rtol=1e-9)


def test_a_point_behind_the_snapshot_is_refused_and_one_that_was_judged_is_answered(consumer, store):
    first = consumer.ingest(without(COMING.part(0, 200), 3))
    done = consumer.ingest(COMING.part(0, 5))
    assert [outcome.value for outcome in done.answer.outcomes] == ["repeated"] * 3 + ["too_late", "repeated"]
    assert done.answer.judged.scores.score.tolist() == first.answer.judged.scores.score[:4].tolist()
    assert len(done.new) == 0
    kept = consumer.ingest(COMING.part(200 - KEPT - 1, 200))
    assert set(kept.answer.outcomes) == {Outcome.REPEATED}


def test_what_repeats_within_a_batch_and_what_is_ahead_of_the_clock(consumer):
    ahead = int((NOW + AHEAD + timedelta(seconds=1)).timestamp())
    times = np.array([START + 300 * STEP, START + 299 * STEP, START + 300 * STEP, ahead])
    done = consumer.ingest(TimeSeries(np.arange(4), np.arange(4.0)))
    assert len(done.new) == 4
    done = consumer.ingest(type("Mixed", (), {"timestamps": times, "values": np.array([1.0, 2.0, 9.0, 3.0])}))
    assert [outcome.value for outcome in done.answer.outcomes] == ["judged", "judged", "repeated", "too_early"]
    assert done.new.points.values.tolist() == [2.0, 1.0]


def test_a_point_that_comes_again_with_another_value_keeps_the_first(consumer, store):
    consumer.ingest(COMING.part(0, 3))
    again = consumer.ingest(TimeSeries(COMING.timestamps[:3], np.full(3, 99.0)))
    assert again.answer.judged.points.values.tolist() == COMING.values[:3].tolist()
    assert store.states[key()].sequence == 1


@pytest.mark.parametrize("overlap", [0, 40], ids=["trained before the stream", "trained on part of it"])
def test_another_champion_goes_on_from_its_own_training_and_what_came_after_it(consumer, store, memory, overlap):
    consumer.ingest(COMING.part(0, 200))
    train(memory, "three_sigma", SERIES.part(0, TRAINED + overlap))
    done = consumer.ingest(COMING.part(200, 210))
    assert done.version.number == 2
    assert done.new.version.tolist() == [2] * 10
    expected = fit_model(SERIES.part(0, TRAINED + overlap), CATALOGUE["three_sigma"].options_type())
    scores = expected.follow().judge(COMING.part(overlap, 210))[0]
    np.testing.assert_allclose(done.new.scores.score, scores.score[-10:])
    cold = Consumer(store, memory).ingest(COMING.part(210, 220))
    assert cold.answer.outcomes == (Outcome.JUDGED,) * 10


def test_a_change_of_champion_that_only_repeated_points_saw_is_written_with_the_next_new_one(consumer, store, memory):
    consumer.ingest(COMING.part(0, 200))
    train(memory, "auto", SERIES.part(0, TRAINED + 100))
    assert set(consumer.ingest(COMING.part(190, 200)).answer.outcomes) == {Outcome.REPEATED}
    consumer.ingest(COMING.part(200, 203))
    warm, cold = store.everything(key()), Consumer(store, memory)
    assert warm.version[-3:].tolist() == [2] * 3
    again = fit_model(SERIES.part(0, TRAINED + 100), CATALOGUE["auto"].options_type())
    expected = again.follow().judge(COMING.part(100, 210))[0]
    done = cold.ingest(COMING.part(203, 210))
    np.testing.assert_allclose(done.new.scores.score, expected.score[-7:], rtol=1e-9)


def test_a_process_that_remembers_the_champion_of_before_asks_when_the_stream_has_another(store, memory):
    slow, quick = Consumer(store, memory, head_cache_seconds=3_600), Consumer(store, memory)
    slow.ingest(COMING.part(0, 5))
    train(memory, "three_sigma", SERIES.part(0, TRAINED))
    quick.ingest(COMING.part(5, 10))
    assert slow.ingest(COMING.part(10, 15)).new.version.tolist() == [2] * 5
    assert store.everything(key()).version.tolist() == [1] * 5 + [2] * 10


def test_one_read_and_one_write_when_cold_and_one_write_when_warm(store, memory):
    calls: list[str] = []
    consumer = Consumer(Recorder(store, calls), memory)
    consumer.ingest(COMING.part(0, 5))
    consumer.ingest(COMING.part(5, 10))
    # What comes again may come to a stream that was deleted since.
    consumer.ingest(COMING.part(5, 10))
    assert calls == ["load", "save", "save", "load"]


def test_a_series_without_a_model_and_one_whose_model_is_gone(consumer, store, memory):
    with pytest.raises(SeriesNotFound):
        consumer.ingest(COMING.part(0, 5), key("never"))
    assert not store.states


def test_a_stream_that_others_write_without_end_is_busy(consumer, store, monkeypatch):
    def lost(*_: object, **__: object) -> None:
        raise WriteConflict

    monkeypatch.setattr(store, "save", lost)
    monkeypatch.setattr("tidewatch.services.ingest._COMPETES_SECONDS", 0.05)
    with pytest.raises(SeriesBusy):
        consumer.ingest(COMING.part(0, 5))


def test_a_damaged_snapshot_is_told(consumer, store, memory):
    consumer.ingest(COMING.part(0, 200))
    store.snapshots[key()] = b"damaged"
    with pytest.raises(DataCorrupted):
        Consumer(store, memory).ingest(COMING.part(200, 201))


def test_judged_points_come_back_to_the_bit_and_nothing_else_is_read(consumer):
    judged = consumer.ingest(COMING.part(0, 50)).new
    for name, column in unpack_points(pack_points(judged)).columns().items():
        np.testing.assert_array_equal(column, judged.columns()[name])
        assert column.dtype == judged.columns()[name].dtype
    assert len(unpack_points(pack_points(JudgedPoints.none()))) == 0
    for damaged in (b"", b"\x01abc", b"\x02" + pack_points(judged)[1:], pack_points(judged)[:-5]):
        with pytest.raises(PointsUnreadable):
            unpack_points(damaged)
    for damaged in (b"", pack_points(judged)):
        with pytest.raises(PointsUnreadable):
            unpack_state(damaged)
    with pytest.raises(TypeError, match="objects"):
        pack_state({"a": np.array([None])})
