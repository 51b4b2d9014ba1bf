"""The Mahalanobis distance, and its parts by variable.

Source of the parts: P. Garthwaite, I. Koch, Evaluating the Contributions of Individual Variables to a Quadratic Form
(2016), Australian & New Zealand Journal of Statistics 58(1), the corr-max transformation: of all ways to turn variables
into uncorrelated ones it keeps each closest to its own variable.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidewatch.detectors.base import Floats

_SHRUNK: Final = 0.02
"""Share of a covariance that becomes that of unrelated variables of the same mean variance, so that no direction is so
thin that it alone decides."""


def whitening(covariance: Floats) -> Floats:
    """The corr-max transformation of a covariance, shape (k, k): ``(row - centre) @ result`` has unrelated columns.

    >>> whitening(np.array([[4.0, 0.0], [0.0, 4.0]])).round(6).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    size = len(covariance)
    shrunk = (1.0 - _SHRUNK) * covariance + _SHRUNK * np.eye(size) * np.trace(covariance) / size
    deviation = np.sqrt(np.diag(shrunk))
    values, vectors = np.linalg.eigh(shrunk / np.outer(deviation, deviation))
    root: Floats = (vectors / np.sqrt(values)) @ vectors.T
    return root / deviation[:, None]


def parts(deviations: Floats, whitener: Floats) -> Floats:
    """The squared Mahalanobis distance of each row by variable, at least 0, shape (n, k).

    Args:
        deviations: rows less their centre, shape (n, k).
        whitener: of :func:`whitening`.
    """
    whitened: Floats = deviations @ whitener
    return np.square(whitened)
