"""Judging on this machine: by a detector that learns from the data alone, or by a model that was trained before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tidewatch.deadline import Deadline
from tidewatch.detectors import DEFAULT_OF_ROWS, DetectorOptions, Model, RowsModel, Scores, find_events, fit_rows
from tidewatch.registry import LoadedModel
from tidewatch.series import UTC_NAME, Frame, SentSeries, TimeSeries
from tidewatch.services.detect import default_detector
from tidewatch.services.detect import detect as detect_series

from cli.config import Detection
from cli.detectors import choose, options_of
from cli.output import say
from cli.points import frame_of, judged_points, judged_rows, series_of
from cli.store.workspace import Workspace
from cli.table import Table

_ALL_TIME = Deadline.never()


@dataclass(frozen=True, slots=True)
class _Title:
    """What a picture says above, and the zone of its times."""

    words: str
    timezone: str


@dataclass(frozen=True, slots=True)
class JudgedHere:
    """A judgement of n points or rows.

    Attributes:
        document: what the command answers, with a record for each in ``predictions``.
        draw: makes a picture of it, ``png`` or ``svg``.
    """

    document: dict[str, Any]
    draw: Callable[[Literal["png", "svg"]], bytes]


def judge_alone(
    table: Table, name: str | None, given: dict[str, Any], detection: Detection, timezone: str = UTC_NAME
) -> JudgedHere:
    """Learns from the data, whose days are those of a time zone, and judges all of it.

    Raises:
        WrongUsage: if there is no such detector, or it has no such options.
        InvalidSeries: if the data is none, with everything that is wrong.
        CannotTrain: if it does not suit the detector.
    """
    rows = not table.is_series
    default = DEFAULT_OF_ROWS if rows else default_detector(len(table.timestamps))
    choice = choose(name, given, detection, rows=rows, default=default)
    options = options_of(choice, rows=rows)
    for remark in choice.remarks:
        say(f"config.yaml: {remark}.")
    if rows:
        frame = frame_of(table, "a detection", nulls=getattr(options, "missing", "refuse") != "refuse")
        model = fit_rows(frame, options, timezone=timezone)
        return _of_rows(frame, model, model.review(frame), None, _Title(f"Detection · {choice.name}", timezone))
    sent = SentSeries(series_of(table, "a detection"), "values", True)
    found = detect_series(sent, options, timezone=timezone, deadline=_ALL_TIME)
    return _of_points(found.series, found.model, found.scores, None, _Title(f"Detection · {choice.name}", timezone))


def judge_by_model(table: Table, workspace: Workspace, series_id: str, version: str | None) -> JudgedHere:
    """Judges data by a model, each point by those before it.

    Raises:
        WrongUsage: if the version is written wrong.
        SeriesNotFound, VersionNotFound, WrongKind: if there is no such model, or it judges data of the other kind.
        InvalidSeries: if the data is none, with everything that is wrong.
        DataCorrupted: if the model is damaged.
    """
    loaded = workspace.load(series_id, version)
    title = _Title(f"{series_id} · {loaded.version.version}", loaded.version.timezone)
    if table.is_series:
        points = series_of(table, "a judgement", fewest=1)
        return _of_points(points, loaded.of_values, loaded.of_values.score(points), loaded, title)
    model = loaded.of_rows
    frame = frame_of(table, "a judgement", schema=model.variables, nulls=model.takes_missing)
    return _of_rows(frame, model, model.score(frame), loaded, title)


def _of_points(
    points: TimeSeries, model: Model, scores: Scores, loaded: LoadedModel | None, title: _Title
) -> JudgedHere:
    def draw(kind: Literal["png", "svg"]) -> bytes:
        from tidewatch.plotting import Judged, PlotRequest, render

        events = find_events(scores)
        judged = Judged(points, scores, events, model.options, model.period, timezone=title.timezone)
        return render(judged, PlotRequest(title.words, kind))

    return JudgedHere(_document(judged_points(points, scores), points, model.options, scores, loaded), draw)


def _of_rows(frame: Frame, model: RowsModel, scores: Any, loaded: LoadedModel | None, title: _Title) -> JudgedHere:
    def draw(kind: Literal["png", "svg"]) -> bytes:
        from tidewatch.plotting import JudgedRows, PlotRequest, render_rows

        judged = JudgedRows(frame, scores, model.options, title.timezone)
        return render_rows(judged, PlotRequest(title.words, kind))

    records = judged_rows(frame, scores)
    return JudgedHere(_document(records, frame, model.options, scores.as_scores(), loaded), draw)


def _document(
    records: list[dict[str, Any]],
    judged: TimeSeries | Frame,
    options: DetectorOptions,
    scores: Scores,
    loaded: LoadedModel | None,
) -> dict[str, Any]:
    times = judged.timestamps.tolist()
    events = [
        {
            "start": times[event.start_index],
            "end": times[event.end_index],
            "peak": times[event.peak_index],
            "severity": event.severity,
            "points": event.points,
        }
        for event in find_events(scores)
    ]
    return {
        "series_id": loaded and loaded.version.series_id,
        "model_version": loaded and loaded.version.version,
        "detector": options.name,
        "options": options.model_dump(mode="json"),
        "points": len(times),
        "anomalies": int(scores.anomaly.sum()),
        "events": events,
        "predictions": records,
    }
