"""What `make cost` computes, and that the documentation says the same."""

from __future__ import annotations

import re

import pytest
from tidewatch.detectors import CATALOGUE

from benchmarks import prices
from benchmarks.prices import USERS, Call
from tests.support.environment import ROOT

OPERATIONS, DEPLOYING = (
    (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("operations.md", "deploying.md")
)
# A prediction, and 1,000 points in a batch, as they are on a machine that does much else.
SINGLE = Call(own_ms=2.0, answer_bytes=300)
BATCH = Call(own_ms=20.0, answer_bytes=60_000)


def table(first_cell, page=OPERATIONS):
    """The cells of the one row that begins so, but the last as a number."""
    (row,) = re.findall(rf"^\| {re.escape(first_cell)} \|(.*)\|$", page, flags=re.MULTILINE)
    *words, last = [cell.strip(" *") for cell in row.split("|")]
    return [*words, float(last)]


def test_a_stage_that_nobody_calls_costs_less_than_fifteen_dollars():
    assert prices.of_idling().total < 15
    assert prices.of_idling(versions=1, dashboard=False).total < prices.of_idling().total / 1.5


def test_operations_tells_what_idling_costs():
    idling = prices.of_idling()
    for name, dollars in idling.parts.items():
        assert table(name)[-1] == round(dollars, 2), name
    assert f"**{idling.total:.2f}**" in OPERATIONS
    assert f"over {prices.alarm_metrics()} metrics" in OPERATIONS
    for option in ({"dashboard": False}, {"versions": 1}, {"training_snapshots": True}):
        assert f"${abs(prices.of_idling(**option).total - idling.total):.2f}" in OPERATIONS, option


@pytest.mark.parametrize("detectors", [1, 5, len(CATALOGUE)])
def test_operations_tells_how_many_metrics_are_charged(detectors):
    number = prices.custom_metrics(detectors)
    assert table(str(detectors)) == [str(number), round(number * prices.METRIC_MONTH, 2)]


def test_deploying_tells_what_predictions_idling_and_metrics_cost():
    million = prices.of_prediction(Call(own_ms=0.23, answer_bytes=287)) * 1e6
    for name, dollars in million.parts.items():
        assert table(name, DEPLOYING)[-1] == round(dollars, 2), name
    assert f"**{million.total:.2f}**" in DEPLOYING
    assert f"costs ${prices.of_idling().total:.2f} a month" in DEPLOYING
    fewest, most = prices.custom_metrics(1), prices.custom_metrics(len(CATALOGUE))
    assert f"{fewest} to {most} custom metrics" in DEPLOYING


def test_a_detector_in_use_is_one_metric_more():
    assert prices.custom_metrics(6) == prices.custom_metrics(5) + 1


def test_a_thousand_points_in_a_request_cost_a_hundredth_at_most():
    single, batch = prices.of_prediction(SINGLE), prices.of_prediction(BATCH)
    assert batch.total <= 1000 * single.total / 100


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_batches_never_cost_more(user):
    batch = Call(own_ms=3.0, answer_bytes=100 * user.points_in_batch)
    batched, single = (prices.of_month(user, SINGLE, each, SINGLE) for each in (batch, None))
    assert prices.of_idling().total < batched.total < single.total


def test_memory_costs_as_much_as_the_template_gives():
    template_memory = {name: prices.memory_mb(name) for name in ("FitFunction", "PredictFunction")}
    assert template_memory == {"FitFunction": 1769, "PredictFunction": 512}
    assert prices.snapshot_mb() == 512 + prices.memory_mb("AuthorizerFunction")
