"""What the clients of the load tool send."""

import json
import re
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.stages import FIT, MIX, POINTS, PREDICT, PREDICT_BODY, SERIES, STAGES, Stage, body, path, turns
from tests.support.environment import ROOT


@given(st.integers(0, 100), st.integers(0, 1_000))
def test_the_share_of_fits_is_kept_at_any_length(share, length):
    kinds = [kind for kind, _ in islice(turns(Stage("any", "any", share)), length)]
    assert kinds.count("fit") == length * share // 100


def test_the_mix_is_a_fit_in_twenty_and_the_others_are_pure():
    shares = [[kind for kind, _ in islice(turns(stage), 2_000)].count("fit") / 2_000 for stage in STAGES]
    assert (STAGES, shares) == ((PREDICT, MIX, FIT), [0.0, 0.05, 1.0])


@pytest.mark.parametrize("kind", ["predict", "fit"])
def test_every_series_gets_as_much_of_each_kind(kind):
    paths = [path(each, number) for each, number in islice(turns(MIX), 20 * SERIES) if each == kind]
    assert {paths.count(each) for each in set(paths)} == {len(paths) // SERIES}
    assert len(set(paths)) == SERIES


def test_a_fit_is_a_whole_series():
    sent = json.loads(body("fit", 7))
    assert len(sent["timestamps"]) == len(sent["values"]) == POINTS
    assert all(after > before for before, after in pairwise(sent["timestamps"]))


def test_no_series_gets_the_same_data_twice_in_a_row_nor_another_ones():
    assert len({body("fit", number) for number in range(3 * SERIES)}) == 3 * SERIES


def test_wrk_asks_what_locust_asks():
    script = (ROOT / "benchmarks" / "load" / "predict.lua").read_text(encoding="utf-8")
    assert re.search(r"wrk\.body = '(.*)'", script)[1] == PREDICT_BODY.decode()
    first, last = map(int, re.search(r"for i = (\d+), (\d+) do", script).groups())
    assert [f"/predict/bench-{i}" for i in range(first, last + 1)] == [path("predict", i) for i in range(SERIES)]
