"""From a series and its judgement to the bytes of a picture."""

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

from tidewatch.plotting.abscissa import Abscissa
from tidewatch.plotting.drawing import Drawing
from tidewatch.plotting.frame import Frame
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.panels import Panels
from tidewatch.plotting.request import Format, PlotRequest
from tidewatch.plotting.severity import Severity
from tidewatch.plotting.sizes import Sizes
from tidewatch.plotting.spans import Spans
from tidewatch.plotting.themes import THEMES
from tidewatch.plotting.words import facts_of, printable

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


def render(judged: Judged, request: PlotRequest) -> bytes:
    """Draws a series, the band of what was usual, anomalies and events, and beneath them the severity of every point.

    The severity is left out of a picture too low for it. Safe to call from several threads: they take turns.

    Args:
        judged: at least one point, with its judgement.
        request: the title, format, size and theme.

    Returns:
        A PNG of exactly the size asked for, or an SVG; the same bytes for the same arguments.

    Raises:
        ValueError: if the series is empty.
    """
    if not len(judged.series):
        raise ValueError("there is nothing to draw in an empty series")
    with _LOCK, matplotlib.rc_context(_SETTINGS):
        picture = _encode(*compose(judged, request), request.format)
    if request.format == "png" and request.width * request.height > _PIXELS_TO_COLLECT:
        gc.collect()
    return picture


def compose(judged: Judged, request: PlotRequest) -> tuple[Figure, Sequence[str]]:
    """The figure, and its words: the title and then the facts beneath it. Arguments as for :func:`render`."""
    sizes, theme = Sizes.of(request.width, request.height), THEMES[request.theme]
    title, facts = printable(request.title), facts_of(judged)
    abscissa = Abscissa(judged, sizes.columns)
    drawing, severity = Drawing(judged, abscissa, theme, sizes), Severity(judged, abscissa, theme, sizes)
    spans = Spans.of(judged, abscissa, theme)
    frame = Frame(sizes, theme)
    frame.write_header(title, facts)
    panels = Panels(frame, abscissa, with_severity=severity.known)
    level = severity.legend() if panels.with_severity else []
    frame.write_legend([*drawing.legend(), *spans.legend(), *level], panels.below)
    values_axes, severity_axes = panels.add(drawing.low, drawing.high, drawing.scale.label)
    drawing.draw_on(values_axes)
    spans.draw_on(values_axes)
    if severity_axes:
        severity.draw_on(severity_axes)
        spans.draw_on(severity_axes)
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
