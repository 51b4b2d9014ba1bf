"""From a series and its judgement to the bytes of a picture."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tidewatch.plotting.horizontal_axis import HorizontalAxis
from tidewatch.plotting.judgement_layers import SeverityLayer, SpanLayer
from tidewatch.plotting.layout import Frame, Panels
from tidewatch.plotting.request import Format, Judged, PlotRequest
from tidewatch.plotting.series_layer import SeriesLayer
from tidewatch.plotting.style import THEMES, Sizes
from tidewatch.plotting.text import facts_of, printable

_CANVASES: Final = {"png": FigureCanvasAgg, "svg": FigureCanvasSVG}

# matplotlib's own defaults, whatever a settings file of the machine says. An SVG keeps its words as text, which can be
# searched and read aloud, and its ids depend on its content only. A title may contain a dollar sign.
SETTINGS: Final[dict[Any, Any]] = {
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if not name.startswith("backend")},
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "tidewatch",
    "agg.path.chunksize": 20_000,
}

_LOCK: Final = threading.Lock()
"""matplotlib is not safe for threads: its settings, font cache and text layout are shared."""

_PIXELS_TO_COLLECT: Final = 2_000_000
"""A figure contains reference cycles: the pixels of a large one, up to 67 MB, are freed at once rather than later."""


def render(judged: Judged, request: PlotRequest) -> bytes:
    """Draws a series with its normal range, anomalies and events, and beneath them the severity of every point.

    A picture too low for both panels has no severity. Safe to call from several threads: they take turns.

    Args:
        judged: at least one point, with its judgement.
        request: the title, format, size and theme.

    Returns:
        A PNG of exactly the size asked for, or an SVG. Equal arguments give equal bytes.

    Raises:
        ValueError: if the series is empty.
    """
    if not len(judged.series):
        raise ValueError("there is nothing to draw in an empty series")
    return draw(lambda: compose(judged, request), request)


def draw(composed: Callable[[], tuple[Figure, Sequence[str]]], request: PlotRequest) -> bytes:
    """The picture of a figure, composed and written by one thread at a time, with settings of our own.

    Args:
        composed: makes the figure, and its words: the title and then the facts beneath it.
        request: the format and size.
    """
    with _LOCK, matplotlib.rc_context(SETTINGS):
        picture = encode(*composed(), request.format)
    if request.format == "png" and request.width * request.height > _PIXELS_TO_COLLECT:
        gc.collect()
    return picture


def compose(judged: Judged, request: PlotRequest) -> tuple[Figure, Sequence[str]]:
    """The figure, and its words: the title and then the facts beneath it. Arguments as for :func:`render`."""
    sizes, theme = Sizes.of(request.width, request.height), THEMES[request.theme]
    title, facts = printable(request.title), facts_of(judged)
    axis = HorizontalAxis(judged, sizes.columns)
    line, severity = SeriesLayer(judged, axis, theme, sizes), SeverityLayer(judged, axis, theme, sizes)
    spans = SpanLayer.of(judged, axis, theme)
    frame = Frame(sizes, theme)
    frame.write_header(title, facts)
    panels = Panels(frame, axis, with_severity=severity.known)
    level = severity.legend() if panels.with_severity else []
    frame.write_legend([*line.legend(), *spans.legend(), *level], panels.below)
    value_axes, severity_axes = panels.add(line.low, line.high, line.scale.label)
    line.draw_on(value_axes)
    spans.draw_on(value_axes)
    if severity_axes:
        severity.draw_on(severity_axes)
        spans.draw_on(severity_axes)
    return frame.figure, (title, *facts)


def encode(figure: Figure, words: Sequence[str], image_format: Format) -> bytes:
    """The picture, with its words as metadata."""
    canvas = _CANVASES[image_format](figure)
    title, *facts = words
    metadata: dict[str, str | None] = {"Title": title, "Description": "; ".join(facts)}
    # No date and no version of the library, so that the same picture is the same bytes.
    metadata |= {"Software": "Tidewatch"} if image_format == "png" else {"Creator": "Tidewatch", "Date": None}
    file = io.BytesIO()
    canvas.print_figure(file, format=image_format, metadata=metadata)
    return file.getvalue()
