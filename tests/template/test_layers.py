from __future__ import annotations

import ast
import re
import sys
from itertools import combinations

import pytest

from tests.support import sam
from tests.support.environment import ROOT

LAYERS = ("runtime", "plotting", "learning")
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")

# Where the name of a package differs from the name that code imports.
IMPORTED_AS = {"aws-lambda-powertools": "aws_lambda_powertools", "scikit-learn": "sklearn"}

# Named to type checkers only.
ONLY_TYPES = {
    "mypy_boto3_apigateway",
    "mypy_boto3_cloudwatch",
    "mypy_boto3_dynamodb",
    "mypy_boto3_s3",
    "mypy_boto3_sqs",
}


def pins(path):
    """The pins of a file and of those that it includes."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= pins(path.parent / line.removeprefix("-r ").strip())
        elif pin := PIN.match(line):
            found |= dict([pin.groups()])
    return found


def layer(name):
    return pins(ROOT / "layers" / name / "requirements.txt")


def chosen(name):
    """What a layer asks for by itself: the lines that say why."""
    lines = (ROOT / "layers" / name / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {PIN.match(line)[1] for line in lines if PIN.match(line) and "  # " in line}


def imported_packages(*folders):
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module]
                found |= {name.partition(".")[0] for name in names}
    return found - sys.stdlib_module_names - {"tidewatch"} - ONLY_TYPES


@pytest.mark.parametrize("name", LAYERS)
def test_every_line_pins_one_version(name):
    lines = (ROOT / "layers" / name / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]
    assert all(PIN.fullmatch(requirement) for requirement in requirements)


def test_no_package_comes_twice():
    for one, other in combinations(LAYERS, 2):
        assert not layer(one).keys() & layer(other).keys()
    assert "numpy" in layer("runtime")


def test_developers_test_what_is_deployed():
    development = pins(ROOT / "requirements-dev.txt")
    for name in LAYERS:
        assert layer(name).items() <= development.items()


def test_the_service_runs_on_a_developers_machine_with_what_is_deployed():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"\nLAYERS := {' '.join(LAYERS)}\n" in makefile


def provided(*names):
    """What code may import of these layers: the runtime layer's packages, and what the others are there for."""
    found = {name for each in names for name in (layer(each) if each == "runtime" else chosen(each))}
    return {IMPORTED_AS.get(name, name).replace("-", "_") for name in found}


def test_layers_bring_what_the_code_imports():
    assert imported_packages("shared", "functions") <= provided(*LAYERS)
    assert imported_packages("shared/tidewatch/plotting") <= provided("runtime", "plotting")


@pytest.mark.parametrize("name", LAYERS)
def test_layers_bring_nothing_that_is_not_used(name):
    asked_for = {IMPORTED_AS.get(each, each) for each in chosen(name)}
    assert asked_for <= imported_packages("shared", "functions")


def plan(name, architecture, **environment):
    """What make would run to build a layer, as `sam build` calls it."""
    makefile = ROOT / "layers" / "targets" / architecture / "Makefile"
    target = f"build-{name.capitalize()}Layer"
    folder = ROOT / "layers" / name
    result = sam.run(
        "make",
        "-n",
        "--directory",
        str(folder),
        "--makefile",
        str(makefile),
        target,
        ARTIFACTS_DIR="/out",
        **environment,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("architecture", "platform"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_wheels_are_for_lambda_whatever_the_host_is(name, architecture, platform):
    commands = plan(name, architecture)
    assert f'--python-platform "{platform}-manylinux_2_28"' in commands
    assert '--python-version "3.13"' in commands
    assert "--only-binary :all:" in commands
    assert '--target "/out/python"' in commands


def test_wheels_for_the_python_of_the_host_can_be_asked_for():
    assert '--python-version "3.11"' in plan("runtime", "x86_64", LAYER_PYTHON="3.11")


def test_a_layer_refuses_to_guess_its_platform():
    makefile = ROOT / "layers" / "install.mk"
    result = sam.run("make", "-n", "--makefile", str(makefile), "wheels", ARTIFACTS_DIR="/out")
    assert result.returncode != 0
    assert "sam build" in result.stderr
