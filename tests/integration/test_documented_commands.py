"""The commands of docs/models.md work in the order in which they stand there."""

from __future__ import annotations

import re
import shlex

from tests.support.api import Api
from tests.support.environment import ROOT


def commands() -> list[list[str]]:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line.removeprefix("$ ")) for block in blocks for line in block.splitlines()]


def test_each_command_succeeds(api: Api):
    assert len(commands()) > 10
    for words in commands():
        url = next(word for word in words if word.startswith("localhost:3000")).removeprefix("localhost:3000")
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        text = (ROOT / body[1:]).read_text(encoding="utf-8") if body and body.startswith("@") else body
        reply = api.call(method, url, text)
        assert reply.status in (200, 201, 202, 204), (words, reply.body)
