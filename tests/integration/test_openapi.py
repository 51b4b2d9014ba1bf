"""openapi.json is what the handlers say, and names every route of the template."""

from __future__ import annotations

import json
import subprocess
import sys

from local.sam.routes import read_routes
from local.sam.template import Template, load_template
from tests.support.environment import ROOT

# They describe the others, and are described by nobody.
UNDOCUMENTED = {("GET", "/docs"), ("GET", "/openapi.json")}


def committed():
    return json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


def test_the_committed_document_is_what_the_handlers_say():
    check = subprocess.run(
        [sys.executable, "-m", "local.openapi", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, f"run `make openapi`:\n{check.stderr[-3000:]}"


def test_every_route_is_documented_and_every_documented_route_exists():
    routes = read_routes(Template(load_template(ROOT / "template.yaml"), "eu-central-1"), ROOT).routes
    documented = {(method.upper(), path) for path, methods in committed()["paths"].items() for method in methods}
    assert documented == {(route.method, route.path) for route in routes} - UNDOCUMENTED


def test_only_liveness_is_documented_without_a_key():
    open_to_all = {
        path
        for path, methods in committed()["paths"].items()
        for operation in methods.values()
        if not operation["security"]
    }
    assert open_to_all == {"/health"}


def test_every_route_shows_an_answer_that_came():
    for path, methods in committed()["paths"].items():
        if path.endswith("/plot"):
            continue  # a picture
        for operation in methods.values():
            if "204" in operation["responses"]:
                continue  # no content
            success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            assert success["content"]["application/json"]["examples"], path
