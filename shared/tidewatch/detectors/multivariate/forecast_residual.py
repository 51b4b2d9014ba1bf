"""The error of a forecast of all variables from their last values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Field

from tidewatch.deadline import Deadline
from tidewatch.detectors.base import Arrays, Floats
from tidewatch.detectors.multivariate.detector import RowsDetector
from tidewatch.detectors.multivariate.preparation import RowsOptions
from tidewatch.detectors.multivariate.quadratic import parts, whitening

_MOST: Final = 8.0
"""Scaled values count as no further from the centre where a forecast is made of them: a wild one must not echo."""
_WILD: Final = 4.0
"""Deviations of a forecast's errors, from which on one does not widen what is usual."""


class ForecastResidualOptions(RowsOptions):
    """Error of a forecast of every variable from the last values of all of them, judged together."""

    name: Literal["forecast_residual"] = "forecast_residual"
    lags: Annotated[int, Field(ge=1, le=10, description="How many earlier rows a forecast is made of.")] = 2
    ridge: Annotated[float, Field(gt=0, le=10, description="How far coefficients are drawn to 0, by training row.")] = (
        0.01
    )
    samples: Annotated[int, Field(ge=64, le=100_000, description="Training rows that are learned from.")] = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Autoregression:
    """A linear forecast and the covariance of its errors.

    Attributes:
        coefficients: shape (columns - k + 1, k): of the calendar and of earlier rows, and last a constant.
        whitener: of the errors, shape (k, k).
    """

    coefficients: Floats
    whitener: Floats

    def nonconformity(self, rows: Floats) -> Floats:
        """The Mahalanobis distance of the errors of each row, shape (n,)."""
        return self.judge(rows)[0]

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The distance, and its square by column, in which the calendar and earlier rows have no part."""
        found = np.zeros_like(rows)
        found[:, : len(self.whitener)] = parts(errors(rows, self.coefficients), self.whitener)
        return np.sqrt(found.sum(axis=1)), found

    def arrays(self) -> Arrays:
        """Coefficients and whitening."""
        return {"coefficients": self.coefficients, "whitener": self.whitener}

    def facts(self) -> dict[str, float]:
        """None."""
        return {}


class ForecastResidual(RowsDetector[ForecastResidualOptions, Autoregression]):
    """Whether each variable follows from what all of them did just before, and errs as the others do.

    For variables that drive each other in time: it sees that a pump runs and the flow does not follow, though both
    values are usual. Rows are taken to be evenly spaced. A forecast is a vector autoregression by ridge regression.

        score = sqrt(e' covariance**-1 e), e = x(t) - forecast from calendar(t), x(t-1), ..., x(t-lags)

    Source: H. Lütkepohl, New Introduction to Multiple Time Series Analysis (2005), chapters 2 and 3.

    >>> from tidewatch.detectors import fit_rows
    >>> from tidewatch.series import Frame
    >>> random = np.random.default_rng(0)
    >>> pump = random.normal(size=501)
    >>> flow = 3 * pump[:-1] + 0.1 * random.normal(size=501)[:-1]
    >>> history = Frame(60 * np.arange(500), np.stack([pump[1:], flow], axis=1), ("pump", "flow"))
    >>> model = fit_rows(history, ForecastResidualOptions())
    >>> scores = model.score(Frame(np.array([30_000]), np.array([[0.5, 3 * pump[500] + 1.5]]), history.names))
    >>> scores.anomaly.tolist(), scores.names[int(scores.contributions.argmax())]
    ([True], 'flow')
    """

    options_type = ForecastResidualOptions
    cost_option = "samples"

    @property
    def lags(self) -> int:
        """The option ``lags``."""
        return self.options.lags

    @property
    def most_rows(self) -> int:
        """The option ``samples``."""
        return self.options.samples

    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> Autoregression:
        """Solves the ridge regression, and takes the covariance of its errors."""
        targets, given = np.clip(rows[:, :variables], -_MOST, _MOST), _given(rows, variables)
        penalty = self.options.ridge * len(rows) * np.eye(given.shape[1])
        # The constant is free.
        penalty[-1, -1] = 0.0
        coefficients: Floats = np.linalg.solve(given.T @ given + penalty, given.T @ targets).astype(np.float64)
        deadline.check()
        off = errors(rows, coefficients)
        centre = np.median(off, axis=0)
        spread = 1.4826 * np.median(np.abs(off - centre), axis=0)
        # Where most errors are nothing, those that are something tell.
        spread = np.where(spread > 0.0, spread, np.sqrt(np.mean(np.clip(off, -_MOST, _MOST) ** 2, axis=0)))
        moderate = np.clip(off, -_WILD * spread, _WILD * spread)
        return Autoregression(coefficients, whitening(moderate.T @ moderate / len(moderate)))

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Autoregression:
        """The forecast."""
        return Autoregression(arrays["coefficients"], arrays["whitener"])


def errors(rows: Floats, coefficients: Floats) -> Floats:
    """What each variable is above its forecast, shape (n, k).

    Args:
        rows: prepared rows, the k variables first.
        coefficients: of :class:`Autoregression`.
    """
    variables = coefficients.shape[1]
    off: Floats = rows[:, :variables] - _given(rows, variables) @ coefficients
    return off


def _given(rows: Floats, variables: int) -> Floats:
    """What a forecast is made of: moderate values of all but the first columns, and a 1."""
    return np.concatenate([np.clip(rows[:, variables:], -_MOST, _MOST), np.ones((len(rows), 1))], axis=1)
