"""What every detector of the catalogue must hold to. A new one is checked here by being in the catalogue."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tidewatch.detectors import CATALOGUE, CannotTrain, Detector, DetectorOptions, Model, Scores, fit_model
from tidewatch.registry.encoding import pack_arrays
from tidewatch.series import LATEST, TimeSeries
from tidewatch.streaming import pack_state, unpack_state

from tests.checks.invariants import (
    ARRAYS,
    bits,
    check_band,
    check_learned,
    check_model_comes_back,
    check_scores,
    check_severity_grows,
    close,
    same_arrays,
    stored_and_loaded,
    through_json,
)
from tests.support.strategies import MAX, SMALLEST, doubles, extreme_doubles, training_values

random = np.random.default_rng(7)
DAY = np.sin(np.arange(24) * 2 * np.pi / 24)
SEASONAL = np.tile(10 * DAY, 30) + random.normal(100, 1, 720)
SERIES: dict[str, list[float]] = {
    "five points": [1.0, 2.0, 3.0, 4.0, 6.0],
    "noise": random.normal(50, 4, 500).tolist(),
    "a season": SEASONAL.tolist(),
    "one huge outlier": [*random.normal(0, 1, 299).tolist(), 1e300],
    "repeated values": [1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 2.0, 1.0] * 30,
    "all equal but one": [5.0] * 250 + [5.000000000000001],
    "a constant tail": [*random.normal(50, 4, 300).tolist(), *[50.0] * 200],
    "largest doubles": [MAX, -MAX, MAX, -MAX, MAX, 0.0] * 30,
    "smallest doubles": [SMALLEST, 0.0, -SMALLEST, 2 * SMALLEST, 0.0, SMALLEST] * 30,
    "all magnitudes": [1e308, 1e-308, 1.0, -1e200, SMALLEST, 0.0, -1e-200, -1e308] * 30,
    "large mean, tiny spread": [1e15 + step / 8 for step in (0, 1, 3, 2, 1, 0, 4, 1)] * 30,
    "a trend": (np.arange(400) / 3.0 + random.normal(0, 1, 400)).tolist(),
}
HOUR = 3600


class Case(NamedTuple):
    """A detector under some options."""

    name: str
    detector: type[Detector[Any]]
    options: DetectorOptions


def variants(detector: type[Detector[Any]]) -> list[DetectorOptions]:
    """The default options, a calibrated decision, and each choice of each option that has choices."""
    found: list[dict[str, object]] = [{}, {"false_alarm_rate": 0.01}]
    for field, schema in detector.options_type.model_json_schema()["properties"].items():
        default = detector.options_type.model_fields[field].default
        found += [{field: choice} for choice in schema.get("enum", ()) if choice != default]
    return [detector.options_type(**options) for options in found]


# Invariants that some detectors do not have by their nature, with the reason.
WITHOUT_BAND = {
    "auto": "its experts decide together; the band is that of the leading one",
    "dbscan": "a distance between feature vectors",
    "isolation_forest": "paths in trees",
    "kmeans": "a distance between subsequences",
    "local_outlier_factor": "a density of feature vectors",
    "one_class_svm": "a kernel of feature vectors",
    "sub_pca": "an error over a subsequence",
}


def parameter(case: Case) -> Any:
    """The case as pytest takes it. The same detectors that have no band take seconds to learn, and forests longest."""
    changed = case.options.model_dump(exclude_defaults=True)
    marks = [pytest.mark.slow] if case.name in WITHOUT_BAND else []
    if case.name == "isolation_forest" and changed:
        marks = [pytest.mark.long]
    return pytest.param(
        case, id="-".join([case.name, *(f"{option}={value}" for option, value in changed.items())]), marks=marks
    )


CASES = [
    parameter(Case(name, detector, options)) for name, detector in CATALOGUE.items() for options in variants(detector)
]
DEFAULTS = [parameter(Case(name, detector, detector.options_type())) for name, detector in CATALOGUE.items()]
over_all_cases = pytest.mark.parametrize("case", CASES)
over_defaults = pytest.mark.parametrize("case", DEFAULTS)
over_all_series = pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in SERIES.items()])

STREAMS = {"auto": "what comes before a point goes on teaching it"}


def fit(case: Case, values: Sequence[float]) -> Model | None:
    """The model, or None where the method says that it cannot learn from so little or such.

    Fitted once for all tests that ask for the same: judging does not change a model, and a learner takes long.
    """
    return _fit(case, tuple(values))


def fit_anew(case: Case, values: Sequence[float]) -> Model | None:
    """The same, from the beginning."""
    return _fit.__wrapped__(case, tuple(values))


@lru_cache(maxsize=100)
def _fit(case: Case, values: tuple[float, ...]) -> Model | None:
    refusal: CannotTrain | None = None
    try:
        return fit_model(hourly(values), case.options)
    except CannotTrain as error:
        refusal = error
    assert len(str(refusal)) > 20, "say what to change"
    assert refusal.option is None or refusal.option in case.detector.options_type.model_fields
    return None


def hourly(values: Sequence[float]) -> TimeSeries:
    times = np.arange(1_735_689_600, 1_735_689_600 + HOUR * len(values), HOUR, dtype=np.int64)
    return TimeSeries(times, np.array(values, dtype=np.float64))


@over_all_cases
def test_a_model_keeps_its_options(case):
    model = fit(case, SERIES["a season"])
    assert model is not None
    assert model.options == case.options


@over_all_cases
@over_all_series
def test_every_series_is_judged_soundly(case, values):
    """One fit for many invariants: a learner's takes long."""
    series = hourly(values)
    before = series.timestamps.tobytes(), series.values.tobytes()
    model = fit(case, values)
    if model is None:
        assert values is not SERIES["a season"]
        return
    first = model.review(series)
    check_scores(first, series)
    if case.name not in WITHOUT_BAND:
        check_band(first, series)
    probes = hourly([0.0, -0.0, 1.0, -1.0, MAX, -MAX, SMALLEST, -SMALLEST, values[0], math.nextafter(values[-1], 0)])
    check_scores(model.score(probes), probes)
    check_learned(model)
    check_model_comes_back(model, series)
    assert bits(model.review(series)) == bits(first), "judging must not change the model"
    assert (series.timestamps.tobytes(), series.values.tobytes()) == before


@over_defaults
@pytest.mark.parametrize("kind", ["noise", "a season", "repeated values", "a constant tail"])
class TestOnFewSeries:
    def test_the_same_fit_gives_the_same_model(self, case, kind):
        one, other = fit(case, SERIES[kind]), fit_anew(case, SERIES[kind])
        if one is None or other is None:
            assert one is other
            return
        assert through_json(one.parameters()) == through_json(other.parameters())
        assert same_arrays(one.arrays(), other.arrays())
        assert bits(one.review(hourly(SERIES[kind]))) == bits(other.review(hourly(SERIES[kind])))

    def test_a_point_is_judged_by_what_came_before_it_alone(self, case, kind):
        series = hourly(SERIES[kind])
        cut = len(series) - 40
        model = fit(case, SERIES[kind])
        if model is None:
            return
        if case.name in STREAMS:
            earlier = fit_model(series.part(0, cut), case.options)
            whole, later = earlier.review(series), earlier.score(series.part(cut))
        else:
            whole, later = model.review(series), model.score(series.part(cut), series.part(0, cut))
        expected = Scores(**{name: getattr(whole, name)[cut:] for name in ARRAYS})
        close(later, expected)

    def test_a_point_is_judged_alone_as_among_others(self, case, kind):
        series = hourly(SERIES[kind])
        model = fit(case, SERIES[kind])
        if model is None or case.name in STREAMS:
            return
        start = len(series) - 5
        together = model.score(series.part(start), series.part(0, start))
        for index in range(5):
            alone = model.score(series.part(start + index, start + index + 1), series.part(0, start + index))
            assert float(alone.severity[0]) == pytest.approx(float(together.severity[index]), rel=1e-9, nan_ok=True)
            assert alone.anomaly[0] == together.anomaly[index]

    def test_a_series_is_followed_however_it_is_cut_and_after_a_rest_in_storage(self, case, kind):
        series = hourly(SERIES[kind])
        cut = len(series) - 40
        model = fit(case, SERIES[kind][:cut])
        if model is None:
            return
        follower, judged = model.follow(), []
        for begin, end in ((cut, cut + 1), (cut + 1, cut + 30), (cut + 30, len(series))):
            scores, follower = follower.judge(series.part(begin, end))
            judged.append(scores)
            follower = model.follow(unpack_state(pack_state(follower.state())))
        together = Scores(**{name: np.concatenate([getattr(one, name) for one in judged]) for name in ARRAYS})
        close(together, model.score(series.part(cut)))

    def test_the_unit_of_the_series_does_not_matter(self, case, kind):
        factor = 2.0**-40
        one, other = fit(case, SERIES[kind]), fit(case, [factor * value for value in SERIES[kind]])
        if one is None or other is None:
            assert one is other
            return
        series = hourly(SERIES[kind])
        scores = one.review(series)
        scaled = other.review(TimeSeries(series.timestamps, factor * series.values))
        assert scaled.anomaly.tolist() == scores.anomaly.tolist()
        close(scaled, scores)
        np.testing.assert_allclose(scaled.expected, factor * scores.expected, rtol=1e-9)


@over_defaults
def test_where_zero_lies_does_not_matter(case):
    # Whole numbers, so that the shift is exact.
    values = np.rint(np.array(SERIES["a season"]) * 100).tolist()
    one, other = fit(case, values), fit(case, [value + 4096.0 for value in values])
    scores = one.review(hourly(values))
    shifted = other.review(hourly([value + 4096.0 for value in values]))
    if case.name in STREAMS:
        # Its units have no centre: it rounds otherwise where zero lies elsewhere.
        assert (shifted.anomaly != scores.anomaly).mean() < 0.01
    else:
        close(shifted, scores, 1e-6)


@over_all_cases
def test_what_is_further_from_the_expectation_is_no_less_severe(case):
    model = fit(case, SERIES["a season"])
    at = int(hourly(SERIES["a season"]).end) + HOUR
    usual = model.score(TimeSeries.of_point(at, 100.0))
    if case.name in WITHOUT_BAND or np.isnan(usual.expected[0]):
        return
    centre = float(usual.expected[0])
    side = case.options.model_dump().get("side", "both")
    if side in ("upper", "both"):
        check_severity_grows(model, at, [centre + 2.0**power for power in range(-6, 60, 2)])
    if side in ("lower", "both"):
        check_severity_grows(model, at, [centre - 2.0**power for power in range(-6, 60, 2)])


@over_defaults
def test_one_huge_outlier_is_seen_and_hides_nothing_for_long(case):
    values = list(SERIES["a season"])
    model = fit(case, values)
    tail = hourly(SERIES["a season"] * 2)
    following = tail.part(len(values), len(values) + 200)
    disturbed = following.values.copy()
    disturbed[10] = 1e12
    scores = model.score(TimeSeries(following.timestamps, disturbed))
    assert scores.anomaly[10]
    assert scores.severity[10] > 0.5
    assert scores.direction[10] == 1


@pytest.mark.long
@over_defaults
def test_a_quarter_of_a_million_points(case):
    values = np.random.default_rng(3).normal(100, 5, 250_000)
    series = TimeSeries(np.arange(250_000, dtype=np.int64) * 60, values)
    try:
        model = fit_model(series, case.options)
    except CannotTrain:
        assert "season" in case.name, "only what needs a season may refuse noise"
        return
    check_scores(model.review(series), series)
    assert len(json.dumps(dict(model.parameters()))) < 8_000, "parameters must leave the item small"
    assert len(pack_arrays(model.arrays())) < 10_000_000


@over_defaults
def test_no_points_are_no_judgements(case):
    model = fit(case, SERIES["a season"])
    check_scores(model.score(TimeSeries.empty()), TimeSeries.empty())


@over_defaults
def test_gaps_are_taken(case):
    """A day of each week is missing."""
    whole = hourly(SERIES["a season"])
    kept = np.arange(len(whole)) % 168 >= 24
    series = TimeSeries(whole.timestamps[kept], whole.values[kept])
    model = fit_model(series, case.options)
    scores = model.review(series)
    check_scores(scores, series)
    assert scores.anomaly.mean() < 0.05


@over_defaults
def test_time_at_both_ends_of_the_range(case):
    times = np.array([0, 1, 2, *range(LATEST - 300, LATEST + 1)], dtype=np.int64)
    series = TimeSeries(times, np.random.default_rng(1).normal(0, 1, times.size))
    try:
        model = fit_model(series, case.options)
    except CannotTrain:
        return
    check_scores(model.review(series), series)


@over_defaults
@hypothesis_settings(max_examples=25)
@given(values=training_values(), probes=st.lists(doubles | extreme_doubles, min_size=1, max_size=10))
def test_any_series_that_passed_preflight(case, values, probes):
    model = fit_anew(case, values)
    if model is None:
        return
    check_scores(model.review(hourly(values)), hourly(values))
    check_scores(model.score(hourly(probes)), hourly(probes))
    check_learned(model)
    assert bits(stored_and_loaded(model).score(hourly(probes))) == bits(model.score(hourly(probes)))
