"""The built artifact stands by itself: nothing but Python, awslambdaric, its own folder and its layers."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.sam.runtime.artifacts import BuiltFunction
from local.sam.runtime.tools import Tools
from tests.runtime.conftest import Environments
from tests.support.environment import REGION, ROOT
from tests.support.template import functions, layers_of

FUNCTIONS = sorted(functions())
LIMIT_MIB = 250
EVENT: dict[str, Any] = {"httpMethod": "GET", "path": "/nowhere", "resource": "/nowhere", "requestContext": {}}

PROBE = """
import os, sys
import handler as real

def lambda_handler(event, context):
    files = sorted({module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)})
    return {
        "path": sys.path, "files": files, "base": sys.base_prefix, "environment": dict(os.environ),
        "user_site": sys.flags.no_user_site, "cwd": os.getcwd(), "handler": real.__file__,
        "context": [context.function_name, context.memory_limit_in_mb, context.function_version,
                    context.get_remaining_time_in_millis()],
    }
"""


LEARN = """
import _multiprocessing

class NoSemaphores:
    def __init__(self, *arguments, **options):
        raise OSError(38, "Function not implemented")

# As on Lambda, which has no /dev/shm.
_multiprocessing.SemLock = NoSemaphores

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_info

def lambda_handler(event, context):
    points = np.random.default_rng(0).normal(size=(300, 2))
    points[0] = 20
    forest, factor = IsolationForest(random_state=0, n_jobs=-1), LocalOutlierFactor(n_jobs=2)
    scores = [-forest.fit(points).score_samples(points), -factor.fit(points).negative_outlier_factor_]
    threads = {each["num_threads"] for each in threadpool_info()}
    return {"oddest": [int(each.argmax()) for each in scores], "threads": sorted(threads)}
"""


@pytest.fixture
def probe(tmp_path: Path) -> Callable[[BuiltFunction], BuiltFunction]:
    """A copy of a built function whose entry imports the real handler, and tells what it sees."""

    def make(function: BuiltFunction) -> BuiltFunction:
        folder = tmp_path / function.logical_id
        shutil.copytree(function.folder, folder)
        (folder / "probe.py").write_text(PROBE, encoding="utf-8")
        return replace(function, folder=folder, handler="probe.lambda_handler")

    return make


def test_the_build_has_every_function_of_the_template_with_its_layers(built: dict[str, BuiltFunction]) -> None:
    assert sorted(built) == FUNCTIONS
    for name, function in built.items():
        assert [layer.name for layer in function.layers] == layers_of(name)
        assert function.folder.is_dir()
        assert function.memory_mb == functions()[name]["MemorySize"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_with_its_layers_fits_into_lambda(built: dict[str, BuiltFunction], name: str) -> None:
    folders = [built[name].folder, *built[name].layers]
    size = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    assert size < LIMIT_MIB * 2**20


def test_no_file_is_in_two_layers_of_a_function(built: dict[str, BuiltFunction]) -> None:
    # Lambda unpacks them over each other; here they stand one after the other on the path.
    for function in built.values():
        seen: set[Path] = set()
        for layer in function.layers:
            files = {file.relative_to(layer) for file in layer.rglob("*") if file.is_file()}
            assert not files & seen
            seen |= files


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_else_is_on_its_path(
    name: str,
    built: dict[str, BuiltFunction],
    probe: Callable[[BuiltFunction], BuiltFunction],
    environments: Environments,
    found_tools: Tools,
    access: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What must not reach it, from whoever runs this.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CALLERS_SECRET", "secret")
    function = probe(built[name])
    seen = environments.answer(environments.start(function, access), EVENT)

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = found_tools.python.parents[1] / "lib" / version / "site-packages"
    layers = [str(layer / "python") for layer in reversed(function.layers)]
    of_python = [path for path in seen["path"] if path.startswith(seen["base"])]
    assert seen["path"] == [str(function.folder), *layers, *of_python, str(packages)]
    assert not any("site-packages" in path or "dist-packages" in path for path in of_python)
    assert seen["user_site"] == 1

    allowed = (str(function.folder), *layers, str(packages), seen["base"])
    assert [file for file in seen["files"] if not file.startswith(allowed)] == []
    assert not any(file.startswith(seen["base"]) and "-packages" in file for file in seen["files"])
    assert seen["handler"] == str(function.folder / "handler.py")

    assert seen["cwd"] == str(function.folder)
    assert {file.name for file in function.folder.iterdir()} == {"handler.py", "probe.py"}, "it wrote to its folder"


def test_its_environment_is_lambdas(
    built: dict[str, BuiltFunction],
    probe: Callable[[BuiltFunction], BuiltFunction],
    environments: Environments,
    access: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLERS_SECRET", "secret")
    function = probe(built["HealthcheckFunction"])
    seen = environments.answer(environments.start(function, access), EVENT)
    environment = seen["environment"]
    variables = set(functions()["HealthcheckFunction"]["Environment"]["Variables"])
    reserved = {
        *("AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME"),
        *("AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "LAMBDA_TASK_ROOT", "LANG", "PATH"),
        *("PYTHONPATH", "TZ", "_HANDLER"),
    }
    # Of the emulator, and of Python and awslambdaric themselves.
    extra = {
        *("AWS_LAMBDA_FUNCTION_TIMEOUT", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN", "LC_CTYPE"),
        *("_X_AMZN_TRACE_ID", "AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT"),
    }
    assert set(environment) - extra == variables | reserved | set(access)
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == REGION
    assert environment["LAMBDA_TASK_ROOT"] == str(function.folder)
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert Path(environment["OPENAPI_PATH"]).read_bytes() == (ROOT / "openapi.json").read_bytes()
    *context, milliseconds_left = seen["context"]
    assert context == [function.name, str(function.memory_mb), "$LATEST"]
    assert 0 < milliseconds_left <= function.timeout_seconds * 1000


def test_scikit_learn_works_on_lambda_without_a_word(
    built: dict[str, BuiltFunction], environments: Environments, tmp_path: Path
) -> None:
    (tmp_path / "learn.py").write_text(LEARN, encoding="utf-8")
    function = replace(built["FitFunction"], folder=tmp_path, handler="learn.lambda_handler")
    invocation = environments.invoke(environments.start(function, {}), EVENT)
    assert invocation.error is None
    assert json.loads(invocation.payload) == {"oddest": [0, 0], "threads": [1]}
    assert not invocation.printed.lines


def test_a_missing_layer_is_seen(built: dict[str, BuiltFunction], environments: Environments) -> None:
    function = built["PredictFunction"]
    for layer, missing in (("SharedLayer", "tidewatch"), ("RuntimeLayer", "aws_lambda_powertools")):
        broken = replace(function, layers=tuple(each for each in function.layers if each.name != layer))
        invocation = environments.invoke(environments.start(broken, {}), EVENT)
        assert invocation.error == (
            f"Runtime.ImportModuleError: Unable to import module 'handler': No module named '{missing}'"
        )
        assert invocation.error.removeprefix("Runtime.") in "".join(invocation.printed.lines)


def test_a_missing_package_in_a_layer_is_seen(
    built: dict[str, BuiltFunction], environments: Environments, tmp_path: Path
) -> None:
    function = built["FitFunction"]
    runtime = next(layer for layer in function.layers if layer.name == "RuntimeLayer")
    shutil.copytree(runtime, tmp_path / "layer", symlinks=True, ignore=shutil.ignore_patterns("orjson"))
    layers = tuple(tmp_path / "layer" if layer == runtime else layer for layer in function.layers)
    invocation = environments.invoke(environments.start(replace(function, layers=layers), {}), EVENT)
    assert invocation.error is not None
    assert "No module named 'orjson'" in invocation.error


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        ("handler.main", "Runtime.HandlerNotFound: Handler 'main' missing on module 'handler'"),
        (
            "app.lambda_handler",
            "Runtime.ImportModuleError: Unable to import module 'app': No module named 'app'",
        ),
    ],
)
def test_a_wrong_handler_path_is_seen(
    handler: str, error: str, built: dict[str, BuiltFunction], environments: Environments
) -> None:
    wrong = replace(built["HealthcheckFunction"], handler=handler)
    assert environments.invoke(environments.start(wrong, {}), EVENT).error == error


def test_it_runs_from_the_archives_that_are_uploaded(
    built: dict[str, BuiltFunction], environments: Environments, tmp_path: Path, access: dict[str, str]
) -> None:
    """Deploying zips each folder: nothing may hang on links, empty folders or the place of the build."""
    function = built["HealthcheckFunction"]
    unpacked = {}
    for number, folder in enumerate((function.folder, *function.layers)):
        archive = shutil.make_archive(str(tmp_path / f"archive{number}"), "zip", folder)
        with zipfile.ZipFile(archive) as file:
            file.extractall(tmp_path / str(number))
        unpacked[folder] = tmp_path / str(number)
    moved = replace(
        function, folder=unpacked[function.folder], layers=tuple(unpacked[layer] for layer in function.layers)
    )
    event = EVENT | {"path": "/health", "resource": "/health"}
    assert environments.answer(environments.start(moved, access), event)["statusCode"] == 200
