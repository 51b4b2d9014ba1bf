"""Evaluation: what is told of contenders whose behaviour is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tidewatch.deadline import Deadline, DeadlineExceeded
from tidewatch.detectors import CATALOGUE, CATALOGUE_OF_ROWS, fit_model, fit_rows
from tidewatch.lifecycle.evaluation import Candidate, CannotEvaluate, EvaluationOptions, Fitted, evaluate, figures_of
from tidewatch.lifecycle.evaluation.injection import KINDS, Injector
from tidewatch.lifecycle.evaluation.judged import average_precision
from tidewatch.lifecycle.evaluation.plan import Fold, split
from tidewatch.series import Frame, TimeSeries

from tests.support.environment import ROOT

START = 1_760_000_400
FEW = EvaluationOptions(trials=1, folds=2)


def noise(points=400, seed=0):
    values = np.random.default_rng(seed).normal(10.0, 0.5, points)
    return TimeSeries(START + 60 * np.arange(points), values)


def daily(points=480):
    wave = 5.0 * np.sin(2 * np.pi * np.arange(points) / 24)
    return TimeSeries(START + 3600 * np.arange(points), wave + noise(points).values)


def rows(points=300):
    x1 = noise(points).values
    values = np.column_stack([x1, 2.0 * x1 + noise(points, 1).values / 50, np.full(points, 3.0)])
    return Frame(START + 60 * np.arange(points), values, ("x1", "x2", "x3"))


def candidate(detector="three_sigma", name=None, **options):
    return Candidate(name or detector, CATALOGUE[detector].options_type(**options))


def of_rows(detector="mahalanobis", **options):
    return Candidate(detector, CATALOGUE_OF_ROWS[detector].options_type(**options))


def fitted(series, name="v1", detector="three_sigma"):
    return Fitted(name, fit_model(series, CATALOGUE[detector].options_type()), series.start, series.end)


def only(report):
    (contender,) = report.contenders
    assert contender.problem is None
    return contender


def by_kind(contender):
    return {failure.kind: failure for failure in contender.failures}


def with_anomalies(series, *places):
    values = series.values.copy()
    values[list(places)] += 20.0
    return TimeSeries(series.timestamps, values)


def test_the_same_arguments_give_the_same_report_which_json_can_hold():
    contenders = [candidate(), candidate("mad", false_alarm_rate=0.01)]
    one, other = (evaluate(daily(), contenders, options=EvaluationOptions(seed=7)) for _ in range(2))
    told = one.to_json()
    assert told == other.to_json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told | {
        name: list(told[name]) for name in ("anomalies", "contenders", "agreements")
    }
    assert evaluate(daily(), contenders, options=EvaluationOptions(seed=8)).to_json() != told


def test_folds_follow_one_another_and_detectors_learn_from_what_came_before():
    contender = only(report := evaluate(noise(400), [candidate()]))
    assert (report.points, report.points_before, report.folds) == (200, 200, 5)
    folds = contender.alarm_rate.folds
    assert [fold.judged for fold in folds] == [40] * 5
    assert [fold.start for fold in folds] == [START + 60 * (200 + 40 * index) for index in range(5)]
    assert folds[-1].end == START + 60 * 399


def test_spikes_are_found_at_once_and_drifts_late():
    found = by_kind(only(evaluate(noise(), [candidate(side="both")])))
    assert (found["spike"].recall, found["spike"].delay, found["spike"].trials) == (1.0, 0.0, 20)
    assert found["drift"].recall == 1.0
    assert 2 < found["drift"].delay < 40
    assert found["spike"].by_chance <= 0.05


def test_a_side_that_is_not_watched_shows():
    found = by_kind(only(evaluate(noise(), [candidate(side="upper")])))
    assert (found["spike"].recall, found["dip"].recall) == (1.0, 0.0)


def test_only_who_knows_the_season_sees_that_it_is_missing():
    report = evaluate(daily(), [candidate(), candidate("holt_winters")])
    blind, seeing = (by_kind(contender) for contender in report.contenders)
    assert (blind["missing_season"].recall, blind["spike"].recall) == (0.0, 0.0)
    assert seeing["missing_season"].recall > 0.8
    assert seeing["missing_season"].length == 48 // 3
    assert by_kind(only(evaluate(noise(), [candidate()])))["missing_season"].recall is None


def test_the_promised_rate_stands_beside_the_one_that_was_kept():
    rate = only(evaluate(noise(2000), [candidate("mad", false_alarm_rate=0.05)])).alarm_rate
    assert rate.promised == 0.05
    assert rate.ratio == pytest.approx(rate.rate / 0.05)
    assert 0.3 < rate.ratio < 3.0
    assert rate.lowest <= rate.rate <= rate.highest
    assert 0.05 < rate.below["0.1"] < 0.2


def test_a_contender_agrees_with_itself():
    series = with_anomalies(noise(), 250, 300, 350)
    (pair,) = evaluate(series, [candidate(), candidate(name="again")]).agreements
    assert (pair.first, pair.second, pair.kappa, pair.jaccard) == ("three_sigma", "again", 1.0, 1.0)
    (pair,) = evaluate(series, [candidate(side="upper"), candidate(name="low", side="lower")]).agreements
    assert pair.jaccard == 0.0
    assert pair.kappa < 0.0


def test_labels_tell_right_from_wrong():
    series = with_anomalies(noise(), 250, 251, 350)
    labels = {int(time): False for time in series.timestamps}
    labels |= {int(series.timestamps[place]): True for place in (249, 250, 251, 390)}
    report = evaluate(series, [candidate()], labels=labels)
    told = only(report).labels
    assert (report.labelled, report.labelled_anomalies, report.labelled_events) == (200, 4, 2)
    assert (told.hits, told.misses, told.found_events, told.missed_events) == (2, 2, 1, 1)
    assert told.points.recall == 0.5
    # It began one point late; and 350 was usual, people say.
    assert told.delay == 1.0
    assert told.false_alarms >= 1
    assert told.average_precision > 0.3
    figures = figures_of(only(report))
    assert (figures["labelled_recall"], figures["delay"]) == (0.5, 1.0)
    assert figures == figures_of(report.to_json()["contenders"][0])


def test_what_nobody_labelled_is_neither_right_nor_wrong():
    series = with_anomalies(noise(), 250, 350)
    told = only(evaluate(series, [candidate()], labels={int(series.timestamps[250]): True})).labels
    assert (told.hits, told.false_alarms, told.false_events) == (1, 0, 0)
    assert told.events.precision == 1.0
    assert only(evaluate(series, [candidate()], labels={5: True})).labels is None


@pytest.mark.slow
def test_serving_judges_as_training_did():
    serving = [
        each.serving for each in evaluate(daily(200), [candidate("auto"), candidate("kmeans")], options=FEW).contenders
    ]
    assert [(each.equal, each.points, each.largest_difference) for each in serving] == [(True, 50, 0.0)] * 2


def test_a_model_that_loses_something_on_its_way_to_storage_is_caught(monkeypatch):
    model = fit_model(noise(), CATALOGUE["three_sigma"].options_type())
    spoiled = json.loads(json.dumps(model.parameters()))
    spoiled["method"] = {name: value * 1.5 for name, value in spoiled["method"].items()}
    monkeypatch.setattr(type(model), "parameters", lambda _: spoiled)
    serving = only(evaluate(noise(200, 3), [Fitted("v1", model, 0, 1)])).serving
    assert (serving.equal, serving.stored_differs, serving.single_differs) == (False, 50, 0)
    assert serving.largest_difference > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["moving_average", "auto"])
def test_a_model_that_came_trained_judges_what_follows_and_says_what_it_saw(detector):
    series = with_anomalies(noise(500), 450)
    model = fitted(series.part(0, 300), detector=detector)
    fresh = only(evaluate(series.part(300), [model], options=FEW))
    assert (fresh.seen, fresh.trained) == (0.0, "before")
    assert int(series.timestamps[450]) in fresh.alarms
    # The same judgements as at once, though by folds.
    at_once = model.model.score(series.part(300))
    assert fresh.alarms == series.timestamps[300:][at_once.anomaly].tolist()
    mixed = only(evaluate(series, [model], options=FEW))
    assert mixed.seen == 0.6
    assert int(series.timestamps[450]) in mixed.alarms


def test_rows():
    model = Fitted("v1", fit_rows(rows(), CATALOGUE_OF_ROWS["pca"].options_type()), START, START + 60 * 299)
    report = evaluate(rows(), [of_rows(), model])
    assert report.kind == "rows"
    first, second = report.contenders
    assert (first.problem, second.problem, second.seen) == (None, None, 1.0)
    assert [failure.kind for failure in first.failures] == list(KINDS)
    # x2 follows x1: who looks at both sees that one of them does not.
    assert by_kind(first)["decoupled"].recall > 0.8
    assert (first.serving.equal, second.serving.equal) == (True, True)


def test_one_that_cannot_be_evaluated_does_not_spoil_the_others():
    gaps = rows()
    gaps = Frame(gaps.timestamps, np.where(gaps.values == gaps.values[7, 0], np.nan, gaps.values), gaps.names)
    other = Fitted("v9", fit_rows(rows().select(["x1", "x2"]), CATALOGUE_OF_ROWS["pca"].options_type()), 0, 1)
    contenders = [candidate(), of_rows("pca", missing="hold"), of_rows("knn"), other]
    report = evaluate(gaps.select(["x1", "x3"]), contenders)
    problems = [each.problem or "" for each in report.contenders]
    assert [
        word in problem for word, problem in zip(("single values", "", "missing values", "x2"), problems, strict=True)
    ]
    assert [bool(problem) for problem in problems] == [True, False, True, True]
    assert report.agreements == []
    short = evaluate(noise(120), [candidate("holt_winters", period=60), candidate()])
    assert [bool(each.problem) for each in short.contenders] == [True, False]


def test_what_cannot_be_evaluated_at_all():
    with pytest.raises(CannotEvaluate, match="at least 100 points, got 99"):
        evaluate(noise(99), [candidate()])
    with pytest.raises(CannotEvaluate, match="different names"):
        evaluate(noise(), [candidate(), candidate()])
    with pytest.raises(CannotEvaluate, match="1 to 8"):
        evaluate(noise(), [])
    with pytest.raises(ValueError, match="folds must be"):
        EvaluationOptions(folds=0)


def test_work_is_bounded():
    options = EvaluationOptions(most_points=200)
    told = []
    report = evaluate(noise(500), [candidate()], options=options, progress=lambda *step: told.append(step))
    assert (report.points_left_out, report.points) == (300, 100)
    assert told == [(done, 11) for done in range(1, 12)]
    with pytest.raises(DeadlineExceeded):
        evaluate(noise(), [candidate()], deadline=Deadline.after(-1))


def test_a_series_of_equal_values_has_nothing_to_find():
    flat = TimeSeries(START + 60 * np.arange(200), np.full(200, 5.0))
    contender = only(evaluate(flat, [candidate()]))
    assert contender.alarm_rate.rate == 0.0
    assert by_kind(contender)["flat_line"].recall is None


@settings(max_examples=40)
@given(
    st.lists(st.floats(-1e308, 1e308), min_size=30, max_size=60),
    st.sampled_from(sorted(set(KINDS) - {"decoupled"})),
    st.integers(0, 2**32 - 1),
)
def test_an_anomaly_changes_its_own_points_only_and_stays_finite(values, kind, seed):
    series = TimeSeries(START + 60 * np.arange(len(values)), np.array(values))
    (fold,) = split(len(series), 1, training=True)
    injected = Injector(series, None, 8.0, seed).inject(kind, fold, 0, 5)
    if injected is None:
        return
    before = series.values[fold.start : fold.start + len(injected.points)]
    after = injected.points.values
    assert np.isfinite(after).all()
    assert after[: injected.start].tolist() == before[: injected.start].tolist()
    assert after[injected.end :].tolist() == before[injected.end :].tolist()
    assert 0 <= injected.start < injected.end <= fold.size


def test_anomalies_are_put_where_none_is_labelled():
    truth = np.zeros(100, dtype=np.int8)
    truth[:90] = 1
    injector = Injector(noise(100), truth, 8.0, 0)
    places = [injector.inject("spike", Fold(0, 100), trial, 0).start for trial in range(20)]
    assert sum(place < 90 for place in places) <= 6


def test_average_precision_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    truth = (random.random(200) < 0.2).astype(np.int8)
    p_value = np.round(random.random(200), 1)
    assert average_precision(truth, p_value) == pytest.approx(metrics.average_precision_score(truth, -p_value))
    truth[50:] = -1
    known = slice(0, 50)
    assert average_precision(truth, p_value) == pytest.approx(
        metrics.average_precision_score(truth[known], -p_value[known])
    )
    assert average_precision(np.zeros(3, dtype=np.int8), np.ones(3)) is None


def test_figures_of_one_that_could_not_be_evaluated():
    report = only(evaluate(noise(), [candidate()]))
    lost = replace(report, problem="no", alarm_rate=None, failures=(), recall=None, serving=None)
    assert figures_of(lost) == {"seen": 0.0, "recall": None}


def test_days_are_those_of_the_time_zone(monkeypatch):
    zones = []
    monkeypatch.setattr(
        "tidewatch.lifecycle.evaluation.contenders.fit_model",
        lambda *args, timezone, **more: zones.append(timezone) or fit_model(*args, timezone=timezone, **more),
    )
    contender = replace(candidate("holt_winters"), timezone="Europe/Berlin")
    report = evaluate(daily(), [contender], options=FEW)
    assert set(zones) == {"Europe/Berlin"}
    assert only(report).serving.equal


def test_the_example_of_the_page():
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    found = {}
    exec(page.partition("```python\n")[2].partition("```")[0], found)  # noqa: S102 - our own page
    assert found["recalls"] == {"mad": 0.0, "holt_winters": 1.0}
