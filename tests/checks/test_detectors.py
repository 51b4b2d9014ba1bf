"""What every detector of the catalogue must hold to. A new one is checked here by being in the catalogue."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tidewatch.detectors import CATALOGUE, Detector, DetectorOptions, Model, Scores, model_from_parameters
from tidewatch.series import LATEST, TimeSeries

from tests.support.strategies import MAX, SMALLEST, doubles, extreme_doubles, training_values

DETECTORS = [pytest.param(name, id=name) for name in CATALOGUE]
ARRAYS = {"anomaly": np.bool_, "score": np.float64, "expected": np.float64, "lower": np.float64, "upper": np.float64}

random = np.random.default_rng(7)
SERIES: dict[str, list[float]] = {
    "five points": [1.0, 2.0, 3.0, 4.0, 6.0],
    "noise": random.normal(50, 4, 500).tolist(),
    "one huge outlier": [*random.normal(0, 1, 99).tolist(), 1e300],
    "repeated values": [1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 2.0, 1.0],
    "all equal but one": [5.0] * 50 + [5.000000000000001],
    "largest doubles": [MAX, -MAX, MAX, -MAX, MAX, 0.0],
    "smallest doubles": [SMALLEST, 0.0, -SMALLEST, 2 * SMALLEST, 0.0, SMALLEST],
    "all magnitudes": [1e308, 1e-308, 1.0, -1e200, SMALLEST, 0.0, -1e-200, -1e308],
    "large mean, tiny spread": [1e15 + step / 8 for step in (0, 1, 3, 2, 1, 0, 4, 1)],
    "a sine": [math.sin(step / 10) for step in range(300)],
}


class Case(NamedTuple):
    """A detector under some options."""

    name: str
    detector: Detector
    options: DetectorOptions


def variants(detector: Detector) -> list[DetectorOptions]:
    """The default options, and each choice of each option that has choices."""
    found = [{}]
    for field, schema in detector.options_type.model_json_schema()["properties"].items():
        found += [{field: choice} for choice in schema.get("enum", ())]
    return [detector.options_type(**options) for options in found]


CASES = [
    pytest.param(Case(name, detector, options), id="-".join(map(str, options.model_dump().values())))
    for name, detector in CATALOGUE.items()
    for options in variants(detector)[1:] or variants(detector)
]
over_all_cases = pytest.mark.parametrize("case", CASES)
over_all_series = pytest.mark.parametrize("values", [pytest.param(values, id=name) for name, values in SERIES.items()])


def series_of(values: Sequence[float], step: int = 60) -> TimeSeries:
    times = np.arange(1_735_689_600, 1_735_689_600 + step * len(values), step, dtype=np.int64)
    return TimeSeries(times, np.array(values, dtype=np.float64))


def fit(case: Case, values: Sequence[float]) -> Model:
    return case.detector.fit(series_of(values), case.options)


def bits(scores: Scores) -> dict[str, bytes]:
    return {name: getattr(scores, name).tobytes() for name in ARRAYS}


def check_scores(scores: Scores, values: Sequence[float]) -> None:
    """What must hold of every judgement."""
    points = np.array(values, dtype=np.float64)
    for name, dtype in ARRAYS.items():
        array = getattr(scores, name)
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (np.dtype(dtype), points.shape), name
    assert np.isfinite(scores.score).all()
    assert np.isfinite(scores.expected).all()
    assert not np.isinf(scores.lower).any(), "a limit that is not there is NaN"
    assert not np.isinf(scores.upper).any(), "a limit that is not there is NaN"
    # NaN compares false: a side without a limit is never crossed.
    outside = (points > scores.upper) | (points < scores.lower)
    assert scores.anomaly.tolist() == outside.tolist(), "anomaly and band contradict each other"


@pytest.mark.parametrize("name", DETECTORS)
class TestOptions:
    def test_have_defaults(self, name):
        assert CATALOGUE[name].options_type().name == name

    def test_defaults_pass_through_json(self, name):
        options_type = CATALOGUE[name].options_type
        assert options_type.model_validate(json.loads(options_type().model_dump_json())) == options_type()

    def test_reject_an_unknown_one(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type(no_such_option=1)

    def test_reject_another_detectors_name(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type(name="no_such_detector")

    def test_reject_what_is_of_no_option_s_type(self, name):
        for field in CATALOGUE[name].options_type.model_fields:
            for nonsense in (object(), [], {}, "no such choice", float("nan"), float("inf")):
                with pytest.raises(ValidationError):
                    CATALOGUE[name].options_type(**{field: nonsense})

    def test_reject_numbers_beyond_their_bounds(self, name):
        options_type = CATALOGUE[name].options_type
        for field, schema in options_type.model_json_schema()["properties"].items():
            beyond = [schema[bound] for bound in ("exclusiveMinimum", "exclusiveMaximum") if bound in schema]
            beyond += [schema["minimum"] - 1] if "minimum" in schema else []
            beyond += [schema["maximum"] + 1] if "maximum" in schema else []
            assert beyond or schema.get("type") not in ("number", "integer"), f"{field} has no bounds"
            for value in beyond:
                with pytest.raises(ValidationError):
                    options_type(**{field: value})

    def test_each_is_described_for_the_api_s_documentation(self, name):
        fields = CATALOGUE[name].options_type.model_fields
        assert all(field.description for option, field in fields.items() if option != "name")

    def test_cannot_be_changed(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type().name = name

    def test_a_series_of_options_is_kept_by_the_model(self, name):
        for options in variants(CATALOGUE[name]):
            assert fit(Case(name, CATALOGUE[name], options), SERIES["noise"]).options == options


def test_names_are_unique_and_the_keys_of_the_catalogue():
    names = [detector.options_type().name for detector in CATALOGUE.values()]
    assert names == list(CATALOGUE)
    assert len(set(names)) == len(names)


@over_all_cases
@over_all_series
class TestOnEverySeries:
    def test_the_judgement_is_well_formed(self, case, values):
        check_scores(fit(case, values).score(series_of(values)), values)

    def test_points_that_were_never_seen_are_judged_too(self, case, values):
        probes = [0.0, -0.0, 1.0, -1.0, MAX, -MAX, SMALLEST, -SMALLEST, values[0], math.nextafter(values[-1], 0)]
        check_scores(fit(case, values).score(series_of(probes)), probes)

    def test_the_same_fit_gives_the_same_model(self, case, values):
        one, other = fit(case, values), fit(case, values)
        assert json.dumps(one.parameters()) == json.dumps(other.parameters())
        assert bits(one.score(series_of(values))) == bits(other.score(series_of(values)))

    def test_scoring_changes_nothing(self, case, values):
        model = fit(case, values)
        before = json.dumps(model.parameters())
        first = bits(model.score(series_of(values)))
        model.score(series_of([MAX, -MAX, 0.0]))
        assert bits(model.score(series_of(values))) == first
        assert json.dumps(model.parameters()) == before

    def test_the_input_is_not_changed(self, case, values):
        series = series_of(values)
        before = series.timestamps.tobytes(), series.values.tobytes()
        case.detector.fit(series, case.options).score(series)
        assert (series.timestamps.tobytes(), series.values.tobytes()) == before

    def test_a_model_comes_back_from_json(self, case, values):
        model = fit(case, values)
        options, parameters = through_json(model.options.model_dump()), through_json(model.parameters())
        for restored in (
            case.detector.restore(options, parameters),
            model_from_parameters(case.name, options, parameters),
        ):
            assert restored.options == model.options
            assert restored.parameters() == model.parameters()
            assert restored.learned() == model.learned()
            assert bits(restored.score(series_of(values))) == bits(model.score(series_of(values)))

    def test_what_it_learned_is_json_for_people(self, case, values):
        learned = fit(case, values).learned()
        assert learned
        assert through_json(learned) == learned
        assert all(value is None or (type(value) is float and math.isfinite(value)) for value in learned.values())

    def test_a_point_is_judged_alone_as_among_others(self, case, values):
        model, some = fit(case, values), values[:10]
        together = model.score(series_of(some))
        for index, value in enumerate(some):
            alone = model.score(TimeSeries.of_point(int(series_of(some).timestamps[index]), value))
            assert (alone.anomaly[0], alone.score[0]) == (together.anomaly[index], together.score[index])


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(dict(value), allow_nan=False))


@over_all_cases
def test_a_quarter_of_a_million_points(case):
    values = np.random.default_rng(3).normal(100, 5, 250_000)
    series = TimeSeries(np.arange(250_000, dtype=np.int64) * 60, values)
    model = case.detector.fit(series, case.options)
    check_scores(model.score(series), values.tolist())
    assert len(json.dumps(model.parameters())) < 100_000, "parameters must fit into a DynamoDB item with room to spare"


@over_all_cases
def test_no_points_are_no_judgements(case):
    scores = fit(case, SERIES["noise"]).score(TimeSeries(np.array([], dtype=np.int64), np.array([])))
    check_scores(scores, [])


@over_all_cases
def test_time_at_both_ends_of_the_range(case):
    times = np.array([0, 1, 2, LATEST - 1, LATEST], dtype=np.int64)
    series = TimeSeries(times, np.array([1.0, 2.0, 3.0, 4.0, 6.0]))
    check_scores(case.detector.fit(series, case.options).score(series), series.values.tolist())


@over_all_cases
@hypothesis_settings(max_examples=60)
@given(values=training_values(), probes=st.lists(doubles | extreme_doubles, min_size=1, max_size=10))
def test_any_series_that_passed_preflight(case, values, probes):
    model = fit(case, values)
    check_scores(model.score(series_of(values)), values)
    check_scores(model.score(series_of(probes)), probes)
    restored = case.detector.restore(through_json(model.options.model_dump()), through_json(model.parameters()))
    assert bits(restored.score(series_of(probes))) == bits(model.score(series_of(probes)))
    assert through_json(model.learned()) == model.learned()
