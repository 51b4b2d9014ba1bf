"""One scale for all detectors: from nonconformity scores, whatever they measure, to p-values and severities.

Sources: conformal p-values, V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005), chapter 2;
beyond the largest calibration score the generalised Pareto tail, J. Pickands, Statistical Inference Using Extreme
Order Statistics (1975), The Annals of Statistics 3(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tidewatch.calibration.pareto import Tail, excess_at, log_survival, tail_size

Floats = NDArray[np.float64]

_KNOTS: Final = 64
"""How many places of the calibration are kept: about 2 kB, so that a small model is one unit of reading."""
_TOP: Final = 10
"""So many of the largest scores are all kept."""
MOST_EVIDENCE: Final = 300.0
_HALF: Final = 3.0
_SIDES: Final[tuple[Literal["left"], Literal["right"]]] = ("left", "right")
_SHAPE_ERROR: Final = 3.0
"""Over the number of scores in a tail: what its shape is raised by for the error of its fit.

A p-value is the mean of the tails that the scores may come from. Where the shape has a variance of v, the mean survival
at depth t is, to second order, that of a shape that is larger by v t**2 / 4. The variance is about 1 over the number,
and what is asked for, 1 in 1,000 with some dozen scores, lies about 3.5 deep.
"""
_ROUNDING: Final = 1e-12
"""Relative: of a share, and of the length of a tail."""
_LN10: Final = float(np.log(10.0))


def severity_of(evidence: Floats) -> Floats:
    """``e / (e + 3)`` for ``e = -log10(p-value)``: 0 at p = 1, 0.5 at 1 in 1,000, two thirds at 1 in 1,000,000."""
    return evidence / (evidence + _HALF)


class Calibration:
    """The distribution of the nonconformity scores of n usual points, as far as p-values need it.

    The p-value of a score s is ``(1 + number of calibration scores that are at least s) / (1 + n)``: exact at the
    knots, interpolated in its logarithm between them, and Pareto beyond the last.

    Attributes:
        count: n, or fewer where scores are not independent.
        knots: float64, shape (k,), ascending, each a calibration score.
        reaching: float64, shape (k,), 1 + how many calibration scores are at least the knot.
        exceeding: float64, shape (k,), 1 + how many are larger.
        scale, shape: of the tail beyond the last knot; an infinite scale where the largest scores are all equal, and
            nothing can be told beyond them: then no p-value is below 1 / (1 + n).
    """

    def __init__(
        self, count: float, knots: Floats, reaching: Floats, exceeding: Floats, scale: float, shape: float
    ) -> None:
        self.count, self.knots, self.reaching, self.exceeding = count, knots, reaching, exceeding
        self.scale, self.shape = scale, shape
        # Each knot twice: below it its own scores count as at least as large, above it they do not.
        self._places = np.repeat(knots, 2)
        self._whole = float(np.log10(count + 1.0))
        self._evidence = self._whole - np.log10(np.stack([reaching, exceeding], axis=1).ravel())
        self._at_knots = self._evidence[::2]

    @classmethod
    def of(cls, scores: Floats, worth: float | None = None) -> Calibration:
        """Calibrates by nonconformity scores of usual points.

        Args:
            scores: shape (n,), finite, in any order, n at least 1.
            worth: how many independent scores each is worth, at most 1, where neighbouring scores rise and fall
                together: n scores then calibrate as ``worth * n`` would. Given, the tail is also as much heavier as its
                fit to so few may have missed. None to take each as independent, and the fit as it is.
        """
        ordered = np.sort(scores)
        each = 1.0 if worth is None else worth
        count = ordered.size
        ranks = np.concatenate([np.arange(1, _TOP + 1), np.rint(np.geomspace(1, count, _KNOTS))]).astype(np.intp)
        knots = np.unique(ordered[count - np.minimum(ranks, count)])
        reaching, exceeding = (
            1.0 + each * (count - np.searchsorted(ordered, knots, side=side).astype(np.float64)) for side in _SIDES
        )
        size = min(int(tail_size(int(each * count)) / each), count - 1)
        tail = Tail.of(ordered, size, float(ordered[count // 2]))
        # A Pareto tail seen from further out is one again, with the same shape and a scale that has grown with it.
        further = tail.scale + tail.shape * (float(knots[-1]) - tail.start)
        shape = tail.shape if worth is None else tail.shape + _SHAPE_ERROR / max(each * size, 1.0)
        told = tail.scale > _ROUNDING * abs(float(knots[-1]))
        return cls(each * count, knots, reaching, exceeding, max(further, tail.least) if told else np.inf, shape)

    def evidence(self, scores: Floats) -> Floats:
        """``-log10`` of the p-value of each, 0 to 300, shape (n,); NaN stays NaN."""
        at = np.minimum(self.knots.searchsorted(scores), self.knots.size - 1)
        reached = self._at_knots[at]
        # Between knots that lie closer than a slope can be told, interpolation gives infinity.
        between = np.minimum(np.interp(scores, self._places, self._evidence, left=0.0), reached)
        evidence: Floats = np.where(self.knots[at] == scores, reached, between)
        beyond = scores > self.knots[-1]
        if np.count_nonzero(beyond):
            tail = log_survival(scores[beyond] - self.knots[-1], self.scale, self.shape)
            evidence[beyond] = np.minimum(self._whole - tail / _LN10, MOST_EVIDENCE)
        return evidence

    def limit(self, rate: float) -> float:
        """The nonconformity score that usual points exceed at this rate, above 0 and below 1."""
        most = rate * (self.count + 1.0)
        if most < 1.0:
            if np.isinf(self.scale):
                return float(self.knots[-1])
            return float(self.knots[-1]) + excess_at(float(np.log(most)), self.scale, self.shape)
        # Just short of it: what is as rare as the rate, and no rarer, is beyond the limit.
        return float(np.interp(-np.log10(rate) - _ROUNDING, self._evidence, self._places))

    def to_json(self) -> dict[str, Any]:
        """As :meth:`from_json` takes it."""
        return {
            "count": _whole_or_not(self.count),
            "knots": self.knots.tolist(),
            "reaching": [_whole_or_not(number) for number in self.reaching.tolist()],
            "exceeding": [_whole_or_not(number) for number in self.exceeding.tolist()],
            "tail": [self.scale if np.isfinite(self.scale) else 0.0, self.shape],
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Calibration:
        """The calibration that gave this."""
        knots, reaching, exceeding = (
            np.array(parts[name], dtype=np.float64) for name in ("knots", "reaching", "exceeding")
        )
        scale, shape = map(float, parts["tail"])
        return cls(float(parts["count"]), knots, reaching, exceeding, scale or np.inf, shape)


def _whole_or_not(number: float) -> float:
    """A whole number as such, which is shorter in JSON."""
    return int(number) if number.is_integer() else number
