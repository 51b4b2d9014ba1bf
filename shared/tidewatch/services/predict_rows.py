"""Judging rows of many variables by a stored model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import RowScores, RowsModel
from tidewatch.registry import ModelVersion, Registry, SeriesKey, VersionSelector
from tidewatch.series import Frame, InvalidSeries, Problem, RowLimits, read_rows

DEFAULT_SERIES: Final = "default"
"""The series that judges rows of a request which names none."""
_PURPOSE: Final = "a prediction"


@dataclass(frozen=True, slots=True)
class SentRows:
    """Rows as a request sent them: objects with a timestamp and variables, as they came out of JSON.

    Attributes:
        rows: to judge.
        context: what came just before them; None if they follow the training data.
        most: how many rows, and how many rows of context, are taken.
        most_cells: how many values of each.
    """

    rows: Sequence[Any]
    context: Sequence[Any] | None
    most: int
    most_cells: int


@dataclass(frozen=True, slots=True, eq=False)
class RowsPrediction:
    """How a version judged n rows.

    Attributes:
        version: the version that judged.
        rows: what was judged.
        scores: of every row.
    """

    version: ModelVersion
    rows: Frame
    scores: RowScores


def predict(
    series: SeriesKey,
    sent: SentRows,
    *,
    registry: Registry,
    selector: VersionSelector = None,
    deadline: Deadline,
) -> RowsPrediction:
    """Judges rows by a version of a series' model, each by those before it.

    Args:
        series: the series, and whose it is.
        sent: the rows, which the model says how to read.
        registry: where versions are found.
        selector: the version; None is the champion.
        deadline: when it has to be done.

    Raises:
        SeriesNotFound: if the series was never trained.
        VersionNotFound: if it has no such version.
        WrongKind: if the version judges single values.
        InvalidSeries: if the rows are not those of the model, or the model takes too long for so many.
        DataCorrupted: if the model's arrays are gone or damaged.
        StorageUnavailable: if storage failed.
        DeadlineExceeded: if the model takes too long for one row.
    """
    loaded = registry.load(series, selector)
    model = loaded.of_rows
    rows, context = _read(sent, model)
    try:
        scores = model.score(rows, context, deadline)
    except DeadlineExceeded:
        if len(rows) == 1:
            raise
        msg = f"judging {len(rows):,} rows by this model takes longer than a request has: send fewer"
        raise InvalidSeries([Problem(("rows",), msg, "takes_too_long")]) from None
    return RowsPrediction(loaded.version, rows, scores)


def _read(sent: SentRows, model: RowsModel) -> tuple[Frame, Frame | None]:
    """The rows and their context; all problems of both at once."""
    limits = RowLimits(_PURPOSE, 1, sent.most, sent.most_cells, schema=model.variables, nulls=model.takes_missing)
    problems: list[Problem] = []
    rows, context = (_or_problems(*each, limits, problems) for each in (("rows", sent.rows), ("context", sent.context)))
    if problems or rows is None:
        raise InvalidSeries(problems)
    if context is not None and context.end >= rows.start:
        msg = "the last row of context must be earlier than the first of rows"
        raise InvalidSeries([Problem(("context", len(context) - 1, "timestamp"), msg, "timestamps_unsorted")])
    return rows, context


def _or_problems(field: str, rows: Sequence[Any] | None, limits: RowLimits, problems: list[Problem]) -> Frame | None:
    """The rows of a field; None where there are none, or where there are problems, which are added to the others."""
    if rows is None or (field == "context" and not rows):
        return None
    try:
        return read_rows(rows, limits, field)
    except InvalidSeries as invalid:
        problems += invalid.problems
        return None
