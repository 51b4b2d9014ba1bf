"""The picture of an evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tidewatch.detectors import CATALOGUE
from tidewatch.lifecycle.evaluation import Candidate, EvaluationOptions, evaluate
from tidewatch.plotting import PlotRequest
from tidewatch.plotting.evaluation import SMALLEST_WIDTH, compose_evaluation, render_evaluation, usual_height
from tidewatch.series import TimeSeries

REQUEST = PlotRequest("a · evaluation", width=1200, height=500)


@pytest.fixture(scope="module")
def report():
    values = np.random.default_rng(0).normal(10.0, 0.5, 400)
    values[300] += 20.0
    series = TimeSeries(1_760_000_400 + 60 * np.arange(400), values)
    contenders = [
        Candidate("mad", CATALOGUE["mad"].options_type(false_alarm_rate=0.01)),
        Candidate("$x$ <b>" * 20, CATALOGUE["three_sigma"].options_type()),
        Candidate("holt_winters", CATALOGUE["holt_winters"].options_type(period=150)),
    ]
    labels = {int(time): place == 300 for place, time in enumerate(series.timestamps)}
    found = evaluate(series, contenders, labels=labels, options=EvaluationOptions(trials=5))
    assert [bool(each.problem) for each in found.contenders] == [False, False, True]
    return found


def words(figure):
    return [text.get_text() for text in figure.texts] + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_it_tells_of_each_contender(report):
    figure, (title, *facts) = compose_evaluation(report.to_json(), REQUEST)
    said = words(figure)
    assert title == "a · evaluation"
    assert "200 points judged in 5 folds" in facts
    assert "200 labels, 1 event of anomalies among them" in facts
    first, _, third = report.contenders
    assert {"mad", "labelled", "1 mad", "100 %", "to the bit", "level", "AP"} <= set(said)
    assert "missing" not in said, "there is no season"
    assert any(text.startswith(third.problem[:20]) for text in said)
    assert f"{100 * first.alarm_rate.rate:.2g} %" in said


def test_equal_arguments_give_equal_bytes_of_the_size_asked_for(report):
    told = report.to_json()
    assert render_evaluation(told, REQUEST) == render_evaluation(told, REQUEST)
    png = render_evaluation(told, REQUEST)
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (1200, 500)
    svg = render_evaluation(told, replace(REQUEST, format="svg", theme="dark", width=SMALLEST_WIDTH, height=320))
    assert b"<svg" in svg
    assert b"time (UTC)" in svg


def test_all_has_room_at_the_usual_height(report):
    told = report.to_json()
    for width in (SMALLEST_WIDTH, 1200, 2400):
        height = usual_height(told, width)
        figure, _ = compose_evaluation(told, PlotRequest("a", width=width, height=height))
        assert min(axes.get_position().y0 for axes in figure.axes) > 0.0


def test_nothing_to_tell(report):
    lost = replace(
        report.contenders[0],
        problem="no",
        alarm_rate=None,
        failures=(),
        recall=None,
        labels=None,
        serving=None,
        alarms=(),
    )
    empty = replace(report, contenders=[lost], agreements=[], labelled=0, labelled_anomalies=0, anomalies=())
    assert render_evaluation(empty.to_json(), REQUEST).startswith(b"\x89PNG")
