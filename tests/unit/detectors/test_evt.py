"""Peaks over a threshold by example, and beside scipy's generalised Pareto distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import expon, genpareto, laplace
from tidewatch.detectors import CannotTrain, fit_model
from tidewatch.detectors.statistical.evt import EvtOptions
from tidewatch.series import TimeSeries

from tests.checks.invariants import check_band, check_model_comes_back, check_scores, check_severity_grows, close


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def series(values) -> TimeSeries:
    values = np.array(values, dtype=np.float64)
    return TimeSeries(60 * np.arange(values.size, dtype=np.int64), values)


@pytest.mark.parametrize("distribution", [expon(), genpareto(0.2)])
@pytest.mark.parametrize("risk", [1e-3, 1e-4])
def test_the_limit_is_passed_with_the_probability_asked_for(distribution, risk):
    """From 200,000 values, 4,000 of them in the tail, the limit is within a few percent of the true quantile."""
    values = distribution.rvs(200_000, random_state=np.random.default_rng(1))
    model = fit_model(series(values), EvtOptions(risk=risk, side="upper"))
    assert model.learned()["upper"] == pytest.approx(distribution.isf(risk), rel=0.05)
    assert model.learned()["upper_shape"] == pytest.approx(0.2 if distribution.args else 0.0, abs=0.05)


def test_both_tails_have_the_risk(random):
    values = -random.exponential(1, 200_000)
    learned = fit_model(series(values), EvtOptions(risk=1e-4)).learned()
    assert learned["lower"] == pytest.approx(-expon.isf(1e-4), rel=0.05)
    # The upper tail ends at 0. Its shape is held at that of a tail without end, so the limit is just beyond.
    assert 0.0 < learned["upper"] < 0.2


def test_the_score_is_minus_the_logarithm_of_the_tail_probability(random):
    values = random.laplace(0, 1, 200_000)
    model = fit_model(series(values), EvtOptions(risk=1e-4))
    probes = np.array([0.0, 4.0, 7.0, -7.0, 9.5])
    scores = model.score(series(probes))
    assert scores.score == pytest.approx(-np.log10(laplace.sf(np.abs(probes))), abs=0.05)
    assert scores.anomaly.tolist() == [False, False, False, False, True]
    at_the_limit = model.score(series([model.learned()["upper"], model.learned()["lower"]]))
    assert at_the_limit.score == pytest.approx([4.0, 4.0])


def test_the_tail_is_the_generalised_pareto_distribution(random):
    model = fit_model(series(random.standard_t(3, 2_000)), EvtOptions(side="upper"))
    tail = model.parameters()["method"]["upper"]
    centre = model.parameters()["method"]["centre"]
    excess = np.array([0.1, 1.0, 7.0]) * tail["scale"]
    values = model._units.unscale(centre + tail["start"] + excess)
    sf = genpareto.sf(excess, tail["shape"], scale=tail["scale"])
    assert model.score(series(values)).score == pytest.approx(tail["height"] - np.log10(sf), rel=1e-9)


def test_with_depth_a_drift_is_usual_and_a_jump_is_not(random):
    values = np.arange(2_000) / 20 + random.normal(0, 1, 2_000)
    options = {"depth": 20, "risk": 1e-5}
    model = fit_model(series(values[:1_000]), EvtOptions(**options))
    scores = model.score(series(values[1_000:]))
    assert scores.anomaly.sum() <= 1
    later = values[1_000:].copy()
    later[500] += 12
    assert model.score(series(later)).anomaly[500]
    without = fit_model(series(values[:1_000]), EvtOptions(**options | {"depth": 0})).score(series(values[1_000:]))
    assert without.anomaly.mean() > 0.5


@pytest.mark.parametrize("side", ["upper", "lower", "both"])
@pytest.mark.parametrize("rate", [None, 0.05])
def test_with_depth_the_laws_of_all_detectors_hold_too(side, rate, random):
    values = random.standard_t(3, 400).cumsum()
    points = series(values)
    model = fit_model(points, EvtOptions(depth=10, side=side, false_alarm_rate=rate))
    scores = model.review(points)
    check_scores(scores, points)
    check_band(scores, points)
    assert scores.warming_up.tolist() == [True] * 10 + [False] * 390
    check_model_comes_back(model, points)
    after = points.part(200)
    context = points.part(0, 200)
    alone = model.score(after, context)
    assert alone.score.tolist() == scores.score[200:].tolist()
    assert alone.p_value.tolist() == scores.p_value[200:].tolist()
    at = int(points.end) + 60
    expected = float(model.score(TimeSeries.of_point(at, 0.0)).expected[0])
    sign = -1.0 if side == "lower" else 1.0
    check_severity_grows(model, at, [expected + sign * 2.0**power for power in range(-6, 60)])
    close(alone, model.score(after, context))


@pytest.mark.parametrize("usual", [0.0, 100.0])
def test_a_gauge_that_mostly_stands_at_its_end_alarms_at_what_is_beyond_it(usual, random):
    """Hardly a value above the median: the tail has no length of its own."""
    values = [usual] * 985 + (usual - random.exponential(5, 15)).tolist()
    model = fit_model(series(values), EvtOptions(risk=1e-4))
    assert not model.score(series([usual] * 10)).anomaly.any()
    assert model.score(series([usual + 1, usual + 1e9])).anomaly.all()
    assert not model.review(series(values)).anomaly.any()


def test_peaks_that_are_all_the_same_leave_room_above():
    values = np.tile(np.arange(10.0), 100)
    model = fit_model(series(values), EvtOptions(risk=1e-4))
    assert 9.0 < model.learned()["upper"] < 12.0
    assert -3.0 < model.learned()["lower"] < 0.0


def test_a_short_series_names_the_option_to_change(random):
    with pytest.raises(CannotTrain, match="needs at least 60 points for a depth of 10, got 59") as caught:
        fit_model(series(random.normal(0, 1, 59)), EvtOptions(depth=10))
    assert caught.value.option == "depth"
    fit_model(series(random.normal(0, 1, 60)), EvtOptions(depth=10))
    with pytest.raises(CannotTrain) as caught:
        fit_model(series(random.normal(0, 1, 49)), EvtOptions())
    assert caught.value.option is None


@pytest.mark.parametrize("depth", [0, 20])
@pytest.mark.parametrize("size", [100, 500, 2_000])
def test_an_anomaly_in_the_training_does_not_hide_itself(size, depth):
    values = np.random.default_rng(1).normal(10.0, 1.0, size)
    values[size // 2] += 30.0
    points = series(values)
    model = fit_model(points, EvtOptions(depth=depth))
    assert np.flatnonzero(model.review(points).anomaly).tolist() == [size // 2]


def test_equal_values_are_as_improbable_to_the_calibration_as_to_the_model():
    """Half of the values of a short series were called stranger than all that it was calibrated by."""
    random = np.random.default_rng(0)
    for points in (120, 500, 1_234):
        model = fit_model(TimeSeries(np.arange(points), random.integers(0, 4, points) * 1.0), EvtOptions())
        judged = model.score(TimeSeries(points + np.arange(2_000), random.integers(0, 4, 2_000) * 1.0))
        assert judged.p_value.min() > 0.1
        assert judged.p_value.mean() > 0.5
