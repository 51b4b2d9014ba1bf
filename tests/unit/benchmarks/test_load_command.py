"""The command line, the progress, and a target that is started and ended."""

import io
import os
import socket
import subprocess
import sys
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from benchmarks.load import targets
from benchmarks.load.__main__ import arguments, make_command
from benchmarks.load.generator import GeneratorFailed, locust_python, run
from benchmarks.load.meter import Meter, Progress, cpu_seconds, part_of, spent_since
from benchmarks.load.targets import CONSISTENT, Target, TargetFailed, deployed, serving

URL = "https://abc123.execute-api.eu-central-1.amazonaws.com/dev"


def test_by_default_the_local_targets():
    chosen = arguments([])
    assert (chosen.url, chosen.duration) == (None, 15)
    assert make_command(chosen) == "make bench-load"


def test_the_command_is_told_without_address_and_key(monkeypatch):
    monkeypatch.setenv("KEY", "not-to-be-told")
    chosen = arguments(["--url", URL + "/", "--duration", "30"])
    assert chosen.url == URL
    assert make_command(chosen) == "make bench-load URL=... KEY=... DURATION=30"


@pytest.mark.parametrize("url", ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000", URL])
def test_base_urls(url):
    assert arguments(["--url", url]).url == url


@pytest.mark.parametrize(
    "words",
    [
        ["--url", "http://api.example.com"],
        ["--url", "api.example.com"],
        ["--url", "https://"],
        ["--url", "ftp://127.0.0.1"],
        ["--url", URL + "?stage=dev"],
        ["--url", "https://user:word@api.example.com"],
        ["--duration", "0"],
        ["--duration", "601"],
        ["--duration", "1.5"],
        ["--duration", "²"],
        ["local"],
    ],
)
def test_what_is_no_command_line_is_refused(words, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments(words)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_log_gets_a_line_every_five_seconds():
    out = io.StringIO()
    progress = Progress("mix, locust", 15, out)
    for second in range(1, 16):
        progress.show(float(second), second * 800, 2)
    progress.clear()
    assert [line.split() for line in out.getvalue().splitlines()] == [
        f"mix, locust {seconds} of 15 s 800.0 /s errors 2".split() for seconds in (5, 10)
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_line_that_moves():
    out = Terminal()
    progress = Progress("mix, locust", 3, out)
    for second in (1, 2, 3):
        progress.show(float(second), 0, 0)
    progress.clear()
    assert out.getvalue().count("\r\033[K") == 4
    assert "\n" not in out.getvalue()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("python\0-m\0local.run", "server"),
        ("python\0-m\0local.endpoint", "storage"),
        ("java\0-cp\0/x/DynamoDBLocal.jar", "storage"),
        ("/x/aws-lambda-rie-x86_64\0--log-level\0info\0python\0-m\0awslambdaric\0handler.f", "emulator"),
        ("python\0-m\0awslambdaric\0handler.f", "functions"),
    ],
)
def test_processes_are_known_by_their_command_lines(line, part):
    assert part_of(line) == part


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_processor_time_grows():
    before = cpu_seconds(os.getpid())
    while spent_since(before, os.getpid())["server"] < 0.03:
        sum(range(10_000))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_work_that_is_nobodys_is_told_as_others():
    # A process of its own: this one may have children that other tests started.
    work = """if True:
        import sys, time
        sys.stdin.readline()
        while time.process_time() < 0.4:
            sum(range(10_000))
        print("done", flush=True)
        sys.stdin.readline()
    """
    with subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        known, unknown = Meter(worker.pid), Meter(None)
        worker.stdin.write(b"\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == b"done\n"
        # Ticks are of 10 ms, what it took to start is not measured, and others may work as well.
        assert unknown.spent(0.0)["others"] > 0.2
        spent = known.spent(0.0)
        assert spent["server"] > 0.2
        assert set(spent) == {"server", "load generator", "others"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_of_a_process_that_is_gone_nothing_is_known():
    assert cpu_seconds(2**22 + 1) == {}


def test_a_generator_that_fails_or_hangs_is_told():
    with pytest.raises(GeneratorFailed, match=r"ended with 3\nno such host"):
        run([sys.executable, "-c", "print('no such host'); raise SystemExit(3)"], 20, None)
    with pytest.raises(GeneratorFailed, match="did not end within"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], 0.2, None)


def test_without_locust_one_is_told_what_makes_it(tmp_path):
    with pytest.raises(GeneratorFailed, match="make bench-load"):
        locust_python({"LOCUST_PYTHON": str(tmp_path / "python")})
    assert locust_python({"LOCUST_PYTHON": sys.executable}).samefile(sys.executable)


@pytest.mark.slow
def test_a_target_serves_every_series_and_is_gone_afterwards():
    with serving(CONSISTENT) as served:
        assert targets.seed(served.url) == 500
        assert served.pid is not None
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(served.url).port)) != 0


def test_a_target_that_cannot_start_tells_why():
    with (
        pytest.raises(TargetFailed, match="RUNTIME=nonsense is unknown"),
        serving(Target("x", {"RUNTIME": "nonsense"})),
    ):
        pass


def test_a_service_that_does_not_answer_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(targets.Refused, match="POST /fit/bench-"):
        targets.seed(url)


def test_what_is_deployed_is_not_started():
    with serving(deployed(URL + "/")) as served:
        assert (served.url, served.pid) == (URL, None)
