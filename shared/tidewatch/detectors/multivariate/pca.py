"""Principal components: T² within their space, and Q beside it."""

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

_MOST: Final = 5.0
"""Scaled training values count as no further from the centre: one wild row must not turn a component to itself."""
_USUAL: Final = 0.99
"""Quantile of usual rows by which both statistics are measured."""
_LEAST: Final = 1e-6


class PcaOptions(RowsOptions):
    """How far a row is out along what the variables do together, and beside it."""

    name: Literal["pca"] = "pca"
    explained: Annotated[
        float, Field(gt=0, lt=1, description="Share of the variance that the components explain at the least.")
    ] = 0.9
    samples: Annotated[int, Field(ge=64, le=100_000, description="Training rows that components are taken of.")] = (
        20_000
    )


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """What the variables do together.

    Attributes:
        centre: shape (k,).
        within: shape (k, k), symmetric: the squares of ``(row - centre) @ within`` have T² as their sum.
        beside: shape (k, k), symmetric: likewise Q, the squared distance from the space of the components.
        usual: the 99th percentile of T² and of Q of training rows.
        count: of components.
    """

    centre: Floats
    within: Floats
    beside: Floats
    usual: tuple[float, float]
    count: int

    def nonconformity(self, rows: Floats) -> Floats:
        """``T² / usual T² + Q / usual Q`` of each row, shape (n,)."""
        return self.judge(rows)[0]

    def judge(self, rows: Floats) -> tuple[Floats, Floats]:
        """The score of each row, and the same by column."""
        within, beside = self.squares(rows)
        parts = within / self.usual[0] + beside / self.usual[1]
        return parts.sum(axis=1), parts

    def squares(self, rows: Floats) -> tuple[Floats, Floats]:
        """T² and Q of each row by column, both of shape (n, k)."""
        deviations = rows - self.centre
        return np.square(deviations @ self.within), np.square(deviations @ self.beside)

    def arrays(self) -> Arrays:
        """Centre and both spaces."""
        return {"centre": self.centre, "within": self.within, "beside": self.beside}

    def facts(self) -> dict[str, float]:
        """How many components, and what is usual."""
        return {"components": float(self.count), "usual_t2": self.usual[0], "usual_q": self.usual[1]}


class Pca(RowsDetector[PcaOptions, Components]):
    """Whether variables keep to what they do together (Q), and how far they go along it (T²).

    For many variables that a few causes move, such as the metrics of one machine.

        score = T² / (99th percentile of T²) + Q / (99th percentile of Q)

    Sources: both statistics, J. E. Jackson, G. Mudholkar, Control Procedures for Residuals Associated with Principal
    Component Analysis (1979), Technometrics 21(3); their sum, H. Yue, S. Qin, Reconstruction-Based Fault Identification
    Using a Combined Index (2001), Industrial & Engineering Chemistry Research 40(20); parts by variable, C. Alcala,
    S. Qin, Reconstruction-Based Contribution for Process Monitoring (2009), Automatica 45(7), section 3.

    >>> from tidewatch.detectors import fit_rows
    >>> from tidewatch.series import Frame
    >>> load = np.random.default_rng(0).normal(size=(500, 1))
    >>> noise = np.random.default_rng(1).normal(size=(500, 3))
    >>> history = Frame(60 * np.arange(500), load + 0.1 * noise, ("x1", "x2", "x3"))
    >>> model = fit_rows(history, PcaOptions())
    >>> scores = model.score(Frame(np.array([30_000]), np.array([[1.0, 1.0, -1.0]]), history.names))
    >>> scores.anomaly.tolist(), scores.names[int(scores.contributions.argmax())]
    ([True], 'x3')
    """

    options_type = PcaOptions
    cost_option = "samples"

    @property
    def most_rows(self) -> int:
        """The option ``samples``."""
        return self.options.samples

    def learn(self, rows: Floats, variables: int, seed: int, deadline: Deadline) -> Components:
        """The components of the covariance of moderate rows."""
        moderate = np.clip(rows, -_MOST, _MOST)
        centre = moderate.mean(axis=0)
        variances, vectors = np.linalg.eigh(np.cov(moderate, rowvar=False).reshape(rows.shape[1], -1))
        variances, vectors = np.maximum(variances[::-1], _LEAST), vectors[:, ::-1]
        reached = np.cumsum(variances) / variances.sum()
        # At least one component, and at least one direction beside them where there are two variables.
        count = int(np.searchsorted(reached, self.options.explained)) + 1
        count = max(min(count, rows.shape[1] - 1), 1)
        kept = vectors[:, :count]
        within = (kept / np.sqrt(variances[:count])) @ kept.T
        beside = np.eye(rows.shape[1]) - kept @ kept.T
        plain = Components(centre, within, beside, (1.0, 1.0), count)
        usual = [max(float(np.quantile(each.sum(axis=1), _USUAL)), _LEAST) for each in plain.squares(moderate)]
        deadline.check()
        return Components(centre, within, beside, (usual[0], usual[1]), count)

    def restore_learner(self, arrays: Arrays, facts: Mapping[str, Any]) -> Components:
        """The components."""
        usual = float(facts["usual_t2"]), float(facts["usual_q"])
        return Components(arrays["centre"], arrays["within"], arrays["beside"], usual, int(facts["components"]))
