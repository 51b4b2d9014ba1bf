"""The robust Mahalanobis distance."""

from __future__ import annotations

import warnings
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

_SEARCHED: Final = 500
"""Rows among which the closest half is searched for at random: of more the search takes seconds."""
_MOST_STEPS: Final = 20
_FURTHEST: Final = 1e6
_JITTER: Final = 0.1
"""Deviation of the noise that lets a variable which hardly moves have a determinant: a tenth of a usual spread."""


class MahalanobisOptions(RowsOptions):
    """Distance from the centre of the usual rows, in units of how far they spread in that direction."""

    name: Literal["mahalanobis"] = "mahalanobis"
    samples: Annotated[int, Field(ge=64, le=20_000, description="Training rows that the covariance is taken of.")] = (
        5_000
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """Centre, shape (k,), and the whitening of a covariance, shape (k, k)."""

    centre: Floats
    whitener: Floats

    def nonconformity(self, rows: Floats) -> Floats:
        """The distance of each row, shape (n,)."""
        return self.judge(rows)[0]

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The distance of each row, and its square by column."""
        squared = parts(rows - self.centre, self.whitener)
        return np.sqrt(squared.sum(axis=1)), squared

    def arrays(self) -> Arrays:
        """Both."""
        return {"centre": self.centre, "whitener": self.whitener}

    def facts(self) -> dict[str, float]:
        """None."""
        return {}


class Mahalanobis(RowsDetector[MahalanobisOptions, Ellipsoid]):
    """How far a row is from the centre, where up to half of the training rows may be anything.

    For variables that move together by straight lines: it sees a row whose values are each usual and that do not go
    together. Centre and covariance are those of the half of the rows that lie closest together.

        score = sqrt((x - centre)' covariance**-1 (x - centre))

    Source: P. Rousseeuw, K. Van Driessen, A Fast Algorithm for the Minimum Covariance Determinant Estimator (1999),
    Technometrics 41(3).

    >>> from tidewatch.detectors import fit_rows
    >>> from tidewatch.series import Frame
    >>> load = np.random.default_rng(0).normal(size=500)
    >>> history = Frame(60 * np.arange(500), np.stack([load, 2 * load + 0.1 * load[::-1]], axis=1), ("cpu", "heat"))
    >>> model = fit_rows(history, MahalanobisOptions())
    >>> rows = Frame(np.array([30_000, 30_060]), np.array([[1.0, 2.0], [1.0, -2.0]]), history.names)
    >>> model.score(rows).anomaly.tolist()
    [False, True]
    """

    options_type = MahalanobisOptions
    cost_option = "samples"

    @property
    def most_rows(self) -> int:
        """The option ``samples``."""
        return self.options.samples

    def fewest_rows(self, columns: int) -> int:
        """More than there are columns, or half of them would have no determinant."""
        return max(32, 4 * columns)

    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> Ellipsoid:
        """What scikit-learn's minimum covariance determinant finds of some rows, drawn together by all."""
        # Learning needs scikit-learn; judging does not, and must start without it.
        from sklearn.covariance import MinCovDet

        random = np.random.default_rng(seed)
        moderate = np.clip(rows, -_FURTHEST, _FURTHEST) + random.normal(0.0, _JITTER, rows.shape)
        some = moderate[random.choice(len(rows), min(_SEARCHED, len(rows)), replace=False)]
        with warnings.catch_warnings():
            # It warns where its search gets no better; what it has is taken.
            warnings.simplefilter("ignore")
            found = MinCovDet(random_state=seed).fit(some)
        deadline.check()
        centre, covariance = concentrated(moderate, found.location_, found.covariance_)
        deadline.check()
        return Ellipsoid(centre, whitening(covariance))

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Ellipsoid:
        """The ellipsoid."""
        return Ellipsoid(arrays["centre"], arrays["whitener"])


def concentrated(rows: Floats, centre: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Centre and covariance of the half of the rows that lie closest together, and then of all that are near to it.

    Concentration steps of the source, theorem 1: the half that is nearest by one estimate gives the next, until it
    stays the same. Then come the rows within the distance that 97.5 % of normal rows have, section 4.

    Args:
        rows: shape (n, k), n more than 2 k.
        centre: where to start, shape (k,).
        covariance: likewise, shape (k, k).
    """
    half = (len(rows) + rows.shape[1] + 1) // 2
    chosen = np.zeros(0, dtype=np.intp)
    for _ in range(_MOST_STEPS):
        nearest = np.sort(np.argpartition(_squared(rows, centre, covariance), half - 1)[:half])
        if np.array_equal(nearest, chosen):
            break
        chosen = nearest
        centre, covariance = rows[chosen].mean(axis=0), np.cov(rows[chosen], rowvar=False).reshape(covariance.shape)
    squared = _squared(rows, centre, covariance)
    near = squared <= np.median(squared) * _normal_quantile(1.96, len(centre)) / _normal_quantile(0.0, len(centre))
    return rows[near].mean(axis=0), np.cov(rows[near], rowvar=False).reshape(covariance.shape)


def _squared(rows: Floats, centre: Floats, covariance: Floats) -> Floats:
    squared: Floats = parts(rows - centre, whitening(covariance)).sum(axis=1)
    return squared


def _normal_quantile(deviations: float, size: int) -> float:
    """The squared length of normal rows of a size that lies so many deviations above the median, by its cube root.

    Source: E. Wilson, M. Hilferty, The Distribution of Chi-Square (1931), Proceedings of the National Academy of
    Sciences 17(12).
    """
    spread = 2.0 / (9.0 * size)
    return float(size * (1.0 - spread + deviations * np.sqrt(spread)) ** 3)
