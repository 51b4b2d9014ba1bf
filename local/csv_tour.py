"""``make demo CSV=…``: a user's own series, trained on its first part and judged on the rest."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from local.series_file import SeriesFile, UnusableFile, read_series
from local.tour import Refused, Tour, learned_in_words

_SHOWN_ANOMALIES: Final = 5
# As many as a request for predictions takes where its answer is not compressed.
_POINTS_PER_REQUEST: Final = 10_000
_PROGRESS_EVERY_SECONDS: Final = 0.2
_ROW: Final = "{:<46} {:>7} {:>7} {:>12} {:>15} {:>7}"


def tour_of_file(path: Path, tour: Tour, output: Path, share: float) -> int:
    """Trains on the first ``share`` of a file, judges the rest, draws; returns the exit code."""
    tour.title(f"Read {path}")
    try:
        series = read_series(path)
    except (UnusableFile, OSError) as error:
        tour.fail(f"This file cannot be used: {error}")
        return 1
    tour.say(_describe(series))
    for remark in series.remarks:
        tour.say(remark)
    series_id = series_id_of(path)
    split = _split(series, share)
    body = output / f"{series_id}-fit.json"
    body.write_bytes(_fit_body(series, split))
    try:
        tour.title(f"Train on the first {split:,} points")
        tour.say(learned_in_words(tour.post_file(f"/fit/{series_id}", body)))
        if split < len(series.values):
            judged = len(series.values) - split
            batch = output / f"{series_id}-predict.json"
            batch.write_bytes(_predict_body(series, split))
            up_to = f", up to {_POINTS_PER_REQUEST:,} a request" if judged > _POINTS_PER_REQUEST else " in one request"
            tour.title(f"Judge the other {judged:,} points{up_to}")
            tour.show_post(f"/predict/{series_id}", batch)
            anomalies, seconds = judge_rest(tour, series_id, series, split)
            _report(tour, anomalies, judged, seconds)
        tour.title("See what it learned")
        tour.save_plot(f"/plot?series_id={series_id}", output / f"{series_id}.png")
    except Refused as error:
        tour.fail(f"The service cannot use this series: {error}")
        return 1
    return 0


def tour_of_folder(folder: Path, tour: Tour, share: float) -> int:
    """Trains and judges each CSV file of a folder, a line each; returns the exit code."""
    files = sorted(folder.rglob("*.csv"))
    tour.title(f"Train on the first {share:.0%} of each of {len(files)} files, judge the rest")
    tour.say(_ROW.format("series", "points", "trained", "upper limit", "anomalies", "rate/s"))
    trained = 0
    for path in files:
        try:
            tour.say(_judge_file(path, tour, share))
            trained += 1
        except (UnusableFile, OSError, Refused) as error:
            tour.say(f"{series_id_of(path):<46} not trained: {error}")
    tour.title(f"{trained} of {len(files)} files trained")
    return 0 if files else 1


def _judge_file(path: Path, tour: Tour, share: float) -> str:
    series = read_series(path)
    series_id, split = series_id_of(path), _split(series, share)
    fitted = tour.post_quietly(f"/fit/{series_id}", _fit_body(series, split))
    anomalies, seconds = judge_rest(tour, series_id, series, split)
    judged = len(series.values) - split
    upper = fitted["learned"]["upper"]
    row = _ROW.format(
        series_id,
        f"{len(series.values):,}",
        f"{split:,}",
        "none" if upper is None else f"{upper:,.5g}",
        f"{len(anomalies):,} ({len(anomalies) / max(judged, 1):.1%})",
        f"{judged / seconds:,.0f}",
    )
    # The first remark only names the columns.
    return "\n   ".join([row, *(f"  ({remark})" for remark in series.remarks[1:])])


def series_id_of(path: Path) -> str:
    """A series id that resembles the name of a file."""
    return re.sub(r"[^A-Za-z0-9._:-]+", "-", path.stem)[:128]


def judge_rest(tour: Tour, series_id: str, series: SeriesFile, split: int) -> tuple[list[dict[str, Any]], float]:
    """Judges every point from ``split`` on; returns the judgements that were anomalies, and the seconds it took.

    Raises:
        Refused: if the service refuses a request.
    """
    anomalies: list[dict[str, Any]] = []
    started = time.perf_counter()
    show = _every(_PROGRESS_EVERY_SECONDS, tour.progress)
    for start in range(split, len(series.values), _POINTS_PER_REQUEST):
        answer = tour.post_quietly(f"/predict/{series_id}", _predict_body(series, start))
        for index, judgement in enumerate(answer["predictions"], start):
            if judgement["anomaly"]:
                anomalies.append(judgement | {"at": _moment(series.timestamps[index]), "of": series.values[index]})
        end = start + len(answer["predictions"])
        show(f"{series_id}: {end:,} of {len(series.values):,} points, {len(anomalies):,} anomalies")
    tour.progress("")
    return anomalies, time.perf_counter() - started


def _every(seconds: float, show: Callable[[str], None]) -> Callable[[str], None]:
    shown = time.perf_counter()

    def show_now_and_then(text: str) -> None:
        nonlocal shown
        now = time.perf_counter()
        if now - shown >= seconds:
            shown = now
            show(text)

    return show_now_and_then


def _report(tour: Tour, anomalies: list[dict[str, Any]], judged: int, seconds: float) -> None:
    share = len(anomalies) / judged
    tour.say(f"{len(anomalies):,} of {judged:,} are anomalies ({share:.1%}). {judged / seconds:,.0f} points a second.")
    for answer in anomalies[:_SHOWN_ANOMALIES]:
        tour.say(f"{answer['at']}  {answer['of']:,g}  {answer['score']:+.1f} standard deviations from the mean")
    if len(anomalies) > _SHOWN_ANOMALIES:
        tour.say(f"… and {len(anomalies) - _SHOWN_ANOMALIES:,} more")


def _describe(series: SeriesFile) -> str:
    first, last = _moment(series.timestamps[0]), _moment(series.timestamps[-1])
    return f"{len(series.values):,} points, {first} to {last}, {min(series.values):,g} to {max(series.values):,g}."


def _moment(second: int) -> str:
    try:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"second {second}"


def _split(series: SeriesFile, share: float) -> int:
    return round(len(series.values) * share)


def _fit_body(series: SeriesFile, split: int) -> bytes:
    return json.dumps({"timestamps": series.timestamps[:split], "values": series.values[:split]}).encode()


def _predict_body(series: SeriesFile, start: int) -> bytes:
    """The request that judges the points from ``start`` on, as many as one request takes."""
    part = slice(start, start + _POINTS_PER_REQUEST)
    points = zip(series.timestamps[part], series.values[part], strict=True)
    return json.dumps({"points": [{"timestamp": second, "value": value} for second, value in points]}).encode()
