"""Which version a rollback goes back to."""

from __future__ import annotations

import pytest

from cli.series import champion_before


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ("v1", None),
        ("v1 v2", "v1"),
        ("v1 v2 v3 <v2", "v1"),
        ("v1 v2 v3 <v2 <v1", None),
        ("v1 v2 v3 <v2 v4", "v2"),
        ("v1 v2 <v1 v2", "v1"),
        ("v5 - v1", None),
        ("v1 v2 v2", "v1"),
        # The trail of a series that an earlier release trained begins late.
        ("<v2", None),
        ("v3 <v2", "v3"),
    ],
)
def test_it_is_the_champion_before_that_was_not_taken_back(changes, wanted):
    history = [
        {
            "version": None if word == "-" else word.removeprefix("<"),
            "action": "rolled_back" if word.startswith("<") else "published",
        }
        for word in changes.split()
    ]
    assert champion_before(history[-1]["version"], history) == wanted
