"""Tidewatch, as the stack on one machine is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from local.sam.project import Project

ROOT: Final = Path(__file__).resolve().parent.parent

PROJECT: Final = Project(
    name="tidewatch",
    root=ROOT,
    stand_in_module="local.endpoint",
    shared=ROOT / "shared",
    packages=("tidewatch",),
    state_folder=".tidewatch",
    # It lies on a layer in an account.
    variables={"OPENAPI_PATH": str(ROOT / "openapi.json")},
    # One team on one machine needs no keys, and nothing here counts requests.
    defaults={"AUTH": "off", "USAGE_PLANS": ""},
    sources=("functions", "shared", "layers", "template.yaml", "openapi.json", "samconfig.toml"),
)
