"""Drawing how a model judges a series: the training data of a version, or a detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CannotTrain, find_events
from tidewatch.plotting import Format, Judged, JudgedRows, PlotRequest, ThemeName, render, render_rows
from tidewatch.registry import LoadedModel, Registry, SeriesKey, TrainingData, VersionSelector
from tidewatch.series import Frame
from tidewatch.services.detect import Detection, judge_in_time

_SECONDS_TO_DRAW: Final = 2.0


@dataclass(frozen=True, slots=True)
class PictureStyle:
    """What a request says about a picture: its format, its sides in pixels, and its theme."""

    format: Format
    width: int
    height: int
    theme: ThemeName

    def titled(self, title: str) -> PlotRequest:
        """The picture to draw, with its first line."""
        return PlotRequest(title, self.format, self.width, self.height, self.theme)


def plot_version(
    series: SeriesKey,
    style: PictureStyle,
    *,
    registry: Registry,
    training_data: TrainingData,
    selector: VersionSelector = None,
    deadline: Deadline,
) -> bytes:
    """A picture of a version's training data, each point judged by those before it.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no such version.
        DataCorrupted: if the training data or the model's arrays are gone or damaged.
        StorageUnavailable: if storage failed.
        CannotTrain: if the model takes too long to judge so many points.
    """
    loaded = registry.load(series, selector)
    time, request = deadline.earlier(_SECONDS_TO_DRAW), style.titled(f"{series.series_id} · {loaded.version.version}")
    if loaded.version.kind == "rows":
        return _plot_rows(loaded, training_data.rows_of(loaded.version), request, time)
    points, model = training_data.of(loaded.version), loaded.of_values
    scores = judge_in_time(model, points, time)
    judged = Judged(points, scores, find_events(scores), model.options, model.period, timezone=loaded.version.timezone)
    return render(judged, request)


def _plot_rows(loaded: LoadedModel, rows: Frame, request: PlotRequest, deadline: Deadline) -> bytes:
    """A picture of rows.

    Raises:
        CannotTrain: if the model takes too long to judge so many.
    """
    model = loaded.of_rows
    try:
        scores = model.review(rows, deadline)
    except DeadlineExceeded:
        raise CannotTrain(f"judging {len(rows):,} rows by this model takes longer than a request has") from None
    return render_rows(JudgedRows(rows, scores, model.options, loaded.version.timezone), request)


def plot_detection(found: Detection, style: PictureStyle) -> bytes:
    """A picture of a detection."""
    judged = Judged(
        found.series,
        found.scores,
        found.events,
        found.options,
        found.model.period,
        found.has_times,
        found.timezone,
    )
    return render(judged, style.titled(f"Detection · {found.options.name}"))
