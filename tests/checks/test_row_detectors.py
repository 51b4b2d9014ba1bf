"""What every detector of rows must hold to. A new one is checked here by being in the catalogue."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE_OF_ROWS, CannotTrain, RowScores, RowsModel, fit_rows, restore_model
from tidewatch.registry.encoding import pack_arrays, unpack_arrays
from tidewatch.series import Frame

from tests.checks.invariants import check_learned, same_arrays, through_json
from tests.support.strategies import MAX, SMALLEST

NAMES = ("x1", "x2", "x3")
ROWS = 400
random = np.random.default_rng(7)
LOAD = np.sin(np.arange(ROWS) * 2 * np.pi / 24)[:, None] + random.normal(0, 0.3, (ROWS, 1))
TOGETHER = LOAD * [1.0, -2.0, 5.0] + random.normal(0, 0.2, (ROWS, 3)) + [10.0, 0.0, -300.0]
EXTREMES = np.array([MAX, -MAX, SMALLEST, -SMALLEST, 0.0, 1e300, 1.0])
VALUES: dict[str, np.ndarray] = {
    "noise": random.normal(50, 4, (ROWS, 3)),
    "together": TOGETHER,
    "one huge row": np.concatenate([TOGETHER[:-1], [[1e300, -1e300, 1e300]]]),
    "the same twice": TOGETHER[:, [0, 0, 1]],
    "repeated rows": np.tile([[1.0, 1.0, 2.0], [1.0, 2.0, 2.0], [2.0, 1.0, 1.0], [1.0, 1.0, 2.0]], (100, 1)),
    "mostly constant": np.where(random.random((ROWS, 3)) < 0.02, 7.0, 5.0),
    "all magnitudes": random.choice(EXTREMES, (ROWS, 3)),
    "large mean, tiny spread": 1e15 + random.integers(0, 8, (ROWS, 3)) / 8.0,
}
JUDGEMENT = ("anomaly", "score", "p_value", "severity", "contributions", "warming_up")

over_detectors = pytest.mark.parametrize("name", CATALOGUE_OF_ROWS)
over_values = pytest.mark.parametrize("kind", VALUES)


def hourly(values: Any, start: int = 0) -> Frame:
    times = 1_735_689_600 + 3600 * np.arange(start, start + len(values), dtype=np.int64)
    return Frame(times, np.array(values, dtype=np.float64), NAMES)


@lru_cache(maxsize=100)
def fit(name: str, kind: str, **options: Any) -> RowsModel:
    return fit_anew(name, VALUES[kind], **options)


def fit_anew(name: str, values: np.ndarray, **options: Any) -> RowsModel:
    return fit_rows(hourly(values), CATALOGUE_OF_ROWS[name].options_type(**options))


def bits(scores: RowScores) -> dict[str, bytes]:
    return {each: getattr(scores, each).tobytes() for each in JUDGEMENT}


def check(scores: RowScores, rows: int) -> None:
    """What must hold of every judgement."""
    assert all(len(getattr(scores, each)) == rows for each in JUDGEMENT)
    judged = ~scores.warming_up
    for each in ("score", "p_value", "severity"):
        assert np.isfinite(getattr(scores, each)[judged]).all(), each
        assert np.isnan(getattr(scores, each)[~judged]).all(), f"{each} while warming up"
    assert ((scores.p_value[judged] > 0) & (scores.p_value[judged] <= 1)).all()
    assert ((scores.severity[judged] >= 0) & (scores.severity[judged] <= 1)).all()
    assert not scores.anomaly[~judged].any()
    shares = scores.contributions[judged]
    assert shares.shape[1] == len(scores.names)
    assert (shares >= 0).all()
    total = shares.sum(axis=1)
    assert np.isclose(total, 1.0)[total > 0].all()


@over_detectors
@over_values
def test_rows_of_every_kind_are_judged_soundly(name, kind):
    """One fit for many invariants: a learner's takes long."""
    model, frame = fit(name, kind), hourly(VALUES[kind])
    first = model.review(frame)
    check(first, ROWS)
    probes = hourly(np.stack(np.meshgrid(EXTREMES, EXTREMES, [0.0, MAX]), axis=-1).reshape(-1, 3), ROWS)
    check(model.score(probes), len(probes))
    check_learned(model)
    stored = through_json(model.options.model_dump()), through_json(model.parameters())
    restored = restore_model(name, *stored, unpack_arrays(pack_arrays(model.arrays())))
    assert isinstance(restored, RowsModel)
    assert restored.variables == NAMES
    assert same_arrays(restored.arrays(), model.arrays())
    assert bits(restored.score(probes)) == bits(model.score(probes))
    assert bits(restored.review(frame)) == bits(first), "judging must not change the model"


@over_detectors
def test_the_same_fit_gives_the_same_model(name):
    one, other = fit(name, "together"), fit_anew(name, TOGETHER)
    assert through_json(one.parameters()) == through_json(other.parameters())
    assert same_arrays(one.arrays(), other.arrays())


@over_detectors
def test_a_row_is_judged_alone_as_among_others(name):
    options = {"median_window": 3, "false_alarm_rate": 0.02}
    model, frame = fit_anew(name, TOGETHER, **options), hourly(TOGETHER)
    together = model.review(frame)
    for place in range(ROWS - 20, ROWS):
        alone = model.score(frame.part(place, place + 1), frame.part(0, place))
        assert float(alone.severity[0]) == pytest.approx(float(together.severity[place]), rel=1e-6)
        np.testing.assert_allclose(alone.contributions[0], together.contributions[place], atol=1e-9)
        assert alone.anomaly[0] == together.anomaly[place]


@over_detectors
def test_rows_without_context_follow_the_training_data(name):
    model, later = fit_anew(name, TOGETHER, median_window=3), hourly(TOGETHER[:30], ROWS)
    assert bits(model.score(later)) == bits(model.score(later, hourly(TOGETHER)))
    assert not model.score(later).warming_up.any()


@over_detectors
def test_the_units_of_variables_do_not_matter(name):
    factors = np.array([8.0, 2.0**-40, 1.0])
    one, other = fit(name, "together"), fit_anew(name, factors * TOGETHER)
    first, second = one.review(hourly(TOGETHER)), other.review(hourly(factors * TOGETHER))
    assert first.anomaly.tolist() == second.anomaly.tolist()
    np.testing.assert_allclose(first.contributions, second.contributions, rtol=1e-9)


@over_detectors
def test_what_is_far_off_is_an_anomaly_of_its_variable(name):
    # A forest sees one variable at a time: of three, one that is off is little to it.
    model = fit_anew(name, TOGETHER, false_alarm_rate=0.05)
    rows = np.tile(TOGETHER[-24], (3, 1))
    rows[np.arange(3), np.arange(3)] += [30.0, -60.0, 150.0]
    for place in range(3):
        scores = model.score(hourly(rows[[place]], ROWS))
        assert scores.names[int(scores.contributions[0].argmax())] == NAMES[place]
        assert scores.anomaly[0]


@over_detectors
def test_constant_variables_are_left_out_and_told(name):
    values = TOGETHER.copy()
    values[:, 1] = 4.0
    model = fit_anew(name, values)
    assert (model.variables, model.constant) == (NAMES, ("x2",))
    assert "x2" not in model.score(hourly(values[:5], ROWS)).names
    with pytest.raises(CannotTrain, match="every variable is constant"):
        fit_anew(name, np.ones((ROWS, 3)))


@over_detectors
@pytest.mark.parametrize("policy", ["hold", "skip"])
def test_missing_values_are_judged_by_the_policy(name, policy):
    values = TOGETHER.copy()
    values[random.random(values.shape) < 0.1] = np.nan
    model = fit_anew(name, values, missing=policy)
    assert model.takes_missing
    check(model.review(hourly(values)), ROWS)
    row = TOGETHER[[-24]].copy()
    row[0, 2] = np.nan
    scores = model.score(hourly(row, ROWS), hourly(TOGETHER[:-24]))
    check(scores, 1)
    if policy == "skip":
        assert scores.contributions[0, 2] == 0.0
        assert scores.p_value[0] > 0.001
    else:
        held = np.where(np.isnan(row), TOGETHER[-25], row)
        assert bits(scores) == bits(model.score(hourly(held, ROWS), hourly(TOGETHER[:-24])))


@over_detectors
def test_the_calendar_is_judged_like_a_variable(name):
    hours = np.arange(2 * ROWS)
    values = random.normal(0, 0.1, (hours.size, 3)) + np.sin(hours * 2 * np.pi / 24)[:, None]
    model = fit_anew(name, values, calendar=["hour", "dayofweek"], false_alarm_rate=0.01)
    scores = model.review(hourly(values))
    check(scores, len(values))
    assert scores.names == (*NAMES, "hour", "dayofweek")


@over_detectors
def test_a_median_takes_flicker_for_nothing(name):
    flicker = TOGETHER[100:140].copy()
    flicker[20] += 1e3
    plain, calm = (
        fit_anew(name, TOGETHER, median_window=window, false_alarm_rate=0.01).score(
            hourly(flicker), hourly(TOGETHER[:100])
        )
        for window in (1, 3)
    )
    assert plain.anomaly[20]
    assert not calm.anomaly[20]


@over_detectors
def test_too_few_rows_are_refused_with_how_many_it_takes(name):
    with pytest.raises(CannotTrain, match=r"needs at least \d+ rows of 3 variables"):
        fit_anew(name, TOGETHER[:10])


@over_detectors
@pytest.mark.slow
def test_usual_rows_are_called_anomalies_at_the_stated_rate(name):
    """Means over fits with fixed seeds, some training rows wild; bounds are about four standard errors wide."""
    p_values = []
    for seed in range(4):
        fresh = np.random.default_rng(seed)
        values = fresh.normal(size=(1_500, 2)) @ fresh.normal(size=(2, 3)) + 0.5 * fresh.normal(size=(1_500, 3))
        values[fresh.choice(1_000, 8, replace=False)] = 1e6
        model = fit_anew(name, values[:1_000])
        p_values.append(model.score(hourly(values[1_000:], 1_000)).p_value[10:])
    for rate in (0.01, 0.05):
        assert rate / 3 <= (np.concatenate(p_values) <= rate).mean() <= 2.2 * rate
