"""NAB's rules, by cases that can be done by hand."""

import math

import numpy as np
import pytest

from benchmarks.nab.scoring import (
    OUTSIDE,
    PROBATION,
    PROFILES,
    Profile,
    lay_out,
    probation,
    scale,
    scaled_sigmoid,
    sweep,
    worth,
)

STANDARD, LOW_FP, LOW_FN = PROFILES


def sigmoid(position: float) -> float:
    return 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def alerts(length: int, *places: int) -> np.ndarray:
    out = np.zeros(length, dtype=bool)
    out[list(places)] = True
    return out


def test_the_published_profiles():
    assert [(p.true_positive, p.false_positive, p.false_negative) for p in PROFILES] == [
        (1.0, 0.11, 1.0),
        (1.0, 0.22, 1.0),
        (1.0, 0.11, 2.0),
    ]


def test_the_sigmoid_at_the_places_that_the_paper_names():
    values = scaled_sigmoid(np.array([-1.0, -0.5, 0.0, 1.0, 3.0, 3.01, 1000.0]))
    assert values[:4] == pytest.approx([0.98661, 0.84828, 0.0, -0.98661], abs=1e-5)
    assert values[4] > -1.0
    assert values[5:].tolist() == [-1.0, -1.0]


@pytest.mark.parametrize(("length", "points"), [(100, 15), (4032, 604), (5000, 750), (22695, 750), (6, 0)])
def test_probation(length, points):
    assert probation(length) == points


def test_a_layout():
    layout = lay_out(100, [(40, 49)])
    assert (layout.window[:15] == PROBATION).all()
    assert (layout.window[40:50] == 0).all()
    assert (np.delete(layout.window, np.r_[:15, 40:50]) == OUTSIDE).all()
    assert layout.value[40] == pytest.approx(1.0)
    assert layout.value[45] == pytest.approx(sigmoid(-0.5) / sigmoid(-1.0))
    assert layout.value[49] == pytest.approx(sigmoid(-0.1) / sigmoid(-1.0))
    assert layout.value[39] == -1.0
    assert layout.value[50] == pytest.approx(sigmoid(1 / 9))
    assert layout.value[77] == pytest.approx(sigmoid(3.0))
    assert layout.value[78] == -1.0


def test_the_first_detection_in_a_window_counts_and_no_other():
    layout = lay_out(100, [(40, 49)])
    early = worth(alerts(100, 40), layout, STANDARD)
    assert early == pytest.approx(2.0)
    assert worth(alerts(100, 40, 44, 49), layout, STANDARD) == early
    assert worth(alerts(100, 45), layout, STANDARD) == pytest.approx(1.0 + sigmoid(-0.5) / sigmoid(-1.0))


def test_false_positives_cost_by_their_distance_behind_a_window():
    layout = lay_out(100, [(40, 49)])
    assert worth(alerts(100, 20), layout, STANDARD) == pytest.approx(-0.11)
    assert worth(alerts(100, 20), layout, LOW_FP) == pytest.approx(-0.22)
    assert worth(alerts(100, 50), layout, STANDARD) == pytest.approx(0.11 * sigmoid(1 / 9))
    assert worth(alerts(100, 20, 21, 99), layout, STANDARD) == pytest.approx(-0.33)


def test_probation_neither_gains_nor_costs():
    layout = lay_out(100, [(10, 19)])
    assert worth(alerts(100, 3, 12), layout, STANDARD) == 0.0
    assert worth(alerts(100, 12, 15), layout, STANDARD) == pytest.approx(1.0 + sigmoid(-0.5) / sigmoid(-1.0))


@pytest.mark.parametrize("profile", PROFILES)
def test_perfect_is_100_and_silence_0(profile):
    layouts = {"a": lay_out(100, [(40, 49), (70, 79)]), "b": lay_out(60, []), "c": lay_out(50, [(30, 34)])}
    perfect = {name: np.zeros(layout.window.size) for name, layout in layouts.items()}
    perfect["a"][[40, 70]] = 1.0
    perfect["c"][30] = 1.0
    best = sweep(perfect, layouts, profile).best()
    assert best.score == pytest.approx(100.0)
    assert best.threshold == 1.0
    silent = {name: np.zeros(layout.window.size) for name, layout in layouts.items()}
    assert sweep(silent, layouts, profile).at(0.5).score == 0.0
    assert scale(layouts.values(), profile) == 3 * (profile.true_positive + profile.false_negative)


def test_one_threshold_is_chosen_for_all_files():
    layouts = {"a": lay_out(100, [(40, 49)]), "b": lay_out(100, [(40, 49)])}
    scores = {"a": np.zeros(100), "b": np.zeros(100)}
    scores["a"][40], scores["b"][40] = 0.9, 0.3
    scores["a"][80:90] = 0.5
    curve = sweep(scores, layouts, STANDARD)
    # The second window is worth 2; the ten false alarms on the way to it cost 1.1, or 2.2 where they cost double.
    assert curve.best().threshold == 0.3
    assert curve.at(0.9).score == pytest.approx(50.0)
    assert sweep(scores, layouts, LOW_FP).best().threshold == 0.9
    assert sweep(scores, layouts, LOW_FN).best().threshold == 0.3


def test_the_sweep_agrees_with_alerts_counted_one_by_one():
    random = np.random.default_rng(1)
    layouts = {
        "a": lay_out(300, [(30, 60), (100, 119), (121, 160)]),
        "b": lay_out(200, [(150, 199)]),
        "c": lay_out(90, []),
    }
    scores = {name: random.integers(0, 30, layout.window.size).astype(float) for name, layout in layouts.items()}
    for profile in (*PROFILES, Profile("odd", 0.7, 0.3, 1.7)):
        curve = sweep(scores, layouts, profile)
        for threshold in range(31):
            gained = sum(worth(scores[n] >= threshold, layouts[n], profile) for n in layouts)
            assert curve.at(threshold).score == pytest.approx(100 * gained / scale(layouts.values(), profile))
