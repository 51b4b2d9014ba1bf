"""Nothing that a picture is given upsets it: no size, no name, no values, no limits, no judgement."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tidewatch.plotting import Format, PlotRequest, layout, render
from tidewatch.plotting.render import compose
from tidewatch.series import LATEST, TimeSeries

from tests.unit.plotting.conftest import Judge, Review, Series, judgement, options_of


def overflowing_or_overlapping(figure: Figure, width: int, height: int) -> list[str]:
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    texts = list(figure.texts)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        texts += [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]
        texts += [*axes.get_yticklabels(), axes.xaxis.get_offset_text()]
    texts += [text for legend in figure.legends for text in legend.get_texts()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    wrong = [f"outside: {words}" for words, box in boxes if not (box.x0 >= 0 <= box.y0)]
    wrong += [f"outside: {words}" for words, box in boxes if box.x1 > width + 0.5 or box.y1 > height + 0.5]
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = first.x1 - 1 <= second.x0 or second.x1 - 1 <= first.x0
        if not apart and first.y0 < second.y1 - 2 and second.y0 < first.y1 - 2:
            wrong.append(f"overlapping: {one} and {other}")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height"), [(320, 320), (320, 4096), (4096, 320), (400, 320), (500, 400), (800, 600), (2400, 1200)]
)
# The widest name that there is, and one that can be broken into words, which is narrower.
@pytest.mark.parametrize(
    "name", ["W" * 128, pytest.param("eu-west-1:prod.checkout_p99." * 4 + "x" * 16, marks=pytest.mark.long)]
)
@pytest.mark.parametrize(("mean", "has_times"), [(50.0, True), (1e9, True), (1e9, False)])
def test_words_neither_overflow_nor_overlap(
    width: int, height: int, name: str, mean: float, has_times: bool, series_of: Series, review: Review
) -> None:
    series = series_of(mean + 1e-6 * np.random.default_rng(2).normal(0, 1, 500))
    judged = review(series, side="both", sigmas=2.125, has_times=has_times)
    figure, _ = compose(judged, PlotRequest(f"{name} · v1234567", width=width, height=height))
    assert overflowing_or_overlapping(figure, width, height) == []
    axes = figure.axes[0].get_window_extent()
    assert axes.height >= 0.25 * height
    assert axes.width >= 0.5 * width


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 5e-324, 1e-308, 1e308, -1.7976931348623157e308]),
)
limits = st.one_of(st.just(np.nan), st.just(np.inf), st.just(-np.inf), numbers)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(data=st.data())
def test_no_series_and_no_judgement_upset_it(data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(0, LATEST), min_size=1, max_size=30, unique=True).map(sorted))
    size = len(times)

    def one_or_several(each: st.SearchStrategy[Any]) -> Any:
        return data.draw(each | st.lists(each, min_size=size, max_size=size))

    series = TimeSeries(np.array(times, dtype=np.int64), np.array([data.draw(numbers) for _ in times]))
    judged = judgement(
        series,
        lower=one_or_several(limits),
        upper=one_or_several(limits),
        expected=one_or_several(limits),
        anomaly=one_or_several(st.booleans()),
        severity=one_or_several(st.floats(0.0, 1.0)),
        warming_up=one_or_several(st.booleans()),
        options=options_of("three_sigma", false_alarm_rate=data.draw(st.none() | st.floats(1e-300, 0.5))),
        period=data.draw(st.none() | st.integers(1, 10**6)),
        has_times=data.draw(st.booleans()),
    )
    width, height = data.draw(st.sampled_from([(320, 320), (900, 400), (600, 600)]))
    form: Format = data.draw(st.sampled_from(["png", "svg"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert render(judged, PlotRequest("a_$", form, width, height))
    figure, _ = compose(judged, PlotRequest("a", form, width, height))
    assert overflowing_or_overlapping(figure, width, height) == []


def test_a_second_line_of_legend_without_room_is_left_out(
    series_of: Series, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_LEAST_FOR_PANELS", 0.45)
    options = options_of("three_sigma").model_copy(update={"side": "very " * 40})
    judged = judge(series_of(np.linspace(0, 100, 10)), lower=20.0, upper=80.0, anomaly=True, options=options)
    figure, words = compose(judged, PlotRequest("W" * 128, width=320, height=320))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["series", "anomalies: 10", "normal: 20 to 80"]
    assert "10 points, 10 anomalies in 1 event" in words
    assert overflowing_or_overlapping(figure, 320, 320) == []


@pytest.mark.parametrize(
    "values",
    [
        np.array([1e308, -1e308, 1.7e308, 0.0, 5.0]),
        np.array([1e-308, 2e-308, 5e-324, 0.0, 3e-308]),
        1e15 + np.array([0.0, 0.125, 0.25, 0.5, 0.125]),
    ],
)
@pytest.mark.parametrize("side", ["upper", "lower", "both"])
def test_extreme_values_are_drawn(values: Any, side: str, series_of: Series, review: Review) -> None:
    assert render(review(series_of(values), side=side), PlotRequest("a"))


@pytest.mark.parametrize("values", [[7.0] * 5, [0.0] * 5, [7.0], [-1e308] * 5, [5e-324] * 5])
def test_a_series_without_spread_is_drawn(values: list[float], series_of: Series, judge: Judge) -> None:
    assert render(judge(series_of(values), upper=values[0], expected=values[0]), PlotRequest("a"))


@pytest.mark.parametrize("form", ["png", "svg"])
def test_thousands_of_events_are_drawn(form: Format, series_of: Series, judge: Judge) -> None:
    places = np.arange(50_000)
    judged = judge(series_of(np.sin(places)), anomaly=places % 8 == 0, severity=0.6 + 0.1 * np.sin(places))
    assert len(judged.events) == 6_250
    assert len(render(judged, PlotRequest("a", form))) < 700_000
