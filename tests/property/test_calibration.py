"""The law of calibration: with ``false_alarm_rate`` r, a share r of usual points is called anomalies.

Every detector of the catalogue is fitted on n exchangeable points and judges N fresh ones, and that again for a number
of seeds. How far the mean share of alarms may be from r is derived, not chosen:

- The limit is that of k = r (n + 1) calibration points, so in a fit a share Beta(k, n + 1 - k) of all usual points is
  beyond it (V. Vovk, Conditional Validity of Inductive Conformal Predictors, 2012). Its mean may be off by one rank,
  1 / (n + 1), since there is no half a point; its variance is r (1 - r) / (n + 2). The fresh points add a binomial
  variance, r (1 - r) / N.
- Judgements that look back share points, so that alarms come in clusters, and n and N points are worth fewer. The
  design effect (L. Kish, Survey Sampling, 1965, section 8.2) says how many points are worth one: the variance of the
  alarms in a stretch of fresh points, over that of independent ones. It is at most as many points as a judgement looks
  at, so 1 for one that looks at its own point only.
- The mean of all fits is all but a Beta variable with that mean and variance, which is as skewed as rare alarms are.
  Its quantiles at 1e-7 from either end are the bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta
from tidewatch.deadline import Deadline
from tidewatch.detectors import CATALOGUE, Detector, Model
from tidewatch.detectors.detector import FitResult
from tidewatch.detectors.statistical.mad import Mad
from tidewatch.series import TimeSeries

from tests.checks.invariants import through_json

TRAINING, FRESH, STRETCH = 1_000, 4_000, 100
RATES = (0.05, 0.01)
MISSED = 1e-7

DISTRIBUTIONS: Final[dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]]] = {
    "normal": lambda random, size: random.normal(10.0, 3.0, size),
    "t(3)": lambda random, size: random.standard_t(3, size),
    "uniform": lambda random, size: random.random(size),
}
# What a detector needs on a series without a season, or to be quick; none changes what the law says.
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "isolation_forest": {"trees": 20},
    "seasonal_decomposition": {"period": 24},
}
FITS: Final = 40
FEWER_FITS: Final = {
    "auto": 15,
    "dbscan": 6,
    "holt_winters": 20,
    "isolation_forest": 6,
    "kmeans": 15,
    "local_outlier_factor": 6,
    "sub_pca": 15,
}
"""For those that take longer: their bounds are wider."""


class Rates(NamedTuple):
    """Shares of all fresh points, over all fits of a detector.

    Attributes:
        alarms, small: called an anomaly; with a p-value of at most the rate.
        worth_one: the design effect.
        calibrating: how many points calibrated a fit.
        fits: how many there were.
    """

    alarms: float
    small: float
    worth_one: float
    calibrating: int
    fits: int

    def bounds(self, rate: float) -> tuple[float, float]:
        """Between which the share of a right detector is, but for one in ten million on either side."""
        # Some calibrate by fewer points that are further apart: each is worth more, but all of them no more than all.
        points, fresh = min(self.calibrating, TRAINING / self.worth_one), FRESH / self.worth_one
        step = 1.0 / (points + 1.0)
        count = self.fits / (1.0 / (points + 2.0) + 1.0 / fresh) - 1.0
        low, high = rate - step, rate + step
        lower = beta.ppf(MISSED, low * count, (1.0 - low) * count) if low > 0.0 else 0.0
        return float(lower), float(beta.isf(MISSED, high * count, (1.0 - high) * count))


def series(values: NDArray[np.float64], after: int = 0) -> TimeSeries:
    times = 1_700_000_000 + 60 * (after + np.arange(values.size, dtype=np.int64))
    return TimeSeries(times, values)


def with_rate(detector: type[Detector[Any]], model: Model, rate: float) -> Model:
    """The model that a fit with this rate gives, without another fit."""
    options = model.options.model_dump() | {"false_alarm_rate": rate}
    return detector.restore(options, through_json(model.parameters()), model.arrays())


def measure(detector: type[Detector[Any]], distribution: str, fits: int, options: dict[str, Any]) -> dict[float, Rates]:
    alarms: dict[float, list[NDArray[np.bool_]]] = {rate: [] for rate in RATES}
    small: dict[float, list[float]] = {rate: [] for rate in RATES}
    looked_at = calibrating = 1
    for seed in range(fits):
        random = np.random.default_rng((seed, len(distribution)))
        training = series(DISTRIBUTIONS[distribution](random, TRAINING))
        fresh = series(DISTRIBUTIONS[distribution](random, FRESH), TRAINING)
        model = detector.train(training, detector.options_type(**options))
        looked_at = 1 + int(model.review(training).warming_up.sum())
        calibrating = int(model.parameters().get("calibration", {}).get("count", TRAINING - looked_at + 1))
        for rate in RATES:
            scores = with_rate(detector, model, rate).score(fresh)
            alarms[rate].append(scores.anomaly)
            small[rate].append(float((scores.p_value <= rate).mean()))
    return {
        rate: Rates(
            float(np.mean(alarms[rate])),
            float(np.mean(small[rate])),
            min(max(design_effect(np.array(alarms[rate])), 1.0), float(looked_at)),
            calibrating,
            fits,
        )
        for rate in RATES
    }


def design_effect(alarms: NDArray[np.bool_]) -> float:
    """From the alarms of each fit, shape (fits, points); 1 where there are none, so that silence is found out."""
    shares = alarms.reshape(len(alarms), -1, STRETCH).mean(axis=2)
    share = shares.mean(axis=1)
    independent = (share * (1.0 - share) / STRETCH).mean()
    return float(shares.var(axis=1, ddof=1).mean() / independent) if independent > 0.0 else 1.0


@pytest.mark.parametrize(
    "distribution",
    # The law does not depend on the distribution: `make test` tries one, `make test-all` the others.
    [pytest.param(name, marks=pytest.mark.slow if name == "normal" else pytest.mark.long) for name in DISTRIBUTIONS],
)
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_share_of_alarms_is_the_one_asked_for(name, distribution):
    found = measure(CATALOGUE[name], distribution, FEWER_FITS.get(name, FITS), OPTIONS.get(name, {}))
    for rate, rates in found.items():
        lower, upper = rates.bounds(rate)
        assert lower <= rates.alarms <= upper, f"at {rate}, for {lower:.4f} to {upper:.4f}: {rates}"
        assert rates.small <= upper, f"p-values of at most {rate}, for {upper:.4f} at the most: {rates}"


def smooth(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """An autoregressive series, of which neighbouring windows are much alike."""
    noise = random.normal(size=size + 100)
    for place in range(1, noise.size):
        noise[place] += 0.8 * noise[place - 1]
    return noise[100:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "draw", "training", "fits", "most"),
    [
        ("kmeans", smooth, 500, 12, 0.003),
        ("sub_pca", DISTRIBUTIONS["t(3)"], 1_000, 12, 0.005),
        ("isolation_forest", smooth, 500, 8, 0.002),
    ],
)
def test_windows_that_overlap_do_not_calibrate_as_independent_ones(name, draw, training, fits, most):
    """1 in 1,000 lies beyond what so few independent windows have seen: the tail must allow for what they cannot tell.

    The limits are a few times the rate. With these seeds they are exceeded if overlapping windows count in full, usual
    heavy tails are taken for outliers, and the tail is taken as if its fit were exact.
    """
    shares = []
    for seed in range(fits):
        random = np.random.default_rng((seed, training))
        values = draw(random, training + FRESH)
        options = CATALOGUE[name].options_type(**OPTIONS.get(name, {}))
        scores = CATALOGUE[name].train(series(values[:training]), options).score(series(values[training:], training))
        shares.append(float((scores.p_value <= 0.001).mean()))
    assert np.mean(shares) <= most, shares


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_rate_given_later_is_a_rate_given_to_the_fit(name):
    """What the tests above rely on, to fit once for all rates."""
    detector, options = CATALOGUE[name], OPTIONS.get(name, {})
    random = np.random.default_rng(9)
    training, fresh = series(random.normal(0, 1, TRAINING)), series(random.normal(0, 1, 200), TRAINING)
    later = with_rate(detector, detector.train(training, detector.options_type(**options)), 0.05).score(fresh)
    at_once = detector.train(training, detector.options_type(**options, false_alarm_rate=0.05)).score(fresh)
    assert later.anomaly.tolist() == at_once.anomaly.tolist()
    assert later.p_value.tolist() == at_once.p_value.tolist()


@pytest.mark.parametrize("too_mild_by", [0.07, -0.07])
def test_a_detector_that_misjudges_its_training_points_by_7_percent_is_found_out(too_mild_by):
    class Misjudging(Mad):
        def fit(self, series: TimeSeries, deadline: Deadline) -> FitResult:
            super().fit(series, deadline)
            return FitResult(self.score(series, 0, self.threshold).score * (1.0 - too_mild_by))

    rates = measure(Misjudging, "normal", FITS, {})[0.05]
    lower, upper = rates.bounds(0.05)
    assert (rates.alarms > upper) if too_mild_by > 0 else (rates.alarms < lower), (lower, upper, rates)
