"""The parts of ``make bench-quality``, on what is made for it."""

import numpy as np
import pytest
from tidewatch.series import TimeSeries

from benchmarks.quality import calibration, cloud
from benchmarks.quality.backgrounds import BACKGROUNDS, timed
from benchmarks.quality.contenders import Contender, judge

MAD = Contender.parse("mad")


def noisy(size: int) -> np.ndarray:
    return np.random.default_rng(1).normal(10.0, 1.0, size)


def test_a_detector_is_asked_for_with_its_options():
    contender = Contender.parse("mad:threshold=5:side=upper")
    assert contender.options.model_dump() == {
        "name": "mad",
        "threshold": 5,
        "side": "upper",
        "false_alarm_rate": None,
    }


@pytest.mark.parametrize("text", ["madd", "mad:thresholds=5", "mad:threshold=-1"])
def test_what_a_detector_does_not_take_is_refused(text):
    with pytest.raises(ValueError, match=r"mad|threshold"):
        Contender.parse(text)


def test_points_are_judged_by_what_came_before_them():
    values = noisy(300)
    whole = judge(MAD, timed(values), 100, refit=True)
    cut = judge(MAD, timed(values[:250]), 100, refit=True)
    assert whole.rank[:150].tolist() == cut.rank.tolist()
    once = judge(MAD, timed(values), 100)
    assert once.rank[:100].tolist() == whole.rank[:100].tolist()
    assert once.rank[100:].tolist() != whole.rank[100:].tolist()


def test_low_values_rank_as_high_as_high_ones_unless_one_side_is_asked_for():
    values = noisy(110)
    values[[104, 107]] = [0.0, 19.0]
    assert set(np.argsort(judge(MAD, timed(values), 100).rank)[-2:].tolist()) == {4, 7}
    above = judge(Contender.parse("mad:side=upper"), timed(values), 100).rank
    assert (int(np.argmax(above)), int(np.argmin(above))) == (7, 4)


def test_a_history_of_equal_values_is_refused():
    judgement = judge(MAD, timed(np.append(np.zeros(100), noisy(50))), 100)
    assert judgement.refused == 50
    assert not judgement.flag.any()
    assert np.isnan(judgement.p_value).all()
    assert np.unique(judgement.rank).size == 1


@pytest.fixture
def corpus(tmp_path):
    """Two series with a spike, the second has it in its history; a row has no value, and a stamp comes twice."""
    for name, spike in (("a", 150), ("b", 10)):
        values = noisy(200)
        values[spike] = 40.0
        rows = [
            f"2018-05-{1 + place // 24:02d} {place % 24:02d}:00:00,{value},{int(place == spike)}"
            for place, value in enumerate(values.tolist())
        ]
        rows[60] = "2018-05-03 12:00:00,,0"
        rows[70] = rows[69]
        (tmp_path / "kind").mkdir(exist_ok=True)
        (tmp_path / "kind" / f"{name}.csv").write_text("\n".join(["TimeStamp,Value,Label", *rows]))
    return cloud.load(tmp_path)


def test_files_are_read_as_they_are(corpus):
    assert [one.name for one in corpus] == ["kind/a", "kind/b"]
    assert [len(one.series) for one in corpus] == [199, 199]
    assert all((np.diff(one.series.timestamps) > 0).all() for one in corpus)
    assert np.flatnonzero(corpus[0].labels).tolist() == [149]


def test_figures_of_labelled_series(corpus):
    figures = cloud.measure(MAD, corpus)
    assert figures.mean_average_precision == 1.0  # of the first one alone: the other has no label in its judged part
    assert figures.each[1].average_precision is None
    assert (figures.counts.found_events, figures.counts.labelled_events) == (1, 1)
    assert figures.counts.early == 1.0
    assert [one.name for one in figures.of("odd").each] == ["kind/b"]


def test_no_files_are_a_mistake(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder with CSV files"):
        cloud.load(tmp_path)


def test_p_values_of_independent_values_are_calibrated():
    found = calibration.measure(MAD, ["white"])["white"]
    below_1, below_01, flags = found.per_thousand()
    assert 5.0 < below_1 < 20.0
    assert 0.2 < below_01 < 3.0
    assert flags < 3.0
    judged = calibration.SERIES * calibration.JUDGED
    assert found.judged.sum() == judged
    assert found.of("even").judged.sum() + found.of("odd").judged.sum() == judged


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_a_background_comes_from_its_seed_alone_and_is_long_enough(kind):
    made = [BACKGROUNDS[kind](np.random.default_rng(3), 500) for _ in range(2)]
    assert made[0].shape == (500,)
    assert np.isfinite(made[0]).all()
    assert made[0].tolist() == made[1].tolist()
    assert isinstance(timed(made[0]), TimeSeries)
