"""Nothing that a picture is given upsets it: no size, no name, no values, no limits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tidewatch.plotting import Format, PlotRequest, render
from tidewatch.plotting.render import compose
from tidewatch.series import LATEST, TimeSeries

from tests.unit.plotting.conftest import Fit, Judgement, Series


def overflowing_or_overlapping(figure: Figure, width: int, height: int) -> list[str]:
    FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
    axes = figure.axes[0]
    texts = [*figure.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
    texts += [text for legend in figure.legends for text in legend.get_texts()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    wrong = [f"outside: {words}" for words, box in boxes if not (box.x0 >= 0 <= box.y0)]
    wrong += [f"outside: {words}" for words, box in boxes if box.x1 > width + 0.5 or box.y1 > height + 0.5]
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = first.x1 - 1 <= second.x0 or second.x1 - 1 <= first.x0
        if not apart and first.y0 < second.y1 - 2 and second.y0 < first.y1 - 2:
            wrong.append(f"overlapping: {one} and {other}")
    return wrong


@pytest.mark.parametrize(
    ("width", "height"), [(320, 320), (320, 4096), (4096, 320), (400, 320), (800, 600), (1200, 600), (2400, 1200)]
)
@pytest.mark.parametrize("name", ["a", "W" * 128, "eu-west-1:prod.checkout_p99." * 4 + "x" * 16])
@pytest.mark.parametrize("mean", [50.0, 1e9])
def test_words_neither_overflow_nor_overlap(
    width: int, height: int, name: str, mean: float, series_of: Series, fit: Fit
) -> None:
    series = series_of(mean + 1e-6 * np.random.default_rng(2).normal(0, 1, 500))
    request = PlotRequest(name, "v1234567", width=width, height=height)
    figure, _ = compose(series, fit(series, side="both", sigmas=2.125), request)
    assert overflowing_or_overlapping(figure, width, height) == []
    axes = figure.axes[0].get_window_extent()
    assert axes.height >= 0.25 * height
    assert axes.width >= 0.5 * width


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 5e-324, 1e-308, 1e308, -1.7976931348623157e308]),
)
limits = st.one_of(st.just(np.nan), st.just(np.inf), st.just(-np.inf), numbers)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(data=st.data())
def test_no_series_and_no_limits_upset_it(data: st.DataObject, judge: Callable[..., Judgement]) -> None:
    times = data.draw(st.lists(st.integers(0, LATEST), min_size=1, max_size=30, unique=True).map(sorted))
    size = len(times)
    values = data.draw(st.lists(numbers, min_size=size, max_size=size))
    several = st.lists(limits, min_size=size, max_size=size)
    model = judge(
        size,
        lower=data.draw(limits | several),
        upper=data.draw(limits | several),
        expected=data.draw(limits | several),
        anomaly=data.draw(st.lists(st.booleans(), min_size=size, max_size=size)),
    )
    width, height = data.draw(st.sampled_from([(320, 320), (900, 400)]))
    series = TimeSeries(np.array(times, dtype=np.int64), np.array(values))
    form: Format = data.draw(st.sampled_from(["png", "svg"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert render(series, model, PlotRequest("a_$", "v1", form, width, height))
    figure, _ = compose(series, model, PlotRequest("a", "v1", form, width, height))
    assert overflowing_or_overlapping(figure, width, height) == []


def test_a_second_line_of_legend_without_room_is_left_out(series_of: Series, judge: Callable[..., Judgement]) -> None:
    series = series_of(np.linspace(0, 100, 10))
    model = judge(10, lower=20.0, upper=80.0, anomaly=True)
    model.options = model.options.model_copy(update={"side": "very " * 40})
    figure, words = compose(series, model, PlotRequest("W" * 128, "v1", width=320, height=320))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training data", "outside: 10"]
    assert "10 points, 10 outside" in words
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
def test_extreme_values_are_drawn(values: Any, side: str, series_of: Series, fit: Fit) -> None:
    series = series_of(values)
    assert render(series, fit(series, side=side), PlotRequest("a", "v1"))


@pytest.mark.parametrize("values", [[7.0] * 5, [0.0] * 5, [7.0], [-1e308] * 5, [5e-324] * 5])
def test_a_series_without_spread_is_drawn(
    values: list[float], series_of: Series, judge: Callable[..., Judgement]
) -> None:
    series = series_of(values)
    assert render(series, judge(len(series), lower=np.nan, upper=values[0], expected=values[0]), PlotRequest("a", "v1"))
