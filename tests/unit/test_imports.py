"""Who may import whom, and what a function pays for when it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from typing import Any

import pytest

from tests.support.environment import ENVIRONMENT, ROOT
from tests.support.processes import in_a_fresh_process

FUNCTIONS = ("fit", "predict", "healthcheck", "plot", "detect", "manage", "ingest", "collect")
HEAVY = ("matplotlib", "scipy", "sklearn", "pandas", "PIL")

# Nothing of Settings is there: a function must be importable anywhere. Sockets would be asked for by the first client.
_IMPORT = """
import json, runpy, socket, sys
socket.getaddrinfo = socket.socket.connect = None
runpy.run_path(sys.argv[1])
from tidewatch.adapters import clients
from tidewatch.settings import settings
kept = (settings, clients.dynamodb, clients.s3, clients.cloudwatch)
print(json.dumps({"modules": sorted(sys.modules), "built": [f.__name__ for f in kept if f.cache_info().currsize]}))
"""


@lru_cache(maxsize=len(FUNCTIONS))
def imported_by(function: str) -> dict[str, Any]:
    """What importing a handler brings into a fresh process."""
    settings = ("STAGE", "TABLE_NAME", "IDEMPOTENCY_TABLE_NAME", "TENANTS_TABLE_NAME", "DATA_BUCKET", "OPENAPI_PATH")
    environment = {name: value for name, value in ENVIRONMENT.items() if name not in settings}
    done = in_a_fresh_process(_IMPORT, str(ROOT / "functions" / function / "handler.py"), **environment)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def packages(function: str) -> set[str]:
    return {name.split(".")[0] for name in imported_by(function)["modules"]}


@pytest.mark.slow
@pytest.mark.parametrize("function", ["fit", "predict", "healthcheck", "manage", "ingest", "collect"])
def test_only_the_function_that_draws_imports_what_draws(function):
    assert packages(function).isdisjoint(HEAVY)
    assert "tidewatch.plotting" not in imported_by(function)["modules"]
    # What this test would look like if the names above were wrong.
    assert {"numpy", "pydantic", "botocore", "tidewatch"} <= packages(function)


@pytest.mark.slow
@pytest.mark.parametrize("function", [each for each in FUNCTIONS if each != "fit"])
def test_only_what_remembers_answers_imports_boto3(function):
    # Powertools does, to remember them. The clients are botocore's, whose import is shorter.
    assert "boto3" not in packages(function)


@pytest.mark.parametrize("function", ["plot", "detect"])
def test_what_draws_imports_no_more_than_it_draws_with(function):
    assert "matplotlib" in packages(function)
    # Detect trains, too, but not at each start.
    assert packages(function).isdisjoint({"scipy", "sklearn", "pandas"})
    # pyplot keeps every figure and looks for a display.
    assert "matplotlib.pyplot" not in imported_by(function)["modules"]


@pytest.mark.parametrize(
    ("function", "unwanted"),
    [
        ("predict", "aws_lambda_powertools.utilities.idempotency"),
        ("predict", "aws_xray_sdk"),
        ("predict", "tidewatch.api.docs"),
        ("predict", "tidewatch.api.healthcheck"),
        ("plot", "tidewatch.api.idempotency"),
        ("detect", "tidewatch.api.idempotency"),
        ("predict", "tidewatch.api.detector_options"),
        # Of jobs it tells the errors only, and of a model's life it keeps what was judged.
        ("predict", "tidewatch.jobs.job"),
        ("predict", "tidewatch.lifecycle.comparison"),
        ("fit", "tidewatch.api.docs"),
    ],
)
def test_no_function_pays_for_what_another_needs(function, unwanted):
    assert unwanted not in imported_by(function)["modules"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_reads_no_settings_and_builds_no_client(function):
    assert imported_by(function)["built"] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_is_a_thin_door(function):
    lines = (ROOT / "functions" / function / "handler.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 30


def test_the_rooms_keep_their_rules():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "shared", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
