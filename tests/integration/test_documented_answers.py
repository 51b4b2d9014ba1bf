"""The answers that the README and the pages show are those that the service gives."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.environment import ROOT

PAGES = ("README.md", "docs/detection.md", "docs/using.md")
_BLOCK = re.compile(r"```console\n\$ (curl .*?)```\n(?:```json\n(.*?)```)?", re.DOTALL)
# What the pages cut out of an answer with jq.
_CUTS: dict[str, Callable[[Any], list[Any]]] = {
    ".events[]": lambda answer: answer["events"],
    ".errors[].msg": lambda answer: [error["msg"] for error in answer["errors"]],
    ".warmup_points_dropped, .anomaly[88:98], .anomaly_score[88:98]": lambda answer: [
        answer["warmup_points_dropped"],
        answer["anomaly"][88:98],
        answer["anomaly_score"][88:98],
    ],
}


def examples(page: str) -> Iterator[tuple[str, str]]:
    """Each command with the output that stands below it."""
    for block in _BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")):
        # A command ends with the first line that does not go on.
        command = re.match(r"(?:\\\n|[^\n']|'[^']*')*", block[1])
        assert command is not None
        printed = block[1][command.end() :].strip() or block[2]
        if printed and not printed.startswith("$"):
            yield command[0].replace("\\\n", " "), printed


def asked(api: Api, command: str) -> list[Any]:
    """What the command prints, each line as JSON or as text."""
    words = shlex.split(command)
    url = next(word for word in words if word.startswith("localhost:3000")).removeprefix("localhost:3000")
    body = words[words.index("-d") + 1]
    text = (ROOT / body[1:]).read_text(encoding="utf-8") if body.startswith("@") else body
    answer = api.call("POST", url, text).json()
    return _CUTS[words[-1]](answer) if "jq" in words else [answer]


def rounded(value: Any) -> Any:
    """Numbers to 9 digits: the last ones are up to the processor."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items() if name != "trained_at"}
    return value


def lines(printed: str) -> list[Any]:
    try:
        return [json.loads(printed)]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in printed.splitlines()]
    except ValueError:
        return printed.splitlines()


@pytest.mark.parametrize("page", PAGES)
def test_each_answer_is_the_one_that_comes(api: Api, page: str):
    found = list(examples(page))
    assert len(found) >= 2
    for command, printed in found:
        assert rounded(asked(api, command)) == rounded(lines(printed)), command
