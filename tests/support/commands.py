"""The command ``tidewatch`` in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from tests.support.api import Api
from tests.support.served import KEY, served


@dataclass
class Commands:
    """Runs commands; keeps all that they wrote."""

    written: str = ""

    def run(self, *words: str, stdin: bytes | None = None, code: int = 0) -> Result:
        """Runs one command, and checks its exit code."""
        result = CliRunner().invoke(app, list(words), input=stdin)
        self.written += result.output
        assert result.exit_code == code, (words, result.output, result.exception)
        return result


@contextmanager
def commands(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """Commands that reach the API with its key; afterwards none of them has shown it."""
    with served(api) as url:
        monkeypatch.setenv("TIDEWATCH_URL", url)
        monkeypatch.setenv("TIDEWATCH_API_KEY", KEY)
        ran = Commands()
        yield ran
    assert KEY not in ran.written
