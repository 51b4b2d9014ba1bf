"""The commands of docs/models.md, docs/evaluation.md and docs/cli.md work in the order in which they stand there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.commands import commands as command_line
from tests.support.environment import ROOT
from tests.support.jobs import work_off


def commands(page: str) -> list[list[str]]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line.removeprefix("$ ")) for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize(("page", "fewest"), [("models.md", 10), ("evaluation.md", 6)])
def test_each_command_succeeds(api: Api, page: str, fewest: int):
    assert len(commands(page)) > fewest
    job_id = ""
    for words in commands(page):
        url = next(word for word in words if word.startswith("localhost:3000")).removeprefix("localhost:3000")
        url = url.replace("$JOB_ID", job_id)
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        text = (ROOT / body[1:]).read_text(encoding="utf-8") if body and body.startswith("@") else body
        reply = api.call(method, url, text)
        assert reply.status in (200, 201, 202, 204), (words, reply.body)
        if reply.status == HTTPStatus.ACCEPTED:
            job_id = reply.json()["job_id"]
            assert work_off() == 1
            assert api.call("GET", f"/jobs/{job_id}").json()["state"] == "succeeded"


def test_each_command_of_the_command_line_succeeds(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "docs" / "examples" / "policy.yaml", tmp_path)
    # What the worker does while a command waits.
    monkeypatch.setattr("cli.waiting.time.sleep", lambda _: work_off())
    with command_line(api, monkeypatch) as cli:
        assert len(commands("cli.md")) > 20
        for program, *words in commands("cli.md"):
            assert program == "tidewatch"
            if "$TIDEWATCH_URL" in words:
                words[words.index("$TIDEWATCH_URL")] = os.environ["TIDEWATCH_URL"]
            if "$JOB_ID" in words:
                words[words.index("$JOB_ID")] = api.call("GET", "/jobs?kind=evaluate").json()["jobs"][0]["job_id"]
            if "$KEY_ID" in words:
                made = api.call("GET", "/tenants/team-a/keys").json()["keys"][0]
                words[words.index("$KEY_ID")] = made["key_id"]
            cli.run(*words)
