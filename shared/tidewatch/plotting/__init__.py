"""A series and how a detector judged it, as a picture: ``render(Judged(...), PlotRequest(...))``.

This is the only package that imports matplotlib. It never imports pyplot: a figure belongs to the call that draws it.
"""

import os
import tempfile

# Before matplotlib is imported: it keeps a font cache in the home folder, and AWS Lambda has none that can be written.
if "MPLCONFIGDIR" not in os.environ and not os.access(os.path.expanduser("~"), os.W_OK):  # noqa: PTH111  (never raises)
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")

from tidewatch.plotting.render import render
from tidewatch.plotting.request import LARGEST_SIDE, SMALLEST_SIDE, Format, Judged, PlotRequest, ThemeName
from tidewatch.plotting.rows import JudgedRows, render_rows

__all__ = [
    "LARGEST_SIDE",
    "SMALLEST_SIDE",
    "Format",
    "Judged",
    "JudgedRows",
    "PlotRequest",
    "ThemeName",
    "render",
    "render_rows",
]
