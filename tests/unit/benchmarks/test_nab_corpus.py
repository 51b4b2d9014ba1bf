"""Reading NAB's files."""

import json

import numpy as np
import pytest

from benchmarks.nab import contenders
from benchmarks.nab.contenders import CONTENDERS, choose
from benchmarks.nab.corpus import halves, load
from benchmarks.nab.scoring import PROFILES


def write(folder, name, rows, windows):
    path = folder / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("timestamp,value\n" + "".join(f"{stamp},{value}\n" for stamp, value in rows))
    labels = folder / "labels" / "combined_windows.json"
    labels.parent.mkdir(exist_ok=True)
    known = json.loads(labels.read_text()) if labels.exists() else {}
    labels.write_text(json.dumps(known | {name: windows}))


def minute(number):
    return f"2014-04-01 {number // 60:02}:{number % 60:02}:00"


def test_windows_become_indices_and_repeated_stamps_wait(tmp_path):
    rows = [(minute(t), t / 2) for t in (0, 1, 1, 1, 2, 10, 11, 12)]
    write(tmp_path, "kind/a.csv", rows, [[minute(10) + ".000000", minute(12) + ".000000"]])
    (file,) = load(tmp_path)
    assert (file.name, file.category) == ("kind/a.csv", "kind")
    assert np.diff(file.series.timestamps).tolist() == [60, 1, 1, 58, 480, 60, 60]
    assert file.series.values.tolist() == [t / 2 for t in (0, 1, 1, 1, 2, 10, 11, 12)]
    assert file.layout.window[1:].tolist() == [-1, -1, -1, -1, 0, 0, 0]


def test_halves_share_every_category(tmp_path):
    for name in ("x/1", "x/2", "x/3", "y/1", "y/2", "z/1"):
        write(tmp_path, f"{name}.csv", [(minute(t), t) for t in range(3)], [])
    one, other = halves(load(tmp_path))
    assert [file.name for file in one] == ["x/1.csv", "x/3.csv", "y/2.csv"]
    assert [file.name for file in other] == ["x/2.csv", "y/1.csv", "z/1.csv"]


@pytest.mark.slow
def test_every_contender_scores_a_file(tmp_path):
    values = np.random.default_rng(0).normal(size=400)
    values[300] = 40.0
    rows = [(minute(t), v) for t, v in enumerate(values)]
    write(tmp_path, "kind/a.csv", rows, [[minute(298) + ".000000", minute(310) + ".000000"]])
    files = load(tmp_path)
    found = {}
    for contender in CONTENDERS:
        scores = {file.name: contender.score(file.series) for file in files}
        found[contender.name] = choose(contender, files, scores, PROFILES[0]).outcome.score
    assert found["null"] == 0.0
    assert found["auto"] > 90
    assert found["windowed Gaussian"] > 90


def test_windowed_gaussian_judges_by_the_window_before(tmp_path):
    rows = [(minute(t), v) for t, v in enumerate([1.0, 3.0, 2.0, 5.0])]
    write(tmp_path, "kind/a.csv", rows, [])
    scores = contenders.windowed_gaussian(load(tmp_path)[0].series)
    assert scores[:2].tolist() == [0.0, 1.0]
    assert scores[2] == 0.5
    assert 0.999 < scores[3] < 1.0
