"""Comparing two versions on the same points."""

from __future__ import annotations

import numpy as np
import pytest
from tidewatch.lifecycle.comparison import compare, mixture_wealth
from tidewatch.lifecycle.observations import Observations
from tidewatch.series import TimeSeries

from tests.support.samples import NOW


def observed(champion, challenger, start=0, step=60):
    alarms, beside = np.array(champion, dtype=bool), np.array(challenger, dtype=bool)
    points = TimeSeries(start + step * np.arange(alarms.size, dtype=np.int64), np.zeros(alarms.size))
    p_values = np.full(alarms.size, 0.5)
    return Observations(NOW, 1, points, p_values, alarms, 2, p_values, beside)


def test_nothing_is_known_without_a_point():
    found = compare([], {}, 0.05)
    assert (found.points, found.agreement, found.verdict, found.wealth_of_challenger) == (0, None, "not yet", 1.0)


def test_alarms_agreement_and_what_labels_say():
    found = compare([observed([1, 1, 0, 0, 1], [1, 0, 0, 1, 0])], {0: True, 60: False, 180: True, 240: False}, 0.05)
    assert (found.points, found.agreement) == (5, pytest.approx(0.4))
    assert (found.champion_alarms, found.challenger_alarms, found.labelled) == (3, 2, 4)
    champion, challenger = found.champion_counts, found.challenger_counts
    assert (champion.hits, champion.misses, champion.false_alarms) == (1, 1, 2)
    assert (challenger.precision, challenger.recall, challenger.cost(10)) == (1.0, 1.0, 0.0)
    assert (champion.precision, champion.recall, champion.cost(10)) == (pytest.approx(1 / 3), 0.5, 12.0)
    assert found.basis == "labels"


def test_a_point_that_is_judged_again_counts_once_as_it_was_judged_first():
    found = compare([observed([1], [0]), observed([0], [1])], {}, 0.05)
    assert (found.points, found.champion_alarms, found.challenger_alarms) == (1, 1, 0)


def test_an_incident_is_one_occasion_however_long():
    found = compare([observed([0] + [1] * 50 + [0, 1, 0], [0] * 54)], {}, 0.05)
    assert (found.basis, found.wins_of_challenger, found.wins_of_champion) == ("alarms", 2, 0)


def test_labelled_incidents_are_parted_by_points_on_which_both_agree_without_a_label():
    """People label incidents, and not the usual points between them."""
    found = compare([observed([0] * 9, [1, 0, 1, 1, 1, 0, 0, 1, 0])], {0: True, 120: True, 240: True, 420: True}, 0.05)
    assert (found.basis, found.wins_of_challenger, found.wins_of_champion) == ("labels", 3, 0)


@pytest.mark.parametrize(("better", "verdict"), [(1, "promote"), (-1, "keep"), (0, "not yet")])
def test_the_verdict_follows_the_labels_against_the_alarms(better, verdict):
    """The better one alarms more: by alarms alone the other would be preferred."""
    more, fewer = [1, 0] * 20, [0, 0] * 20
    pair = {1: (fewer, more), -1: (more, fewer), 0: (more, more)}[better]
    labels = {60 * index: index % 2 == 0 for index in range(40)}
    found = compare([observed(*pair)], labels, 0.01)
    assert found.verdict == verdict
    unlabelled = compare([observed(*pair)], {}, 0.01)
    assert unlabelled.verdict == {"promote": "keep", "keep": "promote", "not yet": "not yet"}[verdict]


@pytest.mark.slow
def test_the_error_rate_holds_however_often_one_looks():
    """10,000 pairs of equally good versions, looked at after each of 150 occasions on which they differ."""
    steps, rate = 150, 0.1
    wealth = np.array([[mixture_wealth(wins, losses) for losses in range(steps + 1)] for wins in range(steps + 1)])
    wins = np.cumsum(np.random.default_rng(1).integers(0, 2, (10_000, steps)), axis=1)
    losses = np.arange(1, steps + 1) - wins
    ever = np.any(wealth[wins, losses] >= 1 / rate, axis=1)
    assert 0.01 < ever.mean() <= rate


def test_a_version_that_is_right_three_times_of_four_is_found():
    wins = np.cumsum(np.random.default_rng(1).random(200) < 0.75)
    losses = np.arange(1, 201) - wins
    needed = next(n for n, pair in enumerate(zip(wins, losses, strict=True), start=1) if mixture_wealth(*pair) >= 20)
    assert needed < 60
