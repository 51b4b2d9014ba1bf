"""Which detectors are measured, and how each judges a series causally."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tidewatch.detectors import CATALOGUE, CannotTrain, fit_model
from tidewatch.detectors.base import DetectorOptions, Model, Scores
from tidewatch.series import TimeSeries

HISTORY_SHARE: Final = 0.15
"""Of a labelled series: what a detector is fitted on, and not judged by."""
_LEAST: Final = 1e300
"""How far below all statistics a point ranks that was not judged."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A detector under its options.

    Attributes:
        name: as it was asked for: ``mad``, or ``mad:threshold=5``.
        options: those of the detector, the rest by default.
    """

    name: str
    options: DetectorOptions

    @classmethod
    def parse(cls, text: str) -> Contender:
        """Reads ``name`` or ``name:option=value:option=value``; values are JSON, or else text.

        Raises:
            ValueError: if there is no such detector, or it does not take these options.
        """
        name, *pairs = text.split(":")
        if name not in CATALOGUE:
            raise ValueError(f"no detector {name!r}: there are {', '.join(CATALOGUE)}")
        chosen = dict(pair.split("=", 1) for pair in pairs)
        options = {option: _value(value) for option, value in chosen.items()}
        return cls(text, CATALOGUE[name].options_type.model_validate({"name": name, **options}))


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Of the n judged points of a series; every array has shape (n,).

    Attributes:
        rank: float64, orders the points from usual to unusual; lowest where a point was not judged.
        flag: bool, the detector's own decision.
        p_value: float64; NaN where a point was not judged.
        refused: how many of the n points no model was there for, because the detector refused to learn.
        incident: float64, the evidence of incidents; NaN where a point was not judged, or the detector has none.
    """

    rank: NDArray[np.float64]
    flag: NDArray[np.bool_]
    p_value: NDArray[np.float64]
    refused: int
    incident: NDArray[np.float64]


def judge(contender: Contender, series: TimeSeries, history: int, *, refit: bool = False) -> Judgement:
    """Fits a detector to the start of a series, and judges each later point by what came before it.

    Args:
        contender: the detector.
        series: in order of time.
        history: how many points the first fit has, at least 1.
        refit: whether to fit anew, on all points so far, whenever these have doubled.
    """
    count = len(series) - history
    rank, p_value, incident = np.full(count, -_LEAST), np.full(count, np.nan), np.full(count, np.nan)
    flag = np.zeros(count, dtype=np.bool_)
    refused = 0
    for begin, end in _stretches(history, len(series), refit=refit):
        place = slice(begin - history, end - history)
        model = _fit(series.part(0, begin), contender.options)
        if model is None:
            refused += end - begin
            continue
        scores = model.score(series.part(begin, end))
        rank[place] = unusualness(scores, contender.options)
        flag[place], p_value[place] = scores.anomaly, scores.p_value
        if scores.incident is not None:
            incident[place] = scores.incident
    return Judgement(rank, flag, p_value, refused, incident)


def unusualness(scores: Scores, options: DetectorOptions) -> NDArray[np.float64]:
    """What a detector's ``score`` says of n points, larger for more unusual; lowest where it is NaN.

    The statistic of a detector that expects a value has the sign of the deviation. Its size counts, or the side that
    the options watch.
    """
    side = getattr(options, "side", "both")
    if side == "both":
        rank = np.where(np.isnan(scores.expected), scores.score, np.abs(scores.score))
    else:
        rank = scores.score if side == "upper" else -scores.score
    return np.where(np.isnan(rank), -_LEAST, rank)


def _fit(history: TimeSeries, options: DetectorOptions) -> Model | None:
    """None where a fit is refused, as it is for a history of equal values unless a client asks for it."""
    if history.values.min() == history.values.max():
        return None
    with suppress(CannotTrain):
        return fit_model(history, options)
    return None


def _stretches(history: int, length: int, *, refit: bool) -> Iterator[tuple[int, int]]:
    begin = history
    while begin < length:
        end = min(2 * begin, length) if refit else length
        yield begin, end
        begin = end


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
