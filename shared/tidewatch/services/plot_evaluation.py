"""Drawing the report of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from tidewatch.jobs.errors import JobNotDone
from tidewatch.jobs.jobs import Jobs
from tidewatch.plotting import Format, PlotRequest, ThemeName
from tidewatch.plotting.evaluation import render_evaluation, usual_height
from tidewatch.registry import SeriesKey
from tidewatch.services.evaluations import evaluation_of


@dataclass(frozen=True, slots=True)
class ReportStyle:
    """How a report is drawn.

    Attributes:
        format: ``png`` or ``svg``.
        width: in pixels.
        height: likewise; None for as much as there is to show.
        theme: ``light`` or ``dark``.
    """

    format: Format
    width: int
    height: int | None
    theme: ThemeName


def plot_evaluation(series: SeriesKey, job_id: str, style: ReportStyle, *, jobs: Jobs) -> bytes:
    """The report of an evaluation as a picture.

    Raises:
        JobNotFound: if the tenant has no such job, or it is no evaluation of this series.
        JobNotDone: if it has not succeeded.
        StorageUnavailable: if storage failed.
    """
    job = evaluation_of(series, job_id, jobs=jobs)
    if job.result is None:
        raise JobNotDone(job.state.value)
    height = style.height or usual_height(job.result, style.width)
    title = f"{series.series_id} · evaluation on {job.result['data']} data"
    return render_evaluation(job.result, PlotRequest(title, style.format, style.width, height, style.theme))
