"""A series and how a detector judged it, as a picture: ``render(Judged(...), PlotRequest(...))``.

This is the only room that imports matplotlib, and it never imports pyplot: a figure belongs to the call that draws it.
matplotlib keeps a font cache in ``MPLCONFIGDIR`` and needs that to be writable. AWS Lambda has no writable home, so a
function should set it to a folder under ``/tmp``; where it is unset and the home cannot be written, importing this room
sets it to a private temporary folder.
"""

import tidewatch.plotting.matplotlib_home  # noqa: F401  (first: matplotlib reads the environment when imported)
from tidewatch.plotting.judged import Judged
from tidewatch.plotting.render import render
from tidewatch.plotting.request import LARGEST_SIDE, SMALLEST_SIDE, Format, PlotRequest, ThemeName

__all__ = ["LARGEST_SIDE", "SMALLEST_SIDE", "Format", "Judged", "PlotRequest", "ThemeName", "render"]
