"""The benchmark of rows: reading experiments, counting flags, and choosing options on half of them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rows.__main__ import judge, table
from benchmarks.rows.contenders import RATES, Ranked
from benchmarks.rows.figures import Figures, Judged, chosen
from benchmarks.rows.testbed import load


def judged(experiment: str, variant: str = "", *, area: float = 0.5, true: int = 5, contender: str = "a") -> Judged:
    """Of 10 labelled rows and 90 others; at each rate as many more false flags."""
    return Judged(experiment, contender, variant, area, [true] * len(RATES), [10 * at for at in range(5)], 10, 90)


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    for part, count in (("valve1", 2), ("other", 1)):
        (tmp_path / part).mkdir()
        for number in range(count):
            lines = [
                f"2020-03-09 10:14:{second};{random.normal()};{random.normal()};{float(second >= 420)};0.0"
                for second in range(430)
            ]
            text = "\n".join(["datetime;Flow;Volume Flow;anomaly;changepoint", *lines])
            (tmp_path / part / f"{number}.csv").write_text(text)
    return tmp_path


def test_experiments_are_read_with_their_history_apart(folder):
    first, *_ = experiments = load(folder)
    assert [one.name for one in experiments] == ["other/0", "valve1/0", "valve1/1"]
    assert first.rows.names == ("Flow", "Volume_Flow")
    assert (len(first.history), len(first.rows), int(first.labels.sum())) == (400, 30, 10)
    with pytest.raises(FileNotFoundError, match="name the folder data"):
        load(folder / "other")


def test_flags_are_counted_at_each_rate():
    flags = np.zeros((len(RATES), 4), dtype=np.bool_)
    flags[1, :3] = True
    labels = np.array([True, False, True, False])
    one = Judged.of("e", "a", "", labels, Ranked(np.array([3.0, np.nan, 2.0, 1.0]), flags))
    assert (one.true, one.false) == ([0, 2, 0, 0, 0], [0, 1, 0, 0, 0])
    assert (one.average_precision, one.labelled, one.normal) == (1.0, 2, 2)


def test_rows_of_all_experiments_count_together():
    figures = Figures.of([judged("e"), judged("f", true=10, area=0.7)], RATES[1])
    assert figures == Figures(0.6, 15 / 35, 0.75, 20 / 180)
    assert figures.f1 == pytest.approx(2 * 15 / (35 + 20))
    assert Figures.of_everything([judged("e")]) == Figures(0.1, 0.1, 1.0, 1.0)


def test_options_are_chosen_on_one_half_and_reported_on_the_other():
    best = [judged(name, "good", area=0.9) for name in "egh"]
    assert chosen([*best, judged("e", "bad", area=0.2)]) == ("good", RATES[0])
    told = table(
        [judged("e"), judged("f", area=0.75), judged("e", contender="b"), judged("f", contender="b", area=0.9)]
    )
    assert [line.split("|")[1:4] for line in told.splitlines()[2:]] == [
        [" b ", " 0.001 ", " 0.900 "],
        [" a ", " 0.001 ", " 0.750 "],
        [" flag everything ", "  ", " 0.100 "],
    ]


def test_what_is_kept_is_not_judged_again(folder, tmp_path, monkeypatch, capsys):
    calls = []

    def rank(experiment):
        calls.append(experiment.name)
        return Ranked(experiment.rows.values[:, 0], np.zeros((len(RATES), 30), dtype=np.bool_))

    monkeypatch.setattr("benchmarks.rows.__main__.contenders", lambda: [("a", "", rank)])
    keep = tmp_path / "kept.jsonl"
    assert judge(folder, keep) == judge(folder, keep)
    assert len(calls) == 3
