"""What is known of the packages is told, and what could not be asked is not taken for "nothing known"."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import audit

FINE = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "orjson", "skip_reason": "Dependency not found on PyPI and could not be audited"}
BAD = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
WORSE = {"name": "six", "version": "1.0", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Audits a file for each answer of pip-audit, with programs that do no more than answer."""

    def program(name: str, code: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
        path.chmod(0o755)
        return path

    def audited(*told: str, uv: str = "") -> int:
        answers = [tmp_path / f"answer{index}" for index in range(len(told))]
        for path, code in zip(answers, told, strict=True):
            path.write_text(code, encoding="utf-8")
        resolve = f"import sys, pathlib\npathlib.Path(sys.argv[-1]).write_text(sys.argv[-3])\n{uv}"
        # It is asked about what uv wrote: here the name of the file.
        ask = "import sys, pathlib\nexec(pathlib.Path(pathlib.Path(sys.argv[-1]).read_text()).read_text())"
        return audit.main([str(program("uv", resolve)), str(program("pip-audit", ask)), *map(str, answers)])

    return audited


def says(*packages: object) -> str:
    code = int(any(isinstance(package, dict) and package.get("vulns") for package in packages))
    return f"print({json.dumps({'dependencies': packages, 'fixes': []})!r}); sys.exit({code})"


def test_packages_of_which_nothing_is_known(run: Run, capsys):
    assert run(says(FINE, FINE)) == 0
    assert "nothing known of 2 packages" in capsys.readouterr().out


def test_each_vulnerability_is_named_with_what_mends_it(run: Run, capsys):
    assert run(says(FINE, BAD, WORSE), says(FINE)) == 1
    out = capsys.readouterr().out
    assert "VULNERABLE: pillow 1.0: PYSEC-1, mended in 1.1, 2.0" in out
    assert "VULNERABLE: six 1.0: PYSEC-2, mended in no version yet" in out
    assert "not complete" not in out


def test_a_package_that_was_skipped_is_not_audited(run: Run, capsys):
    assert run(says(FINE, *[SKIPPED] * 5)) == 2
    out = capsys.readouterr().out
    assert "NOT AUDITED: nothing was told of 5 packages: orjson, orjson, orjson, …" in out
    assert "not complete" in out


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("raise ConnectionError('no route to host')", "ConnectionError: no route to host"),
        ("sys.exit(1)", "said nothing"),
        ("print('[]')", "gave no answer"),
        ("print('Bad gateway')", "gave no answer"),
    ],
)
def test_a_service_that_does_not_answer_is_no_audit(run: Run, capsys, told, why):
    assert run(told, says(FINE)) == 2
    out = capsys.readouterr().out
    assert why in out
    # The other file was audited all the same.
    assert "nothing known of 1 packages" in out


def test_requirements_that_cannot_be_resolved_are_no_audit(run: Run, capsys):
    assert run(says(FINE), uv="sys.exit('no such version')") == 2
    assert "uv: no such version" in capsys.readouterr().out


def test_a_program_that_is_not_there_is_no_audit(tmp_path: Path, capsys):
    assert audit.main([str(tmp_path / "uv"), str(tmp_path / "pip-audit"), "requirements.txt"]) == 2
    assert "NOT AUDITED: uv: " in capsys.readouterr().out


def test_what_is_vulnerable_weighs_more_than_what_is_not_known(run: Run, capsys):
    assert run(says(BAD), says(SKIPPED)) == 1
    assert "not complete" in capsys.readouterr().out
