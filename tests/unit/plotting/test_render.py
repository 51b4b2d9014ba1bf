"""The picture: its format, its words, and that nothing it is given upsets it."""

from __future__ import annotations

import gc
import io
import struct
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tidewatch.plotting import LARGEST_SIDE, SMALLEST_SIDE, Format, PlotRequest, render
from tidewatch.plotting.render import compose
from tidewatch.plotting.style import THEMES
from tidewatch.series import TimeSeries

from tests.unit.plotting.conftest import START, Judge, Review, Series

PLAIN = PlotRequest("web-01.cpu · v3")
SVG = PlotRequest("web-01.cpu · v3", format="svg")


def words_of(svg: bytes) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314  (our own)
    return ["".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text")]


def lines_of(figure: Figure, color: str) -> list[Any]:
    return [line for line in figure.axes[0].get_lines() if color in (line.get_color(), line.get_markerfacecolor())]


@pytest.mark.parametrize(("width", "height"), [(320, 320), (1200, 600), (1201, 599), (777, 333), (320, 4096)])
def test_a_png_has_exactly_the_size_asked_for(width: int, height: int, spiky: TimeSeries, review: Review) -> None:
    png = render(review(spiky), PlotRequest("a", width=width, height=height))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (width, height)


def test_an_svg_has_the_size_asked_for_in_css_pixels(spiky: TimeSeries, review: Review) -> None:
    root = ET.fromstring(render(review(spiky), SVG))  # noqa: S314
    assert (root.get("width"), root.get("height")) == ("900pt", "450pt")


def test_an_svg_says_all_that_the_picture_is_of(spiky: TimeSeries, review: Review) -> None:
    words = words_of(render(review(spiky), SVG))
    assert "web-01.cpu · v3" in words
    subtitle = next(line for line in words if line.startswith("three_sigma"))
    assert "three_sigma" in subtitle
    assert "1,440 points, 3 anomalies in 3 events" in subtitle
    assert "2024-01-01 00:00 to 23:59 UTC, 24 hours" in subtitle
    assert "anomalies: 3" in words
    assert "time (UTC)" in words
    assert "value" in words
    assert any(word.startswith("normal: up to ") for word in words)
    assert any(word.startswith("expected: ") for word in words)


@pytest.mark.parametrize("form", ["png", "svg"])
@pytest.mark.parametrize("name", ["<b>&\"'", "cost_$x_1$_{2}", "$$", "tab\tnull\x00", "\\alpha"])
def test_a_name_is_never_read_as_markup(name: str, form: Format, spiky: TimeSeries, review: Review) -> None:
    picture = render(review(spiky), PlotRequest(name, format=form))
    if form == "svg":
        shown = "".join(letter if letter.isprintable() else "?" for letter in name)
        assert shown in words_of(picture)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_arguments_give_the_same_bytes(form: Format, spiky: TimeSeries, review: Review) -> None:
    judged = review(spiky)
    request = PlotRequest("a", format=form)
    first = render(judged, request)
    render(judged, PlotRequest("b", format="svg", theme="dark", width=400))
    assert render(judged, request) == first


def test_settings_of_the_machine_neither_matter_nor_change(spiky: TimeSeries, review: Review) -> None:
    judged = review(spiky)
    expected = render(judged, SVG)
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path"}):
        before = dict(matplotlib.rcParams)
        assert render(judged, SVG) == expected
        assert dict(matplotlib.rcParams) == before


@pytest.mark.slow
def test_pictures_can_be_drawn_from_several_threads(spiky: TimeSeries, review: Review) -> None:
    judged = review(spiky)
    requests = [PlotRequest(f"v{number}", width=400, height=320) for number in range(8)]
    expected = [render(judged, request) for request in requests]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda request: render(judged, request), requests)) == expected


def test_themes_have_their_own_background(spiky: TimeSeries, review: Review) -> None:
    for theme, colors in THEMES.items():
        png = render(review(spiky), PlotRequest("a", theme=theme))
        corner = Image.open(io.BytesIO(png)).convert("RGB").getpixel((1, 1))
        assert "#{:02x}{:02x}{:02x}".format(*corner) == colors.background  # type: ignore[misc]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of the Web Content Accessibility Guidelines 2.1."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out(theme: Any) -> None:
    colors = THEMES[theme]
    for words in (colors.text, colors.muted):
        assert contrast(words, colors.background) >= 4.5
    for mark in (colors.data, colors.anomaly, colors.limit, colors.expected):
        for ground in (colors.background, colors.band, colors.event, colors.waiting):
            assert contrast(mark, ground) >= 3
    assert contrast(colors.anomaly, colors.usual) >= 2


def test_five_points_are_dots_on_a_line(series_of: Series, review: Review) -> None:
    series = series_of([1, 2, 1.5, 3, 2.2])
    figure, _ = compose(review(series), PLAIN)
    dots = [line for line in lines_of(figure, THEMES["light"].data) if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [5]


def test_a_quarter_of_a_million_points_are_thinned_without_losing_an_extreme(series_of: Series, review: Review) -> None:
    values = np.random.default_rng(1).standard_t(3, 250_000)
    series = series_of(values)
    figure, _ = compose(review(series, side="both"), PLAIN)
    line, _ = lines_of(figure, THEMES["light"].data)
    drawn = line.get_ydata()
    assert len(drawn) <= 4 * 1200
    assert drawn.min() == values.min()
    assert drawn.max() == values.max()
    (outside,) = lines_of(figure, THEMES["light"].anomaly)
    assert outside.get_ydata().min() == values.min()
    assert outside.get_ydata().max() == values.max()


def test_a_line_stops_at_a_gap_and_a_lone_point_is_a_dot(series_of: Series, review: Review) -> None:
    times = START + np.concatenate([60 * np.arange(200), [30_000], 50_000 + 60 * np.arange(200)])
    series = series_of(np.sin(np.arange(times.size)), times)
    figure, _ = compose(review(series), PLAIN)
    line, dots = lines_of(figure, THEMES["light"].data)
    assert np.flatnonzero(np.isnan(line.get_ydata())).tolist() == [200, 202]
    assert dots.get_xdata().tolist() == [(START + 30_000) / 86_400]


@pytest.mark.parametrize(
    ("lower", "upper", "label", "shaded"),
    [
        (20.0, 80.0, "normal: 20 to 80", (20, 80)),
        (np.nan, 80.0, "normal: up to 80", ("bottom", 80)),
        (20.0, np.nan, "normal: from 20 up", (20, "top")),
        (20.0, np.inf, "normal: from 20 up", (20, "top")),
        (20.0, 1e9, "normal: 20 to 1,000,000,000 (not in view)", (20, "top")),
        ([20.0, 21.0] * 5, 80.0, "normal range", (20, 80)),
    ],
)
def test_the_normal_range_is_shaded(
    lower: Any, upper: Any, label: str, shaded: tuple[Any, Any], series_of: Series, judge: Judge
) -> None:
    series = series_of(np.linspace(0, 100, 10))
    figure, _ = compose(judge(series, lower=lower, upper=upper), PLAIN)
    assert label in [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    axes = figure.axes[0]
    (area,) = axes.collections
    bottom, top = axes.get_ylim()
    edges = np.clip([area.get_datalim(axes.transData).y0, area.get_datalim(axes.transData).y1], bottom, top)
    ends = {"bottom": bottom, "top": top}
    assert edges.tolist() == pytest.approx([ends.get(shaded[0], shaded[0]), ends.get(shaded[1], shaded[1])])


def test_nothing_is_shaded_without_limits(series_of: Series, judge: Judge) -> None:
    series = series_of(np.linspace(0, 100, 10))
    figure, _ = compose(judge(series, upper=-np.inf), PLAIN)
    assert not figure.axes[0].collections


def test_an_empty_series_is_refused(series_of: Series, judge: Judge) -> None:
    with pytest.raises(ValueError, match="empty series"):
        render(judge(series_of([])), PLAIN)


@pytest.mark.parametrize("side", ["width", "height"])
@pytest.mark.parametrize("pixels", [SMALLEST_SIDE - 1, LARGEST_SIDE + 1])
def test_sizes_out_of_range_are_refused(side: str, pixels: int) -> None:
    with pytest.raises(ValueError, match=f"{side} must be 320 to 4096 pixels, got {pixels}"):
        PlotRequest("a", **{side: pixels})  # type: ignore[arg-type]


def test_the_pixels_of_a_large_picture_are_given_back(series_of: Series, review: Review) -> None:
    series = series_of([1, 2, 1.5, 3, 2.2])
    gc.collect()
    gc.disable()
    try:
        render(review(series), PlotRequest("a", width=2048, height=1024))
        left = [thing for thing in gc.get_objects() if isinstance(thing, Figure)]
    finally:
        gc.enable()
    assert not left
