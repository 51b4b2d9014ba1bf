"""From a series and its model to the bytes of a picture."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Sequence
from typing import Any, Final

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tidewatch.detectors import Model
from tidewatch.plotting.drawing import Drawing
from tidewatch.plotting.frame import Frame, Sizes
from tidewatch.plotting.learned_band import LearnedBand
from tidewatch.plotting.request import Format, PlotRequest
from tidewatch.plotting.themes import THEMES
from tidewatch.plotting.value_scale import ValueScale
from tidewatch.plotting.words import describe_detector, describe_points, describe_span, printable
from tidewatch.series import TimeSeries

_CANVASES: Final = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG}

# matplotlib's own defaults, whatever a settings file of the machine says. The words of an SVG stay words, which can be
# searched and read aloud, and its ids follow from its content.
_SETTINGS: Final[dict[Any, Any]] = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")},
    "svg.fonttype": "none",
    "svg.hashsalt": "tidewatch",
    "agg.path.chunksize": 20_000,
}

# matplotlib is not safe for threads: its settings, font cache and text layout are shared.
_LOCK: Final = threading.Lock()

_PIXELS_TO_COLLECT: Final = 2_000_000
"""Figures are circles of references: the pixels of larger ones, up to 67 MB, are not left to a collector to come by."""


def render(series: TimeSeries, model: Model, request: PlotRequest) -> bytes:
    """Draws the training series, the band that the model learned, and the points outside it.

    Safe to call from several threads: they take turns.

    Args:
        series: what the model was trained on, at least one point.
        model: asked to score the series, for the band and the points outside.
        request: the words, format, size and theme.

    Returns:
        A PNG of exactly the size asked for, or an SVG; the same bytes for the same arguments.

    Raises:
        ValueError: if the series is empty.
    """
    if not len(series):
        raise ValueError("there is nothing to draw in an empty series")
    with _LOCK, matplotlib.rc_context(_SETTINGS):
        picture = _encode(*compose(series, model, request), request.format)
    if request.format == "png" and request.width * request.height > _PIXELS_TO_COLLECT:
        gc.collect()
    return picture


def compose(series: TimeSeries, model: Model, request: PlotRequest) -> tuple[Figure, Sequence[str]]:
    """The figure, and its words: the title and then the facts beneath it. Arguments as for :func:`render`."""
    scores = model.score(series)
    band = LearnedBand.of(series.values, scores)
    scale = ValueScale.over(band.low, band.high)
    sizes, theme = Sizes.of(request.width, request.height), THEMES[request.theme]
    title = printable(f"{request.series_id} · {request.version}")
    facts = (
        describe_detector(model.options),
        describe_points(len(series), int(scores.anomaly.sum())),
        describe_span(series),
    )
    frame = Frame(sizes, theme)
    drawing = Drawing(series, scores, band, scale, theme, sizes)
    frame.write_header(title, facts)
    frame.write_legend(drawing.legend())
    drawing.draw_on(frame.add_axes(series.start, series.end, drawing.low, drawing.high, scale.label))
    return frame.figure, (title, *facts)


def _encode(figure: Figure, words: Sequence[str], image_format: Format) -> bytes:
    canvas = _CANVASES[image_format](figure)
    title, *facts = words
    metadata: dict[str, str | None] = {"Title": title, "Description": "; ".join(facts)}
    # No date and no version of the library, so that the same picture is the same bytes.
    metadata |= {"Software": "Tidewatch"} if image_format == "png" else {"Creator": "Tidewatch", "Date": None}
    file = io.BytesIO()
    canvas.print_figure(file, format=image_format, metadata=metadata)
    return file.getvalue()
