"""The figures of a stage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load import wrk
from benchmarks.load.generator import GeneratorFailed
from benchmarks.load.outcome import Quantiles, merged, quantile, quantiles, read
from benchmarks.load.storage_share import cpu_by_part
from benchmarks.load.targets import CACHED, CONSISTENT, RUNTIMES

times = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)
CLOCKED = {"predict": {"all": 1.0, "calls": 0.7, "stand_in": 0.4}, "fit": {"all": 5.0, "calls": 4.0, "stand_in": 2.0}}


@given(times, st.integers(1, 100))
def test_a_quantile_is_the_smallest_value_that_enough_are_not_above(values, percent):
    found = quantile(sorted(values), percent / 100)
    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


def test_there_is_no_quantile_of_nothing():
    with pytest.raises(ValueError, match="no value"):
        quantile([], 0.5)


@given(times, times)
def test_all_is_the_quantiles_of_the_union(predictions, fits):
    found = merged({"predict": predictions, "fit": fits})
    assert found == {
        "predict": quantiles(predictions),
        "fit": quantiles(fits),
        "all": quantiles([*fits, *predictions]),
    }


def test_a_kind_without_an_answer_has_no_times():
    assert merged({"predict": [1.0], "fit": []}) == dict.fromkeys(("predict", "all"), Quantiles(1.0, 1.0, 1.0))
    assert merged({}) == {}


def outcome(target, answered, *, seconds=2.0, errors=None, cpu=None):
    document = {
        "seconds": seconds,
        "milliseconds": {kind: [10.0] * count for kind, count in answered.items()},
        "errors": errors or {},
        "cpu_seconds": cpu or {},
    }
    return read(document, target.name, "mix")


def test_failed_requests_are_in_the_errors_and_not_in_the_rate():
    found = outcome(CONSISTENT, {"predict": 190, "fit": 10}, errors={"fit: status 503": 40}, cpu={"server": 1.2})
    assert (found.rate, found.failed) == (100.0, 40)
    assert found.cpu_per_thousand("server") == 5.0


def test_of_the_local_stack_the_storage_is_what_the_clock_says():
    found = outcome(CONSISTENT, {"predict": 950, "fit": 50}, cpu={"server": 1.2, "load generator": 0.2})
    assert cpu_by_part(found, CLOCKED) == pytest.approx({"load generator": 0.2, "functions": 0.72, "storage": 0.48})


def test_a_cached_head_is_read_once_a_second():
    found = outcome(CACHED, {"predict": 4_000}, cpu={"server": 2.0})
    assert cpu_by_part(found, CLOCKED) == pytest.approx({"functions": 0.49, "storage": 0.01})


def test_of_the_real_runtime_each_part_is_a_process():
    cpu = {"server": 0.1, "emulator": 0.2, "functions": 0.5, "storage": 0.3}
    assert cpu_by_part(outcome(RUNTIMES[0], {"predict": 500}, cpu=cpu), CLOCKED) == pytest.approx(
        {part: seconds * 2 for part, seconds in cpu.items()}
    )


RESULT = "RESULT 1000 2000000 120500 130000 142000 status={} connect=0 read={} write=0 timeout=0\n"


def test_wrk_counts_in_microseconds():
    found = wrk.parse("  Latency ...\n" + RESULT.format(0, 0), "x", {})
    assert (found.rate, found.times["all"], found.failed) == (500.0, Quantiles(120.5, 130.0, 142.0), 0)


def test_what_wrk_got_another_status_for_is_no_answer():
    found = wrk.parse(RESULT.format(100, 3), "x", {})
    assert (found.rate, found.failed) == (450.0, 103)


def test_wrk_that_says_nothing_has_failed():
    with pytest.raises(GeneratorFailed, match="unable to connect"):
        wrk.parse("unable to connect", "x", {})
