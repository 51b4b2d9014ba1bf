"""The stream of ``auto``: causal, the same however it is cut, and of the same mind after a rest in storage."""

import numpy as np
import pytest
from tidewatch.detectors.ensemble.auto import EXPERTS, THRESHOLD, WARM_UP, Stream

DAY = 86_400


def series(size=3_000, seed=0, step=600):
    random = np.random.default_rng(seed)
    timestamps = 1_700_000_000 + step * np.arange(size, dtype=np.int64)
    values = 20 + 5 * np.sin(2 * np.pi * timestamps / DAY) + random.normal(0, 0.5, size)
    return timestamps, values


def arrays(judgement):
    return [
        judgement.score,
        judgement.evidence,
        judgement.experts,
        judgement.expected,
        judgement.lower,
        judgement.upper,
    ]


def same(one, other, columns=slice(None), tolerance=1e-5):
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_allclose(a[..., columns], b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("cut", [1, 71, 72, 73, 500, 1_111, 2_999])
def test_causal_what_comes_after_changes_nothing(cut):
    timestamps, values = series()
    whole = Stream().extend(timestamps, values)
    other = values.copy()
    other[cut:] = 1e6 * np.random.default_rng(9).normal(size=other.size - cut)
    same(whole, Stream().extend(timestamps[:cut], values[:cut]), slice(cut))
    changed = Stream().extend(timestamps, other)
    for a, b in zip(arrays(whole), arrays(changed), strict=True):
        np.testing.assert_array_equal(a[..., : max(cut - 512, 0)], b[..., : max(cut - 512, 0)])
        np.testing.assert_allclose(a[..., :cut], b[..., :cut], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 300])
def test_the_same_however_the_stream_is_cut(chunk):
    timestamps, values = series(1_200)
    whole = Stream().extend(timestamps, values)
    stream = Stream()
    parts = [
        stream.extend(timestamps[begin : begin + chunk], values[begin : begin + chunk])
        for begin in range(0, values.size, chunk)
    ]
    for place, array in enumerate(arrays(whole)):
        joined = np.concatenate([arrays(part)[place] for part in parts], axis=-1)
        np.testing.assert_allclose(joined, array, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cut", [0, 1, 50, 72, 100, 2_000, 20_001])
def test_restored_it_goes_on_as_it_would_have(cut):
    timestamps, values = series(cut + 700)
    stream = Stream()
    stream.extend(timestamps[:cut], values[:cut])
    restored = Stream.restore(stream.state())
    same(stream.extend(timestamps[cut:], values[cut:]), restored.extend(timestamps[cut:], values[cut:]), tolerance=0)


def test_a_copy_leaves_the_original_alone():
    timestamps, values = series()
    stream = Stream()
    stream.extend(timestamps[:1_000], values[:1_000])
    before = {name: array.copy() for name, array in stream.state().items()}
    stream.copy().extend(timestamps[1_000:], values[1_000:])
    for name, array in stream.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_input_is_not_changed():
    timestamps, values = series()
    kept = values.copy()
    Stream().extend(timestamps, values)
    np.testing.assert_array_equal(values, kept)


def test_warming_up_there_is_no_judgement():
    timestamps, values = series(200)
    values[50] = 1e9
    judgement = Stream().extend(timestamps, values)
    assert judgement.warming_up.tolist() == [True] * WARM_UP + [False] * (200 - WARM_UP)
    assert not judgement.score[:WARM_UP].any()
    assert not judgement.evidence[:WARM_UP].any()


@pytest.mark.parametrize(("expert", "spoil"), [
    ("level", lambda v: v.__setitem__(2_500, 60.0)),
    ("season", lambda v: v.__setitem__(slice(2_500, 2_530), v[2_500 - 72 : 2_530 - 72].copy())),
    ("drift", lambda v: v.__setitem__(slice(2_500, 2_560), v[2_500:2_560] + np.linspace(0, 6, 60))),
    ("shift", lambda v: v.__setitem__(slice(2_500, 2_560), v[2_500:2_560] + 12.0)),
    ("shape", lambda v: v.__setitem__(slice(2_500, 2_530), v[2_500:2_530] + 6 * (-1.0) ** np.arange(30))),
    ("rough", lambda v: v.__setitem__(slice(2_500, 2_560), v[2_500:2_560] + 2 * (-1.0) ** np.arange(60))),
    ("calm", lambda v: v.__setitem__(slice(2_500, 2_560), v[2_500])),
])  # fmt: skip
def test_every_expert_sees_what_it_is_there_for(expert, spoil):
    timestamps, values = series()
    spoil(values)
    judgement = Stream().extend(timestamps, values)
    assert judgement.experts[EXPERTS.index(expert), 2_500:2_570].max() > 2.3


@pytest.mark.parametrize("height", [8.0, 60.0, 1e6, -60.0])
def test_one_spike_is_one_anomaly(height):
    """The windows of the points after it hold it too."""
    echoes = []
    for seed in range(8):
        timestamps, values = series(1_000, seed, 3_600)
        quiet = Stream().extend(timestamps, values).score >= THRESHOLD
        values[700] += height
        spoilt = Stream().extend(timestamps, values).score >= THRESHOLD
        assert spoilt[700]
        echoes.append(int(spoilt[701:770].sum()) - int(quiet[701:770].sum()))
    assert np.mean(echoes) < 3.0


def test_what_lasts_is_found_for_as_long_as_it_is_new():
    """Values beyond reach are held to it, and still all of them are."""
    timestamps, values = series(2_000, 1, 3_600)
    values[1_000:] += 50.0
    score = Stream().extend(timestamps, values).score
    assert (score[1_000:1_040] >= THRESHOLD).all()


def test_the_usual_stays_inside_the_band_and_below_the_threshold():
    timestamps, values = series(6_000)
    judgement = Stream().extend(timestamps, values)
    settled = slice(1_500, None)
    inside = (values >= judgement.lower) & (values <= judgement.upper)
    assert inside[settled].mean() > 0.99
    assert (judgement.upper - judgement.lower)[settled].max() < 8.0
    assert (judgement.score[settled] >= THRESHOLD).mean() < 0.002


@pytest.mark.slow
@pytest.mark.parametrize("draw", [lambda r, n: r.normal(size=n), lambda r, n: r.standard_t(2, n)], ids=["normal", "t"])
def test_p_values_are_calibrated_on_exchangeable_points(draw):
    random = np.random.default_rng(3)
    evidence = np.stack([Stream().extend(np.arange(9_000) * 300, draw(random, 9_000)).evidence for _ in range(12)])
    for from_point, to_point in ((1_000, 4_500), (4_500, 9_000)):
        assert (evidence[:, from_point:to_point] >= 2).mean() < 0.015
    assert (evidence[:, 4_500:] >= 2).mean() > 0.005
    assert (evidence[:, 1_000:] >= 3).mean() < 0.003


@pytest.mark.parametrize("factor", [2.0**-900, 2.0**900, -1.0, 3.0])
def test_scale_does_not_matter(factor):
    timestamps, values = series(1_500)
    plain = Stream().extend(timestamps, values)
    scaled = Stream().extend(timestamps, values * factor)
    np.testing.assert_allclose(scaled.score, plain.score, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("values", [
    np.zeros(500),
    np.full(500, 1e308),
    np.full(500, -5e-324),
    np.append(np.zeros(400), np.full(100, 7.0)),
    np.tile([1e308, -1e308], 250),
    np.append(np.random.default_rng(0).normal(size=499), 1e308),
    np.append(1e308, np.random.default_rng(0).normal(size=499)),
    np.random.default_rng(0).integers(0, 2, 500).astype(float),
], ids=["zeros", "huge", "subnormal", "step", "alternating", "outlier", "outlier first", "binary"])  # fmt: skip
def test_any_doubles(values):
    judgement = Stream().extend(np.arange(values.size) * 60, values)
    for array in (judgement.score, judgement.evidence, judgement.expected):
        assert np.isfinite(array).all()
    assert not np.isnan(judgement.lower).any()
    assert (judgement.lower <= judgement.upper).all()


def test_a_step_after_silence_alerts():
    values = np.append(np.zeros(400), np.full(100, 7.0))
    judgement = Stream().extend(np.arange(500) * 60, values)
    assert judgement.score[:400].max() < 0.5
    assert judgement.score[400:430].max() >= THRESHOLD


def test_no_points():
    judgement = Stream().extend(np.zeros(0, dtype=np.int64), np.zeros(0))
    assert judgement.score.shape == (0,)
    assert judgement.experts.shape == (len(EXPERTS), 0)


def test_evidence_and_direction():
    timestamps, values = series()
    values[2_000], values[2_500] = 1e3, -1e3
    judgement = Stream().extend(timestamps, values)
    assert judgement.direction[[2_000, 2_500]].tolist() == [1, -1]
    assert judgement.evidence.min() == 0.0
    assert judgement.evidence[2_000] > 2.0


def test_the_band_is_not_widened_by_anomalies():
    timestamps, values = series(2_000, 2, 3_600)
    before = Stream().extend(timestamps, values)
    values[1_000:1_040] += 30.0
    values[1_200] -= 1e6
    after = Stream().extend(timestamps, values)
    width = (after.upper - after.lower)[1_300:] / (before.upper - before.lower)[1_300:]
    assert np.median(width) < 3.0
