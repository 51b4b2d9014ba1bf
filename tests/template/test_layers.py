from __future__ import annotations

import ast
import re
import sys

import pytest

from tests.support import sam
from tests.support.environment import ROOT

PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")

# Where the name of a package differs from the name that code imports.
IMPORTED_AS = {"aws-lambda-powertools": "aws_lambda_powertools"}

# Named to type checkers only.
ONLY_TYPES = {"mypy_boto3_cloudwatch", "mypy_boto3_dynamodb", "mypy_boto3_s3"}


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


@pytest.mark.parametrize("name", ["runtime", "plotting"])
def test_every_line_pins_one_version(name):
    lines = (ROOT / "layers" / name / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]
    assert all(PIN.fullmatch(requirement) for requirement in requirements)


def test_no_package_comes_twice():
    assert not layer("runtime").keys() & layer("plotting").keys()
    assert "numpy" in layer("runtime")


def test_developers_test_what_is_deployed():
    deployed = layer("runtime") | layer("plotting")
    assert deployed.items() <= pins(ROOT / "requirements-dev.txt").items()


def test_layers_bring_what_the_code_imports():
    available = {IMPORTED_AS.get(name, name).replace("-", "_") for name in layer("runtime")}
    used = imported_packages("shared", "functions")
    assert used - available == {"matplotlib"}
    assert imported_packages("shared/tidewatch/plotting") - available == {"matplotlib"}


def test_layers_bring_nothing_that_is_not_used():
    asked_for = {IMPORTED_AS.get(name, name) for name in chosen("runtime") | chosen("plotting")}
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


@pytest.mark.parametrize("name", ["runtime", "plotting"])
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
