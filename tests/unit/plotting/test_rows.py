"""Small multiples of rows: which variables are shown, what is marked in them, and that nothing upsets the picture."""

from __future__ import annotations

import gc
import struct
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE_OF_ROWS, RowScores
from tidewatch.plotting import JudgedRows, PlotRequest, render_rows
from tidewatch.plotting.rows import MOST_PANELS, compose_rows
from tidewatch.series import Frame

from tests.support.strategies import MAX, SMALLEST
from tests.unit.plotting.conftest import START

random = np.random.default_rng(0)
OPTIONS = CATALOGUE_OF_ROWS["pca"].options_type()


def judged(values: NDArray[Any], broken: dict[int, int] | None = None, *, waiting: int = 0) -> JudgedRows:
    """Rows of which some are anomalies, each by one variable more than by all others."""
    size, count = values.shape
    names = tuple(f"x{place}" for place in range(count))
    shares = np.full((size, count), 0.05 / max(count - 1, 1))
    anomaly = np.zeros(size, dtype=np.bool_)
    for row, variable in (broken or {}).items():
        anomaly[row] = True
        shares[row, variable] = 0.95
    severity = np.where(anomaly, 0.8, 0.1)
    warming_up = np.arange(size) < waiting
    severity[warming_up] = np.nan
    shares[warming_up] = np.nan
    scores = RowScores(anomaly & ~warming_up, severity, severity, severity, warming_up, names, shares)
    return JudgedRows(Frame(START + 60 * np.arange(size), values, names), scores, OPTIONS)


def labels(of: JudgedRows, **request: Any) -> list[str]:
    figure, _ = compose_rows(of, PlotRequest("s · v1", **request))
    return [text.get_text() for text in figure.texts if text.get_text().split(" ")[0] in (*of.frame.names, "severity")]


def test_all_variables_are_shown_where_there_is_room():
    figure, words = compose_rows(judged(random.normal(size=(300, 3))), PlotRequest("s · v1"))
    assert len(figure.axes) == 4
    assert words[:3] == ("s · v1", "pca", "3 variables")
    assert labels(judged(random.normal(size=(300, 3)))) == ["x0", "x1", "x2", "severity"]


def test_of_many_those_are_shown_that_contributed_most_and_no_more_than_twelve():
    of = judged(random.normal(size=(300, 40)), {7: 31, 99: 5})
    assert {"x31", "x5"} < set(labels(of, height=600))
    assert len(labels(of, height=4096)) == MOST_PANELS + 1
    _, words = compose_rows(of, PlotRequest("s · v1", height=4096))
    assert words[2] == "12 of 40 variables, those that contributed most"


def test_an_anomaly_is_a_dot_in_the_panel_of_its_variable_alone():
    figure, _ = compose_rows(judged(random.normal(size=(300, 3)), {50: 1}), PlotRequest("s · v1"))
    dots = [sum(len(each.get_offsets()) for each in axes.collections if len(each.get_sizes())) for axes in figure.axes]
    assert dots[:3] == [0, 1, 0]


@pytest.mark.parametrize(("width", "height"), [(320, 320), (1200, 600), (777, 333), (320, 4096)])
def test_a_png_has_exactly_the_size_asked_for(width, height):
    of = judged(random.normal(size=(300, 9)), {3: 2}, waiting=2)
    request = PlotRequest("s · v1", width=width, height=height, theme="dark")
    png = render_rows(of, request)
    assert struct.unpack(">II", png[16:24]) == (width, height)
    assert render_rows(of, request) == png


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((1, 2)),
        np.full((5, 3), np.nan),
        random.choice([MAX, -MAX, SMALLEST, 0.0, np.nan], (200, 4)),
        1e15 + random.random((200, 2)),
    ],
    ids=["one row", "all missing", "all magnitudes", "tiny spread"],
)
def test_any_numbers_can_be_drawn(values):
    assert render_rows(judged(values, {0: 1}), PlotRequest("$x^2$", format="svg")).startswith(b"<?xml")


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        render_rows(judged(np.empty((0, 2))), PlotRequest("s"))


def test_the_pixels_of_a_large_picture_are_given_back():
    of = judged(random.normal(size=(30, 2)))
    gc.collect()
    gc.disable()
    try:
        render_rows(of, PlotRequest("a", width=2048, height=1024))
        left = [thing for thing in gc.get_objects() if isinstance(thing, Figure)]
    finally:
        gc.enable()
    assert not left
