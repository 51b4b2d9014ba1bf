"""What is built before Lambda takes a snapshot of a started function."""

from __future__ import annotations

import pytest
from tidewatch.api import create_app, create_handler


@pytest.mark.parametrize(("start", "built"), [("snap-start", ["registry"]), ("on-demand", []), (None, [])])
def test_dependencies_are_built_before_a_snapshot_and_not_otherwise(start, built, monkeypatch):
    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE", raising=False)
    if start:
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", start)
    made: list[str] = []
    create_handler(create_app(), warm_up=(lambda: made.append("registry"),))
    assert made == built
