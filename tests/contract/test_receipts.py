"""What every version store promises of the receipts of requests."""

from __future__ import annotations

import pytest
from tidewatch.registry import Receipt, WriteConflict
from tidewatch.tenancy import Tenant

from tests.contract.publishing import append, publish
from tests.support.samples import a_version, key

BACKENDS = ("memory", "dynamodb", "files")

FOREVER = 2**40
OTHER = Tenant("other")


def test_a_receipt_is_found_and_belongs_to_one_series_of_one_tenant(backend):
    versions = backend.versions()
    publish(versions, "cpu", 1)
    append(versions, a_version("cpu", 2), Receipt("r", FOREVER))
    assert versions.published_by(key("cpu"), "r") == 2
    assert versions.published_by(key("cpu"), "another") is None
    assert versions.published_by(key("gpu"), "r") is None
    assert versions.published_by(key("cpu", OTHER), "r") is None
    assert [version.number for version in versions.list_versions(key("cpu"), 9, None).items] == [2, 1]


def test_the_same_request_publishes_nothing_more(backend):
    versions = backend.versions()
    append(versions, a_version("cpu", 1), Receipt("r", FOREVER))
    before = backend.everything()
    with pytest.raises(WriteConflict):
        append(versions, a_version("cpu", 2), Receipt("r", FOREVER))
    assert backend.everything() == before
    append(versions, a_version("cpu", 2), Receipt("another", FOREVER))
    assert (versions.published_by(key("cpu"), "r"), versions.published_by(key("cpu"), "another")) == (1, 2)


def test_a_version_that_is_taken_leaves_no_receipt(backend):
    versions = backend.versions()
    publish(versions, "cpu", 2)
    with pytest.raises(WriteConflict):
        append(versions, a_version("cpu", 2), Receipt("r", FOREVER))
    assert versions.published_by(key("cpu"), "r") is None


def test_what_has_expired_is_forgotten(versions):
    append(versions, a_version("cpu", 1), Receipt("r", 1_700_000_000))
    assert versions.published_by(key("cpu"), "r") is None
    append(versions, a_version("cpu", 2), Receipt("r", FOREVER))
    assert versions.published_by(key("cpu"), "r") == 2
