"""Judging rows of many variables by a stored model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import RowScores, RowsModel
from tidewatch.lifecycle.observations import ObservationStore
from tidewatch.registry import (
    Judges,
    LoadedModel,
    ModelVersion,
    Registry,
    SeriesKey,
    StorageUnavailable,
    VersionSelector,
)
from tidewatch.series import Frame, InvalidSeries, Problem, RowLimits, read_rows
from tidewatch.services.observe import observe

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
        unkept: why the judgement was not kept, where it should have been; None otherwise.
    """

    version: ModelVersion
    rows: Frame
    scores: RowScores
    unkept: StorageUnavailable | None = None


def predict(
    series: SeriesKey,
    sent: SentRows,
    *,
    registry: Registry,
    selector: VersionSelector = None,
    observations: Callable[[], ObservationStore] | None = None,
    deadline: Deadline,
) -> RowsPrediction:
    """Judges rows by a version of a series' model, each by those before it.

    Where no version is named, and the series has a challenger or is monitored, what is said is kept as
    :func:`~tidewatch.services.observe.observe` tells.

    Args:
        series: the series, and whose it is.
        sent: the rows, which the model says how to read.
        registry: where versions are found.
        selector: the version; None is the champion.
        observations: where judgements are kept, asked for when one is; None where none is.
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
    keeps = selector is None and observations is not None
    judges = registry.judges(series) if keeps else Judges(registry.load(series, selector))
    loaded = judges.champion
    model = loaded.of_rows
    rows, context = _read(sent, model)
    try:
        scores = model.score(rows, context, deadline)
    except DeadlineExceeded:
        if len(rows) == 1:
            raise
        msg = f"judging {len(rows):,} rows by this model takes longer than a request has: send fewer"
        raise InvalidSeries([Problem(("rows",), msg, "takes_too_long")]) from None
    if observations is None:
        return RowsPrediction(loaded.version, rows, scores)
    unkept = observe(
        series,
        judges,
        rows,
        scores,
        beside=lambda challenger, limit: _score_beside(challenger, rows, context, limit),
        observations=observations,
        deadline=deadline,
    )
    return RowsPrediction(loaded.version, rows, scores, unkept)


def _score_beside(challenger: LoadedModel, rows: Frame, context: Frame | None, deadline: Deadline) -> RowScores | None:
    """How a challenger judges rows; None where they are not such as it takes."""
    if challenger.version.kind != "rows":
        return None
    model = challenger.of_rows
    if set(model.variables) != set(rows.names):
        # The champion was another when the challenger was set.
        return None
    sent = (rows,) if context is None else (rows, context)
    if not model.takes_missing and any(np.isnan(each.values).any() for each in sent):
        return None
    before = None if context is None else context.select(model.variables)
    return model.score(rows.select(model.variables), before, deadline)


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
