"""Ids of series that other systems name."""

from __future__ import annotations

import random
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidewatch.series import is_series_id, series_id_of

LABELS = st.dictionaries(st.text(), st.text(), max_size=6)
METRICS = st.tuples(st.text(), LABELS)


@given(METRICS, st.randoms(use_true_random=False))
def test_an_id_fits_and_does_not_depend_on_the_order_of_labels(metric, order: random.Random):
    name, labels = metric
    found = series_id_of(name, labels)
    assert is_series_id(found)
    shuffled = list(labels.items())
    order.shuffle(shuffled)
    assert series_id_of(name, dict(shuffled)) == found
    # What is an id stays one, so that an id may be given where a name is.
    assert series_id_of(found) == found


@given(st.lists(METRICS, max_size=12))
def test_series_of_other_names_or_labels_have_other_ids(metrics):
    different = {(name, frozenset(labels.items())) for name, labels in metrics}
    assert len({series_id_of(name, dict(labels)) for name, labels in different}) == len(different)


@given(st.text("abz-_.:09", min_size=1, max_size=40), LABELS.filter(bool))
def test_a_name_that_fits_is_its_own_id_and_begins_that_of_its_labelled_series(name, labels):
    assert series_id_of(name) == series_id_of(name, {})
    assert (series_id_of(name) == name) is (name not in (".", ".."))
    prefix, _, hashed = series_id_of(name, labels).rpartition("-")
    assert name.strip("-") == prefix or prefix == "series"
    assert len(hashed) == 20


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_is_a_step_of_a_path_is_no_id(name):
    found = series_id_of(name)
    assert found.startswith(f"{name}-")
    assert urljoin("http://host/series/x/versions", f"/series/{found}/versions").endswith(f"/series/{found}/versions")


def test_an_id_is_the_same_for_ever():
    assert series_id_of("http_requests_total", {"job": "api", "instance": "10.0.0.1:9090"}) == (
        "http_requests_total-cmes6unv2cb4y5nwjhb5"
    )
    assert series_id_of("温度") == "series-4umpgjljjkvalf3m65ln"
