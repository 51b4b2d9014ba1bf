"""Whether what a champion judges is still what it was trained on, by what it judged.

The conformal test martingale decides (:mod:`~tidewatch.lifecycle.drift_martingale`), since its rate of false alarms is
stated. Beside it two figures for people: the population stability index of each variable, and the rate of anomalies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tidewatch.lifecycle.drift_martingale import MartingalePath, bet_on, tolerance_of
from tidewatch.lifecycle.drift_psi import Stability, stability
from tidewatch.lifecycle.observations import Observations
from tidewatch.registry import ModelVersion
from tidewatch.series import Frame, TimeSeries

POINTS_PER_FALSE_ALARM: Final = 10_000
"""What holds where nobody states another."""
THE_VALUE: Final = "value"
"""What the variable of a series of single values is called."""
_NORMAL_95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class AnomalyRate:
    """How often a champion called points anomalies.

    Attributes:
        points: that were judged.
        anomalies: how many of them it called so.
        low, high: of the rate, with 95 % confidence: Wilson's interval, for as many points as the judged ones are
            worth, since anomalies come in runs; None without a point.
        promised: the rate of false alarms that its options name; None if they name none.
    """

    points: int
    anomalies: int
    low: float | None
    high: float | None
    promised: float | None

    @property
    def rate(self) -> float | None:
        """The share of anomalies; None without a point."""
        return self.anomalies / self.points if self.points else None


@dataclass(frozen=True, slots=True)
class Drift:
    """What the observations of a champion show.

    Attributes:
        points: how many points it judged, each counted once.
        start, end: the first and the last of them, in Unix seconds; None without one.
        martingale: what bets on their p-values came to.
        since: the time of the point that raised the alarm that lasts, in Unix seconds; None if there is none.
        alarms: the times of the points that raised alarms, those that are over among them.
        calibrated_by: how many independent points the p-values were calibrated by.
        stability: of each variable; empty where the training data was not asked for.
        anomaly_rate: how often it called points anomalies.
    """

    points: int
    start: int | None
    end: int | None
    martingale: MartingalePath
    since: int | None
    alarms: tuple[int, ...]
    calibrated_by: float
    stability: tuple[Stability, ...]
    anomaly_rate: AnomalyRate

    @property
    def drifting(self) -> bool:
        """The one rule: whether an alarm of the martingale lasts."""
        return self.martingale.alarm is not None


def drift_of(
    champion: ModelVersion,
    observations: Sequence[Observations],
    trained_on: TimeSeries | Frame | None,
    points_per_false_alarm: float = POINTS_PER_FALSE_ALARM,
) -> Drift:
    """What the observations of a champion show.

    Args:
        champion: the version.
        observations: in the order in which they were made; those of other champions are left out.
        trained_on: what the champion was trained on; None to tell nothing of the variables.
        points_per_false_alarm: as long as nothing changes, there is one alarm in so many points at the most, on
            average.
    """
    judged = _Judged.of([each for each in observations if each.champion == champion.number])
    calibrated_by = _calibrated_by(champion)
    known = ~np.isnan(judged.p_value)
    times = judged.times[known]
    path = bet_on(judged.p_value[known], points_per_false_alarm, tolerance=tolerance_of(calibrated_by))
    size = judged.times.size
    return Drift(
        points=size,
        start=int(judged.times[0]) if size else None,
        end=int(judged.times[-1]) if size else None,
        martingale=path,
        since=int(times[path.alarm.raised]) if path.alarm else None,
        alarms=tuple(int(times[each.raised]) for each in path.alarms),
        calibrated_by=calibrated_by,
        stability=() if trained_on is None else _stability(trained_on, judged.variables),
        anomaly_rate=_rate(judged.anomaly, path.point_worth, champion.options.get("false_alarm_rate")),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Points in the order of time, each once, as it was judged first."""

    times: NDArray[np.int64]
    p_value: NDArray[np.float64]
    anomaly: NDArray[np.bool_]
    variables: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, observations: Sequence[Observations]) -> _Judged:
        if not observations:
            return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.bool_), {})
        times, first = np.unique(np.concatenate([each.points.timestamps for each in observations]), return_index=True)
        columns = [_columns(each.points) for each in observations]
        return cls(
            times,
            np.concatenate([each.p_value for each in observations])[first],
            np.concatenate([each.anomaly for each in observations])[first],
            {name: np.concatenate([each[name] for each in columns])[first] for name in columns[0]},
        )


def _columns(points: TimeSeries | Frame) -> dict[str, NDArray[np.float64]]:
    """The values of each variable, by name."""
    if isinstance(points, Frame):
        return dict(zip(points.names, points.values.T, strict=True))
    return {THE_VALUE: points.values}


def _stability(trained_on: TimeSeries | Frame, recent: dict[str, NDArray[np.float64]]) -> tuple[Stability, ...]:
    return tuple(stability(name, then, recent.get(name, np.zeros(0))) for name, then in _columns(trained_on).items())


def _calibrated_by(version: ModelVersion) -> float:
    """How many independent points the p-values of a version rest on."""
    calibration: Any = version.parameters.get("calibration")
    count = calibration.get("count") if isinstance(calibration, dict) else None
    # A detector that calibrates itself as it goes does so by all points that it has seen.
    return float(version.points_used if count is None else count)


def _rate(anomaly: NDArray[np.bool_], point_worth: float, promised: float | None) -> AnomalyRate:
    points, anomalies = int(anomaly.size), int(np.count_nonzero(anomaly))
    if not points:
        return AnomalyRate(0, 0, None, None, promised)
    low, high = _wilson(anomalies / points, max(points * point_worth, 1.0))
    return AnomalyRate(points, anomalies, low, high, promised)


def _wilson(share: float, count: float) -> tuple[float, float]:
    """E. Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927), JASA 22."""
    square = _NORMAL_95**2 / count
    centre = share + square / 2.0
    reach = _NORMAL_95 * math.sqrt(share * (1.0 - share) / count + square / (4.0 * count))
    return max(0.0, (centre - reach) / (1.0 + square)), min(1.0, (centre + reach) / (1.0 + square))
