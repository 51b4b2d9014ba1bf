"""What a judgement adds to the line: moving bands, stretches without one, events, and severity beneath."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE
from tidewatch.plotting import PlotRequest, render
from tidewatch.plotting.judgement_layers import merged, runs
from tidewatch.plotting.render import compose
from tidewatch.plotting.style import THEMES
from tidewatch.series import TimeSeries

from tests.unit.plotting.conftest import START, Judge, Review, Series, options_of

LIGHT = THEMES["light"]
REQUEST = PlotRequest("Detection")
Floats = NDArray[np.float64]


def days(seconds: Any) -> Any:
    """Where seconds after the start are on a time axis."""
    return (START + np.asarray(seconds)) / 86_400


def words_of(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return legends + [text.get_text() for text in figure.texts]


def line_of(figure: Figure, color: str, panel: int = 0) -> tuple[Floats, Floats]:
    (line,) = [line for line in figure.axes[panel].get_lines() if line.get_color() == color and line.get_xdata().size]
    return line.get_xdata(), line.get_ydata()


def spans_of(figure: Figure, color: str, panel: int = 0) -> list[tuple[float, float]]:
    wanted = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    areas = [area for area in figure.axes[panel].collections if np.allclose(area.get_facecolor()[0, :3], wanted)]
    paths = [path.vertices[:, 0] for area in areas for path in area.get_paths()]
    return [(float(edges.min()), float(edges.max())) for edges in paths]


def seasonal(days: int = 10, step: int = 1_800) -> TimeSeries:
    times = START + step * np.arange(days * 86_400 // step)
    values = 50 + 10 * np.sin(2 * np.pi * times / 86_400) + np.random.default_rng(4).normal(0, 1, times.size)
    values[[values.size // 2, values.size * 3 // 4]] += 40
    return TimeSeries(times, values)


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_detector_is_drawn(name: str, review: Review) -> None:
    # A whole forest would take its time.
    judged = review(seasonal(), name, **{"trees": 10} if name == "isolation_forest" else {})
    figure, (_, words, *_) = compose(judged, REQUEST)
    assert words.startswith(name)
    assert len(figure.axes) == 2
    assert bool(figure.axes[0].collections) == bool(
        judged.events or judged.scores.warming_up.any() or np.isfinite([judged.scores.lower, judged.scores.upper]).any()
    )
    assert render(judged, REQUEST).startswith(b"\x89PNG")


def test_a_moving_band_and_what_was_expected_follow_the_season(series_of: Series, judge: Judge) -> None:
    wave = 10 * np.sin(np.arange(400) / 20)
    figure, _ = compose(judge(series_of(wave), lower=wave - 2, upper=wave + 3, expected=wave + 0.5), REQUEST)
    assert {"normal range", "expected"} <= set(words_of(figure))
    x, y = line_of(figure, LIGHT.expected)
    assert x == pytest.approx(days(60 * np.arange(400)))
    assert y.tolist() == pytest.approx((wave + 0.5).tolist())
    limits = [line.get_ydata() for line in figure.axes[0].get_lines() if line.get_color() == LIGHT.limit]
    assert [limit.tolist() for limit in limits] == [
        pytest.approx((wave - 2).tolist()),
        pytest.approx((wave + 3).tolist()),
    ]


def test_nothing_bridges_a_gap(series_of: Series, judge: Judge) -> None:
    times = START + np.concatenate([60 * np.arange(200), 50_000 + 60 * np.arange(200)])
    wave = np.sin(np.arange(400) / 20)
    figure, _ = compose(judge(series_of(wave, times), lower=wave - 2, upper=3.0, expected=wave), REQUEST)
    for color in (LIGHT.data, LIGHT.expected):
        assert np.flatnonzero(np.isnan(line_of(figure, color)[1])).tolist() == [200]


@pytest.mark.parametrize(
    ("lower", "label"),
    [
        (np.nan, "normal: up to 12"),
        (1.0, "normal: 1 to 12"),
        (np.linspace(-1, 9, 100), "normal range"),
    ],
)
def test_there_is_no_band_while_warming_up(lower: Any, label: str, series_of: Series, judge: Judge) -> None:
    waiting = np.arange(100) < 20
    series = series_of(np.linspace(0, 10, 100))
    figure, _ = compose(judge(series, lower=lower, upper=12.0, warming_up=waiting), REQUEST)
    assert {"warming up", label} <= set(words_of(figure))
    assert spans_of(figure, LIGHT.band) == [tuple(days([20 * 60, 99 * 60]))]
    for panel in (0, 1):
        ((start, end),) = spans_of(figure, LIGHT.waiting, panel)
        assert (start, end) == (figure.axes[panel].get_xlim()[0], pytest.approx(days(19.5 * 60)))


def test_of_a_series_that_was_never_judged_there_is_no_severity(series_of: Series, judge: Judge) -> None:
    figure, _ = compose(judge(series_of([1.0, 2.0, 3.0]), upper=4.0, warming_up=True), REQUEST)
    (axes,) = figure.axes
    assert spans_of(figure, LIGHT.waiting) == [axes.get_xlim()]
    assert "severity" not in words_of(figure)


def test_a_wait_too_short_to_see_is_not_spoken_of(series_of: Series, judge: Judge) -> None:
    judged = judge(series_of(np.sin(np.arange(100_000))), warming_up=np.arange(100_000) % 1_000 == 7)
    assert "warming up" not in words_of(compose(judged, REQUEST)[0])


def test_events_are_marked_in_both_panels(series_of: Series, judge: Judge) -> None:
    anomaly = np.zeros(1_000, dtype=bool)
    anomaly[[100, 102, 500]] = True
    figure, (_, *facts) = compose(judge(series_of(np.sin(np.arange(1_000))), anomaly=anomaly), REQUEST)
    assert "1,000 points, 3 anomalies in 2 events" in facts
    assert "events: 2" in words_of(figure)
    for panel in (0, 1):
        (first, last), (start, end) = spans_of(figure, LIGHT.event, panel)
        assert first < days(100 * 60) < days(102 * 60) < last < start < days(500 * 60) < end


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_those_of_the_flags(flags: list[bool]) -> None:
    firsts, lasts = runs(np.array(flags, dtype=np.bool_))
    covered = {index for first, last in zip(firsts, lasts, strict=True) for index in range(first, last + 1)}
    assert covered == {index for index, flag in enumerate(flags) if flag}
    assert np.all(firsts[1:] > lasts[:-1] + 1)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_merged_spans_cover_the_same_and_are_apart(steps: list[tuple[int, int]]) -> None:
    edges = np.cumsum(np.array(steps, dtype=np.float64).reshape(-1))
    spans = merged(edges[::2], edges[1::2])
    assert np.all(spans[1:, 0] > spans[:-1, 1])
    for start, end in edges.reshape(-1, 2):
        assert np.any((spans[:, 0] <= start) & (end <= spans[:, 1]))
    assert set(spans.ravel()) <= set(edges)


@pytest.mark.parametrize(("width", "height"), [(320, 600), (1200, 600), (4096, 600)])
@pytest.mark.parametrize("place", [0, 77_777, 249_999])
def test_no_size_loses_the_most_severe_point(
    place: int, width: int, height: int, series_of: Series, judge: Judge
) -> None:
    severity = np.full(250_000, 0.1)
    severity[place] = 0.9
    judged = judge(series_of(np.zeros(250_000)), severity=severity, anomaly=severity > 0.5)
    figure, _ = compose(judged, PlotRequest("a", width=width, height=height))
    for color, most in ((LIGHT.usual, width + 1), (LIGHT.anomaly, 1)):
        x, y = line_of(figure, color, 1)
        assert np.nanmax(y) == 0.9
        assert x[np.nanargmax(y)] == days(60 * place)
        assert np.isnan(y).sum() <= most


@pytest.mark.parametrize(
    ("options", "anomaly", "severity", "level"),
    [
        ({}, [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.8], 0.6),
        ({}, [0, 0, 0, 0, 0], [0.1, 0.2, 0.3, 0.6, 0.8], None),
        ({}, [0, 0, 0, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8], None),
        ({"false_alarm_rate": 0.001}, [0, 0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4, 0.2], 0.5),
        ({"false_alarm_rate": 1e-6}, [0, 0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.7], 2 / 3),
    ],
)
def test_the_level_of_the_decision_is_drawn_where_there_is_one(
    options: dict[str, Any], anomaly: Any, severity: Any, level: float | None, series_of: Series, judge: Judge
) -> None:
    judged = judge(
        series_of([1, 2, 1, 2, 3]),
        anomaly=np.array(anomaly, dtype=bool),
        severity=np.array(severity),
        options=options_of("three_sigma", **options),
    )
    figure, _ = compose(judged, REQUEST)
    drawn = [line.get_ydata()[0] for line in figure.axes[1].get_lines() if line.get_color() == LIGHT.expected]
    assert drawn == ([] if level is None else [pytest.approx(level)])
    told = [word for word in words_of(figure) if word.startswith("anomaly from")]
    assert told == ([] if level is None else [f"anomaly from severity {level:.2f}"])


@pytest.mark.parametrize(("width", "height", "panels"), [(320, 320, 1), (4096, 320, 1), (320, 600, 2), (500, 500, 2)])
def test_a_low_picture_has_no_severity(width: int, height: int, panels: int, spiky: TimeSeries, review: Review) -> None:
    figure, _ = compose(review(spiky), PlotRequest("a", width=width, height=height))
    assert len(figure.axes) == panels
    assert any("severity" in word for word in words_of(figure)) == (panels == 2)


def test_a_series_without_times_stands_by_its_index(spiky: TimeSeries, review: Review) -> None:
    figure, (_, *facts) = compose(review(spiky, has_times=False), REQUEST)
    assert facts == ["three_sigma", "1,440 points, 3 anomalies in 3 events"]
    words = words_of(figure)
    assert "point" in words
    assert not any("UTC" in word or "2024" in word for word in words)
    assert [tick for tick in figure.axes[1].get_xticks() if tick >= 0][:3] == [0, 100, 200]
    assert line_of(figure, LIGHT.data)[0][-1] == 1_439


@pytest.mark.parametrize(("has_times", "words"), [(True, "season of 24 hours"), (False, "season of 48 points")])
def test_the_season_is_told(has_times: bool, words: str, judge: Judge) -> None:
    _, facts = compose(judge(seasonal(), period=48, has_times=has_times), REQUEST)
    assert words in facts


def test_a_spike_of_the_band_is_cut_off_but_not_the_band(series_of: Series, judge: Judge) -> None:
    wave = 10 * np.sin(np.arange(400) / 20)
    upper = wave + 15
    upper[200:203] = 1e6
    lower = np.full(400, -1e6)
    figure, _ = compose(judge(series_of(wave), lower=lower, upper=upper), REQUEST)
    low, high = figure.axes[0].get_ylim()
    assert -13 < low < -10
    assert 24 < high < 28
