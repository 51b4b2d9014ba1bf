"""The stream of ``auto``: causal, the same however it is cut, and of the same mind after a rest in storage."""

import numpy as np
import pytest
from tidewatch.detectors.ensemble.auto import WARM_UP, Stream, restore, store
from tidewatch.registry.encoding import pack_arrays, unpack_arrays

DAY = 86_400
ARRAYS = ("anomaly", "score", "evidence", "incident", "expected", "lower", "upper", "direction", "warming_up")


def series(size=3_000, seed=0, step=600):
    random = np.random.default_rng(seed)
    timestamps = 1_700_000_000 + step * np.arange(size, dtype=np.int64)
    values = 20 + 5 * np.sin(2 * np.pi * timestamps / DAY) + random.normal(0, 0.5, size)
    return timestamps, values


def with_gaps(size=3_000):
    timestamps, values = series(size)
    kept = np.random.default_rng(1).random(size) > 0.05
    kept[1_500:1_700] = False
    return timestamps[kept], values[kept]


def same(one, other, columns=slice(None)):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name)[columns], getattr(other, name), err_msg=name)


@pytest.mark.parametrize("cut", [1, 15, 16, 17, 500, 1_111, 2_999])
def test_causal_what_comes_after_changes_nothing(cut):
    timestamps, values = series()
    other = values.copy()
    other[cut:] = 1e6 * np.random.default_rng(9).normal(size=other.size - cut)
    whole, changed = Stream().extend(timestamps, values), Stream().extend(timestamps, other)
    same(whole, Stream().extend(timestamps[:cut], values[:cut]), slice(cut))
    same(changed, Stream().extend(timestamps[:cut], values[:cut]), slice(cut))


@pytest.mark.parametrize("make", [series, with_gaps])
@pytest.mark.parametrize("chunk", [1, 7, 300])
def test_the_same_to_the_bit_however_the_stream_is_cut(chunk, make):
    timestamps, values = make()
    values[900] += 60.0
    whole, stream = Stream().extend(timestamps, values), Stream()
    for begin in range(0, values.size, chunk):
        part = slice(begin, begin + chunk)
        same(whole, stream.extend(timestamps[part], values[part]), part)


@pytest.mark.parametrize("make", [series, with_gaps])
@pytest.mark.parametrize("cut", [0, 1, 16, 40, 72, 100, 2_000, 9_001])
def test_stored_it_goes_on_as_it_would_have(cut, make):
    timestamps, values = make(cut + 900)
    cut = min(cut, values.size - 100)
    stream = Stream()
    stream.extend(timestamps[:cut], values[:cut])
    restored = restore(unpack_arrays(pack_arrays(store(stream))))
    same(stream.extend(timestamps[cut:], values[cut:]), restored.extend(timestamps[cut:], values[cut:]))


@pytest.mark.parametrize("size", [6_000, 30_000, 30_511])
def test_its_state_takes_less_than_64_kb(size):
    stream = Stream()
    stream.extend(60 * np.arange(size), np.random.default_rng(0).lognormal(0, 2, size))
    assert len(pack_arrays(store(stream))) < 64_000
    assert sum(array.nbytes for array in store(stream).values()) < 64_000


def test_a_copy_leaves_the_original_alone():
    timestamps, values = series()
    stream = Stream()
    stream.extend(timestamps[:1_000], values[:1_000])
    copy = stream.copy()
    first = copy.extend(timestamps[1_000:], values[1_000:])
    same(stream.extend(timestamps[1_000:], values[1_000:]), first)


def test_the_input_is_not_changed():
    timestamps, values = series()
    kept = values.copy()
    Stream().extend(timestamps, values)
    np.testing.assert_array_equal(values, kept)


def test_warming_up_there_is_no_judgement():
    timestamps, values = series(200)
    values[20] = 1e9
    judgement = Stream().extend(timestamps, values)
    assert judgement.warming_up.tolist() == [True] * WARM_UP + [False] * (200 - WARM_UP)
    for name in ("anomaly", "score", "evidence", "incident"):
        assert not getattr(judgement, name)[:WARM_UP].any()


@pytest.mark.parametrize("height", [8.0, 60.0, 1e6, -60.0])
def test_one_spike_is_one_anomaly(height):
    """Neither the return nor the windows of the points after it are flagged; at most one in 50 by chance."""
    echoes = []
    for seed in range(8):
        timestamps, values = series(1_000, seed, 3_600)
        values[700] += height
        spoilt = Stream().extend(timestamps, values).anomaly
        assert spoilt[700]
        echoes.append(int(spoilt[701:770].sum()))
    assert np.mean(echoes) < 0.5


def test_one_spike_is_one_incident():
    timestamps, values = series(2_000)
    values[1_500] += 30.0
    incident = Stream().extend(timestamps, values).incident
    assert incident[1_500] >= 6.0
    assert incident[1_000:1_500].max() < 6.0


def test_size_orders_and_never_saturates_the_decision():
    """8 and 300 deviations are both flagged, and do not tie."""
    found = []
    for height in (8.0, 20.0, 150.0):
        timestamps, values = series(1_000, 1, 3_600)
        values[700] += height
        found.append(Stream().extend(timestamps, values))
    scores, evidence = [one.score[700] for one in found], [one.evidence[700] for one in found]
    assert scores[0] < scores[1]
    assert evidence[0] < evidence[1] < evidence[2]
    assert all(one.anomaly[700] for one in found)


def test_the_usual_stays_inside_the_band_and_is_not_flagged():
    timestamps, values = series(6_000)
    judgement = Stream().extend(timestamps, values)
    settled = slice(1_500, None)
    inside = (values >= judgement.lower) & (values <= judgement.upper)
    assert inside[settled].mean() > 0.99
    assert (judgement.upper - judgement.lower)[settled].max() < 8.0
    assert judgement.anomaly[settled].mean() < 0.002


def test_the_band_is_not_widened_by_anomalies():
    timestamps, values = series(2_000, 2, 3_600)
    before = Stream().extend(timestamps, values)
    values[1_200] -= 1e6
    values[1_000:1_003] += 30.0
    after = Stream().extend(timestamps, values)
    width = (after.upper - after.lower)[1_300:] / (before.upper - before.lower)[1_300:]
    assert np.median(width) < 3.0


@pytest.mark.parametrize("factor", [2.0**-900, 2.0**900, -1.0, 3.0])
def test_scale_does_not_matter(factor):
    timestamps, values = series(1_500)
    plain = Stream().extend(timestamps, values)
    scaled = Stream().extend(timestamps, values * factor)
    np.testing.assert_allclose(scaled.score, plain.score, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("values", [
    np.zeros(500),
    np.full(500, 1e308),
    np.full(500, -5e-324),
    np.append(np.zeros(400), np.full(100, 7.0)),
    np.append(np.zeros(400), np.full(100, 1e300)),
    np.append(np.random.default_rng(0).normal(size=400), 1e12 + np.random.default_rng(0).normal(size=2_000)),
    np.append(1e12 * np.random.default_rng(0).normal(size=400), np.random.default_rng(0).normal(size=9_000)),
    np.tile([1e308, -1e308], 250),
    np.append(np.random.default_rng(0).normal(size=499), 1e308),
    np.append(1e308, np.random.default_rng(0).normal(size=499)),
    np.random.default_rng(0).integers(0, 2, 500).astype(float),
], ids=["zeros", "huge", "subnormal", "step", "huge step", "far away", "calmed", "alternating", "outlier",
        "outlier first", "binary"])  # fmt: skip
def test_any_doubles(values):
    judgement = Stream().extend(np.arange(values.size) * 60, values)
    for array in (judgement.score, judgement.evidence, judgement.incident, judgement.expected):
        assert np.isfinite(array).all()
    assert not np.isnan(judgement.lower).any()
    assert (judgement.lower <= judgement.upper).all()


def test_no_points():
    judgement = Stream().extend(np.zeros(0, dtype=np.int64), np.zeros(0))
    for name in ARRAYS:
        assert getattr(judgement, name).shape == (0,)
