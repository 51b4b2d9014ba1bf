"""What a client may write for a version, and how versions are written."""

from __future__ import annotations

import pytest
from tidewatch.registry import LATEST, parse_version

from tests.support.samples import a_version


@pytest.mark.parametrize(
    ("text", "selector"),
    [("3", 3), ("v3", 3), ("1", 1), ("v99999999", 99_999_999), ("120", 120), ("latest", LATEST)],
)
def test_reads_numbers_and_latest(text, selector):
    assert parse_version(text) == selector


@pytest.mark.parametrize(
    "text",
    [
        "", "v", "0", "v0", "-1", "v-1", "+1", "01", "v03", "3.0", "1e3", "V3", "vv3", "3v", " 3", "3 ", "3\n", "v3\n",
        "100000000", "Latest", "LATEST", "latest ", "newest", "None", "٣", "v３", "²", "0x1", "1_0",
    ],
)  # fmt: skip
def test_refuses_all_else_and_says_what_it_takes(text):
    with pytest.raises(ValueError, match="a version is a number such as 3, or v3, or latest"):
        parse_version(text)


def test_a_version_is_written_as_clients_write_it():
    version = a_version(number=12)
    assert version.version == "v12"
    assert parse_version(version.version) == 12


def test_a_version_cannot_be_changed():
    with pytest.raises(AttributeError):
        a_version().number = 2
