from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sam.functions import Functions, NotLoaded
from local.sam.routes import Function

HANDLER = """
from tidewatch_sample import WORD

def main(event, context):
    assert 0 < context.get_remaining_time_in_millis() <= 25_000
    assert context.invoked_function_arn.endswith(":function:echo")
    return [WORD, event["a"], context.function_name, context.memory_limit_in_mb]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    kept = dict(sys.modules)
    (tmp_path / "shared").mkdir()
    (tmp_path / "handler.py").write_text(HANDLER)
    yield tmp_path
    # Loading forgets the package tidewatch, as a new process would; the other tests go on with theirs.
    sys.modules.clear()
    sys.modules.update(kept)


def edit(path: Path, text: str) -> None:
    path.write_text(text)
    # Bytecode is told apart by the second of the edit.
    later = path.stat().st_mtime + 5 * (1 + len(text) % 7)
    os.utime(path, (later, later))


def test_load_call_edit_break_and_mend(project: Path) -> None:
    function = Function("EchoFunction", "echo", project / "handler.py", "main", {}, 25, 512)
    functions = Functions([function, function], project / "shared", "eu-central-1")
    shared = project / "shared" / "tidewatch_sample.py"

    edit(shared, "WORD = 'one'\n")
    assert functions.load() is None
    assert functions.invoke(function, {"a": 1}) == ["one", 1, "echo", 512]

    edit(project / "handler.py", HANDLER.replace("WORD,", "WORD * 2,"))
    assert functions.load() is None
    assert functions.invoke(function, {"a": 1})[0] == "oneone"

    edit(project / "handler.py", "def main(:\n")
    failure = functions.load()
    assert failure is not None
    assert "handler.py" in failure
    with pytest.raises(NotLoaded, match="SyntaxError"):
        functions.invoke(function, {})

    edit(project / "handler.py", HANDLER)
    assert functions.load() is None
    assert functions.invoke(function, {"a": 2})[1] == 2


def test_a_missing_handler(project: Path) -> None:
    function = Function("EchoFunction", "echo", project / "missing.py", "main", {}, 25, 512)
    failure = Functions([function], project / "shared", "eu-central-1").load()
    assert failure is not None
    assert "FileNotFoundError" in failure
    text = Function("EchoFunction", "echo", project / "handler.txt", "main", {}, 25, 512)
    failure = Functions([text], project / "shared", "eu-central-1").load()
    assert failure is not None
    assert "is not a Python file" in failure
