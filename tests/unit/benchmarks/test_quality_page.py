"""Results of runs: kept, merged, and written."""

import json
import math
from datetime import date

import numpy as np
import pytest
from tidewatch.detectors.ensemble.auto import RECOVERY

from benchmarks.nab.contenders import apply, causally
from benchmarks.nab.corpus import LabelledSeries
from benchmarks.nab.scoring import PROFILES, lay_out
from benchmarks.quality import calibration, numenta, page, picture, results, run
from benchmarks.quality.__main__ import main
from benchmarks.quality.backgrounds import timed
from benchmarks.quality.cloud import CloudFigures, SeriesFigures
from benchmarks.quality.halves import HALVES
from benchmarks.quality.metrics import Counts
from benchmarks.quality.suite import Found, SuiteFigures, Windows


@pytest.fixture(scope="module")
def files():
    """Four files of NAB's kind, each with a spike in its labelled window, and one outside of it in the last two."""
    made = []
    for number in range(4):
        values = np.random.default_rng(number).normal(10.0, 1.0, 400)
        values[250] = 60.0
        values[350] += 60.0 * (number > 1)
        made.append(LabelledSeries(f"kind/{number}.csv", timed(values), lay_out(400, [(240, 270)])))
    return made


@pytest.fixture(scope="module")
def figures(files):
    counts = Counts.of(np.array([True, False, False]), np.array([True, True, False]))
    series = [SeriesFigures(str(place), 1.0 if place < 2 else None, 0.8, counts, 0) for place in range(3)]
    found = [Found(np.array([2.0]), np.array([False]), 1, 100), Found(np.array([np.nan]), np.array([False]), 0, 100)]
    seen = [
        Windows(np.array([evidence, 1.0]), np.array([0.0, 5.9]), np.array([flag, False]))
        for evidence, flag in ((9.0, True), (6.0, False))
    ]
    shape = ("missing beat", "season")
    suite = SuiteFigures({("spike", "white"): found}, {shape: found}, {shape: seen})
    kind = calibration.KindFigures(np.array([[9, 1], [11, 2]]), np.array([1, 0]), np.array([1000, 1000]))
    return results.merge(
        [
            results.of_cloud("cloud", CloudFigures(tuple(series))),
            results.of_nab(numenta.measure("mad", files)),
            results.of_suite(suite),
            results.of_calibration({"white": kind}),
            results.dated(date(2026, 11, 21)),
        ]
    )


def test_a_half_is_scored_at_the_threshold_of_the_other_one(files):
    found = numenta.measure("mad", files)
    standard = found.once["standard"]
    assert list(found.once) == [profile.name for profile in PROFILES]
    assert standard["all"].score == pytest.approx(max(standard[half].score for half in HALVES))
    assert standard["all"].score > 85.0
    odd = files[1::2]
    scores = {file.name: causally("mad")(file.series) for file in odd}
    best_of_odd = numenta.measure("mad", odd).once["standard"]["all"].score
    assert apply(odd, scores, PROFILES[0], standard["even"].threshold, RECOVERY) == pytest.approx(best_of_odd)
    assert found.every["standard"]["all"].score > 85.0
    assert not found.shipped


def test_what_is_kept_comes_back(figures, tmp_path):
    path = tmp_path / "results.json"
    assert results.read(path) == {}
    results.write(path, {"mad": figures})
    again = results.read(path)["mad"]
    assert list(again) == list(HALVES)
    for half in HALVES:
        for key, number in figures[half].items():
            assert again[half][key] == pytest.approx(number, abs=1e-4) or math.isnan(again[half][key])
    assert "NaN" not in path.read_text()
    assert json.loads(path.read_text())["mad"]["odd"]["points.delay"] is None


def test_a_later_part_replaces_figures_and_leaves_others():
    merged = results.merge([{"all": {"a": 1.0, "b": 2.0}}, {"all": {"a": 3.0}, "odd": {"a": 4.0}}])
    assert merged == {"all": {"a": 3.0, "b": 2.0}, "even": {}, "odd": {"a": 4.0}}


def test_the_page_has_a_row_in_each_table_and_a_table_of_both_halves(figures):
    text = page.write({"auto": results.merge([results.dated(date(2026, 11, 20))]), "mad": figures})
    rows = [line for line in text.splitlines() if line.startswith("| mad |")]
    assert len(rows) == 5
    assert rows[0].startswith("| mad | 1.000 | 0.800 | 1.00 / 1.00 | 500.0 | 1.00 | 1.00 | 0 | – | – | – |")
    assert rows[3] == "| mad | 0.50 | 0.50 | 0.50 | 0.50 | 0.25 | 0.50 | 1.00 | 0.00 |"
    assert "10.0; 1.5" in rows[4]
    assert "on 20 November 2026 and 21 November 2026" in text
    assert "3 series of Microsoft's" in text
    assert "| made-up: median delay in points | 2.0 | 2.0 | – |" in text
    assert "<code>mad</code>" in text
    # As many cells as headings, in every table.
    widths = {line.count("|") for line in text.split("### Calibration")[1].splitlines() if line.startswith("| auto |")}
    assert len(widths) == 1


def test_the_picture_is_the_same_each_time(figures, tmp_path):
    kept = {"auto": results.merge([]), "mad": figures}
    for name in ("one.png", "two.png"):
        picture.draw(kept, tmp_path / name)
    drawn = (tmp_path / "one.png").read_bytes()
    assert drawn.startswith(b"\x89PNG")
    assert drawn == (tmp_path / "two.png").read_bytes()


def test_a_run_keeps_the_figures_of_other_detectors(figures, tmp_path, monkeypatch, capsys):
    docs = tmp_path / "docs"
    (docs / "images").mkdir(parents=True)
    (docs / "benchmarks.md").write_text("# Benchmarks\n")
    monkeypatch.setattr(run, "_KEPT", tmp_path / "results.json")
    monkeypatch.setattr(run, "_PAGE", docs / "benchmarks.md")
    monkeypatch.setattr(run, "_ROOT", tmp_path)
    monkeypatch.setattr(run, "PARTS", {"suite": run.Part(lambda: "heading", lambda *_: figures)})
    for names in ("mad", "auto,mad:threshold=5"):
        monkeypatch.setattr("sys.argv", ["quality", "all", "--cloud", ".", "--nab", ".", "--detectors", names])
        main()
    assert list(results.read(tmp_path / "results.json")) == ["auto", "mad"]
    assert (docs / "images" / "quality.png").exists()
    text = (docs / "benchmarks.md").read_text()
    assert text.startswith("# Benchmarks\n")
    assert "| auto |" in text
    assert "| mad |" in text
    assert "Written: docs/benchmarks.md, docs/images/quality.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cloud"], "cloud needs --cloud"),
        (["all"], "all needs --cloud and --nab"),
        (["suite", "--detectors", "madd"], "no detector 'madd'"),
    ],
)
def test_what_is_missing_is_named(words, message, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["quality", *words])
    with pytest.raises(SystemExit):
        main()
    assert message in capsys.readouterr().err
