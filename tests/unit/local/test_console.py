from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from local.sam.aws.cloudwatch import MetricStore
from local.sam.console import Console, FunctionOutput

EMF = {
    "_aws": {
        "Timestamp": 1_767_614_400_000,
        "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "M", "Unit": "Count"}]}],
    },
    "M": [1.0],
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def output(**settings: Any) -> tuple[io.StringIO, MetricStore, FunctionOutput]:
    out, store = io.StringIO(), MetricStore()
    return out, store, FunctionOutput(Console(out, **settings), store)


def stored(store: MetricStore) -> int:
    return sum(bucket.count for buckets in store._metrics.values() for bucket in buckets.values())


def test_metrics_go_to_the_store_and_are_not_shown() -> None:
    out, store, stdout = output()
    print(json.dumps(EMF), file=stdout)
    print("and a line", file=stdout)
    assert stored(store) == 1
    assert out.getvalue() == "and a line\n"


def test_debug_shows_everything() -> None:
    out, store, stdout = output(everything=True)
    print(json.dumps(EMF), file=stdout)
    print(json.dumps({"level": "INFO", "message": "hello"}), file=stdout)
    assert stored(store) == 1
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [EMF, {"level": "INFO", "message": "hello"}]


def test_log_lines_are_shown_from_warnings_up() -> None:
    out, _, stdout = output()
    handler = logging.StreamHandler(stdout)
    for level in ("DEBUG", "INFO", "WARNING", "ERROR"):
        message = json.dumps({"level": level, "message": f"a {level} line", "event": "e", "service": "s"})
        handler.emit(logging.LogRecord("n", 20, "", 0, message, None, None))
    lines = out.getvalue().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "WARNING a WARNING line  event=e",
        "ERROR a ERROR line  event=e",
    ]


def test_an_exception_and_a_stack_are_shown_as_such() -> None:
    out, _, stdout = output()
    print(json.dumps({"level": "ERROR", "message": "m", "exception": "Traceback\nKeyError: 1"}), file=stdout)
    print(json.dumps({"level": "ERROR", "message": "m", "stack": ["File a\n", "File b\n"]}), file=stdout)
    assert "Traceback\nKeyError: 1\n" in out.getvalue()
    assert "File a\nFile b\n" in out.getvalue()


@pytest.mark.parametrize("text", ["{not json", '{"other": 1}', '{"_aws": {}}', '{"_aws": 1}', "[1]", "plain"])
def test_other_lines_stay(text: str) -> None:
    out, store, stdout = output()
    print(text, file=stdout)
    assert out.getvalue() == f"{text}\n"
    assert stored(store) == 0
    assert stdout.writable()


def test_request_lines() -> None:
    out = io.StringIO()
    Console(out).request("GET", "/health", 200, 0.0012, 15)
    when, what = out.getvalue().split("  ", 1)
    assert len(when) == 8
    assert what.split() == ["GET", "/health", "200", "1.2", "ms", "15", "B"]
    out = io.StringIO()
    Console(out, requests=False).request("GET", "/health", 200, 0.0012, 15)
    assert out.getvalue() == ""


@pytest.mark.parametrize(("status", "colour"), [(200, "32"), (404, "33"), (503, "31")])
def test_colours_on_a_terminal(status: int, colour: str) -> None:
    out = Terminal()
    Console(out).request("GET", "/health", status, 0, 0)
    assert f"\033[{colour}m{status}\033[0m" in out.getvalue()


def test_progress_is_for_terminals() -> None:
    out, terminal = io.StringIO(), Terminal()
    for each in (out, terminal):
        Console(each).progress("half")
    assert out.getvalue() == ""
    assert terminal.getvalue().endswith("half")


def test_nobody_reads_any_more() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    Console(Closed()).line("text")
