"""Versions as DynamoDB items: everything comes back, and only strings and numbers are used."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tidewatch.adapters.items import (
    head_from_item,
    head_to_item,
    summary_from_item,
    version_from_item,
    version_to_item,
)
from tidewatch.registry import Head, Lineage
from tidewatch.tenancy import DEFAULT_TENANT, Tenant

from tests.support.samples import a_head, a_version

AWKWARD = {
    "high": 1.7976931348623157e308,
    "low": 5e-324,
    "third": 1 / 3,
    "minus zero": -0.0,
    "deep": {"list": [1, "é"]},
}


def test_a_version_comes_back_whole():
    version = a_version(parameters=AWKWARD, options={"name": "three_sigma", "sigmas": 2.5, "side": "both"})
    assert version_from_item(version_to_item(version), DEFAULT_TENANT) == version


def test_what_is_not_in_a_head_comes_back_with_a_version():
    lineage = Lineage(
        "4f", "retrain", 3, 7, {"features": ["value"], "scaling": "none", "fill": "none"}, "aarch64", "8f0d"
    )
    version = a_version(lineage=lineage, kind="rows", variables=("x1", "x2"))
    found = version_from_item(version_to_item(version), DEFAULT_TENANT)
    assert found.lineage == lineage
    assert (found.kind, found.variables) == ("rows", ("x1", "x2"))
    champion = head_from_item(head_to_item(Head(version.number, version)), DEFAULT_TENANT).champion
    assert (champion.lineage, champion.variables) == (None, ("x1", "x2"))


def test_parameters_come_back_to_the_last_bit():
    found = version_from_item(version_to_item(a_version(parameters=AWKWARD)), DEFAULT_TENANT).parameters
    assert {name: repr(value) for name, value in found.items()} == {
        name: repr(value) for name, value in AWKWARD.items()
    }


@pytest.mark.parametrize("microsecond", [0, 1, 250_000])
def test_the_time_of_training_comes_back_in_utc(microsecond):
    at = datetime(2025, 6, 30, 23, 59, 59, microsecond, tzinfo=UTC)
    assert version_from_item(version_to_item(a_version(trained_at=at)), DEFAULT_TENANT).trained_at == at


def test_attributes_are_strings_and_whole_numbers():
    """A DynamoDB number ends at 1e126 and has 38 digits, so that no double is stored as one."""
    item = head_to_item(a_head(a_version(parameters=AWKWARD)))
    assert {kind for attribute in item.values() for kind in attribute} == {"S", "N"}
    assert {name for name, attribute in item.items() if "N" in attribute} == {
        "number", "points_used", "span_start", "span_end", "step", "latest", "champion",
    }  # fmt: skip
    assert json.loads(item["parameters"]["S"]) == AWKWARD


def test_small_arrays_are_bytes_and_large_ones_a_key():
    assert version_to_item(a_version(arrays=b"\x00\xff"))["arrays"] == {"B": b"\x00\xff"}
    item = version_to_item(a_version(arrays_key="models/default/x.npz", arrays_sha256="x"))
    assert (item["arrays_key"], item["arrays_sha256"], "arrays" in item) == (
        {"S": "models/default/x.npz"}, {"S": "x"}, False,
    )  # fmt: skip
    assert version_to_item(a_version()).keys().isdisjoint({"arrays", "arrays_key", "arrays_sha256"})


def test_a_head_carries_its_champion_whole_and_is_not_in_the_index():
    version = a_version(number=7, tenant=Tenant("acme"))
    item = head_to_item(Head(version.number, version))
    head = head_from_item(item, Tenant("acme"))
    assert (head.latest, head.champion) == (7, version)
    assert "tenant" not in item


def test_a_version_is_not_in_the_index_of_series():
    assert "tenant" not in version_to_item(a_version())


def test_a_summary_needs_only_some_of_the_head():
    item = head_to_item(a_head(a_version(number=7)))
    projected = {
        name: item[name] for name in ["series_id", "latest", "champion", "detector", "trained_at", "points_used"]
    }
    summary = summary_from_item(projected)
    assert (summary.series_id, summary.latest, summary.detector, summary.points_used) == ("cpu", 7, "three_sigma", 8)
    assert summary.trained_at == a_version().trained_at
