"""What `sam build` makes: built here where the SAM command line and uv are, or taken from SAM_BUILD_DIR."""

from __future__ import annotations

import ast
import fcntl
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PathDistribution, distributions
from pathlib import Path

import pytest

from tests.support import sam
from tests.support.environment import ROOT
from tests.support.template import functions, layers_of, resources

pytestmark = pytest.mark.sam

LIMIT_MIB = 250
# Lambda counts as it likes, and the next version of a package is larger.
MARGIN_MIB = 10
AARCH64 = 183
FUNCTIONS = sorted(functions())
WHEELS = ["RuntimeLayer", "PlottingLayer", "LearningLayer"]
COMPILED = ["SharedLayer", "RuntimeLayer", "PlottingLayer"]


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A folder with one folder per function and layer, for Python 3.13 on arm64."""
    if given := os.environ.get("SAM_BUILD_DIR"):
        return Path(given)
    if not (ROOT / "openapi.json").exists():
        pytest.fail("openapi.json is missing: run 'make openapi'")
    command = sam.command("sam")
    if not (shutil.which("uv") or (Path(sys.executable).parent / "uv").exists()):
        pytest.skip("uv is not installed: it is in requirements-dev.txt")
    # pytest-xdist gives each worker a folder within one of the whole run: there, the first worker builds for all.
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sam-build"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "template.yaml").exists():
            result = sam.run(command, "build", "--build-dir", str(folder))
            assert result.returncode == 0, result.stdout + result.stderr
            assert "warning" not in result.stderr.lower(), result.stderr
    return folder


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def size_mib(folder):
    """As built, or as it would be with compiled files, where the Python for them was not on this machine."""
    found = [(path.suffix, path.stat().st_size) for path in files(folder)]
    size = sum(each for _, each in found)
    if folder.name in COMPILED and not any(suffix == ".pyc" for suffix, _ in found):
        # They are a little larger than the sources.
        size += 1.1 * sum(each for suffix, each in found if suffix == ".py")
    return size / 2**20


def machine(path):
    with path.open("rb") as file:
        header = file.read(20)
    assert header[:4] == b"\x7fELF"
    return int.from_bytes(header[18:20], "little")


def distributions_in(*folders):
    return {normal(each.name): each for each in distributions(path=[str(folder / "python") for folder in folders])}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_with_its_layers_fits_into_lambda(build, name):
    total = size_mib(build / name) + sum(size_mib(build / layer) for layer in layers_of(name))
    print(f"{name}: {total:.1f} MiB")
    assert total < LIMIT_MIB - MARGIN_MIB


def test_one_function_may_carry_every_layer(build):
    total = sum(size_mib(build / layer) for layer in resources("AWS::Serverless::LayerVersion"))
    print(f"all layers: {total:.1f} MiB")
    assert total < LIMIT_MIB - MARGIN_MIB


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_its_handler_and_nothing_else(build, name):
    assert [path.relative_to(build / name).as_posix() for path in files(build / name)] == ["handler.py"]
    source = ROOT / "functions" / name.removesuffix("Function").lower() / "handler.py"
    assert (build / name / "handler.py").read_bytes() == source.read_bytes()


def test_the_shared_layer_is_the_package_and_the_api_description(build):
    layer = build / "SharedLayer"
    source = ROOT / "shared"
    expected = {
        f"python/{path.relative_to(source).as_posix()}"
        for path in files(source / "tidewatch")
        if "__pycache__" not in path.parts
    }
    found = {path.relative_to(layer).as_posix() for path in files(layer) if path.suffix != ".pyc"}
    assert found == expected | {"openapi.json", "python/tidewatch/REVISION"}
    # A commit, or that there is none; what was not committed is told.
    assert re.fullmatch(r"([0-9a-f]{40}(-dirty)?|unknown)\n", (layer / "python/tidewatch/REVISION").read_text())
    assert (layer / "openapi.json").read_bytes() == (ROOT / "openapi.json").read_bytes()


@pytest.mark.parametrize("layer", WHEELS)
def test_libraries_are_for_python_3_13_on_arm64(build, layer):
    libraries = [path for path in files(build / layer) if ".so" in path.suffixes]
    assert libraries
    for path in libraries:
        assert machine(path) == AARCH64, path
    tagged = [path.name for path in libraries if ".cpython-" in path.name]
    assert tagged
    assert all(".cpython-313-" in name for name in tagged)


@pytest.mark.parametrize("layer", WHEELS)
def test_layers_carry_no_ballast(build, layer):
    folders = {path.name for path in (build / layer).rglob("*") if path.is_dir()}
    assert not folders & {"tests", "bin", "sample_data", "include", "test"}
    suffixes = {path.suffix for path in files(build / layer)}
    assert not suffixes & {".a", ".whl", ".pyx", ".pxd", ".c", ".h"}


@pytest.mark.parametrize("layer", resources("AWS::Serverless::LayerVersion"))
def test_compiled_files_are_for_lambda_and_believed_as_they_are(build, layer):
    compiled = [path for path in files(build / layer) if path.suffix == ".pyc"]
    assert bool(compiled) == (layer in COMPILED and has_lambdas_python())
    for path in compiled:
        assert path.name.endswith(".cpython-313.pyc")
        assert path.parent.with_name(path.name.replace(".cpython-313.pyc", ".py")).exists()
        content = path.read_bytes()
        # Flags: checked by a hash, and never asked for it. Lambda's files have other times than the build's.
        assert content[4:8] == b"\x01\0\0\0"
        assert str(build).encode() not in content


def has_lambdas_python():
    return sam.run("sh", "-c", "python3.13 -c ''").returncode == 0


def test_layers_hold_what_is_pinned(build):
    for layer in WHEELS:
        folder = ROOT / "layers" / layer.removesuffix("Layer").lower()
        lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
        pinned = dict(line.split()[0].split("==") for line in lines if "==" in line)
        found = distributions_in(build / layer)
        assert {name: each.version for name, each in found.items()} == {normal(n): v for n, v in pinned.items()}


def test_layers_need_nothing_that_they_do_not_hold(build):
    markers = pytest.importorskip("packaging.requirements")
    found = distributions_in(*(build / layer for layer in WHEELS))
    lambda_python = {"python_version": "3.13", "python_full_version": "3.13.0", "platform_machine": "aarch64"}
    for distribution in found.values():
        assert isinstance(distribution, PathDistribution)
        for line in distribution.requires or []:
            requirement = markers.Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(lambda_python | {"extra": ""}):
                held = found.get(normal(requirement.name))
                assert held is not None, f"{distribution.name} needs {line}"
                assert requirement.specifier.contains(held.version), f"{distribution.name} needs {line}"


def test_numpy_comes_from_the_runtime_layer_only(build):
    assert [layer for layer in WHEELS if (build / layer / "python" / "numpy").exists()] == ["RuntimeLayer"]


def called_services():
    """The services for which the code builds clients."""
    tree = ast.parse((ROOT / "shared" / "tidewatch" / "adapters" / "clients.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return {call.args[0].value for call in calls if call.func.attr == "create_client"}


def test_the_layer_knows_the_services_that_the_functions_call_and_no_others(build):
    known = {path.name for path in (build / "RuntimeLayer" / "python" / "botocore" / "data").iterdir() if path.is_dir()}
    assert known == called_services()


def test_the_clients_can_be_built_from_the_layer(build):
    code = f"""
import botocore
from botocore.session import get_session
for service in {sorted(called_services())}:
    client = get_session().create_client(service, region_name="eu-central-1")
    assert client.meta.service_model.operation_names
print(botocore.__file__)
"""
    # Neither botocore nor what it needs is compiled to machine code: what is built for arm64 runs here.
    layer = build / "RuntimeLayer" / "python"
    done = subprocess.run(
        [sys.executable, "-B", "-S", "-c", code],
        env={"PYTHONPATH": str(layer)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(layer / "botocore" / "__init__.py")
