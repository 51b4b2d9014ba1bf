"""The report: the right words, and nothing that nobody should know."""

import platform
from datetime import UTC, datetime

import pytest

from benchmarks.load import plots, report
from benchmarks.load.outcome import Outcome, Quantiles
from benchmarks.load.run import Run, Where
from benchmarks.load.stages import MIX, PREDICT, STAGES
from benchmarks.load.targets import CACHED, CONSISTENT, LOCAL, deployed

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WHERE = Where("2 cores", "Python 3", "make bench-load")
PNG = b"\x89PNG\r\n\x1a\n"


def run_of(targets, *, rate=1600, p99=90.0, errors=None, cpu=None):
    outcomes = [
        Outcome(
            target=target.name,
            stage=stage.name,
            generator="locust",
            seconds=10.0,
            answered={"predict": rate * 9, "fit": rate},
            times=dict.fromkeys(("predict", "fit", "all"), Quantiles(50.0, 80.0, p99)),
            errors=errors or {},
            cpu_seconds=cpu or {},
        )
        for target in targets
        for stage in STAGES
    ]
    storage = {kind: {"all": 2.0, "calls": 1.0, "stand_in": 0.5} for kind in ("predict", "fit")} if cpu else None
    return Run(10, targets, outcomes, storage)


def test_every_target_has_its_row_in_each_stage(tmp_path):
    written = report.write(
        run_of(LOCAL, cpu={"server": 20.0}), WHERE, [tmp_path / "a.png", tmp_path / "b.png"], now=NOW
    )
    for target in LOCAL:
        assert written.count(f"| {target.name} | locust | 1,600 | 50 ms | 80 ms | 90 ms | 0 |") == len(STAGES)
    assert "`make bench-load`, on 21 November 2026: 2 cores; Python 3." in written
    assert "No request of any stage failed." in written
    assert (
        "A prediction takes 2.00 ms: 1.00 ms (50 %) are GetItem, of which 0.50 ms (25 % of all) are the stand-in."
        in " ".join(written.split())
    )
    assert max(map(len, written.splitlines())) < 180


@pytest.mark.parametrize(
    ("changed", "reached"),
    [
        ({}, ["yes", "yes"]),
        ({"rate": 1_400}, ["yes", "**no**"]),
        ({"rate": 400}, ["**no**", "**no**"]),
        ({"p99": 400.0}, ["**no**", "**no**"]),
        ({"errors": {"predict: status 503": 1}}, ["**no**", "**no**"]),
    ],
)
def test_what_is_not_reached_is_told(tmp_path, changed, reached):
    written = report.write(run_of([CONSISTENT, CACHED], **changed), WHERE, [tmp_path / "a.png"], now=NOW)
    rows = [line.split("|") for line in written.splitlines() if "no error" in line]
    assert [row[-2].strip() for row in rows] == reached


def test_errors_are_told_by_what_came_instead(tmp_path):
    run = run_of([CONSISTENT], errors={"fit: status 503": 1_200, "predict: ConnectionError": 3})
    written = report.write(run, WHERE, [tmp_path / "a.png"], now=NOW)
    assert "- local stack, mix by locust: 1,200 × fit: status 503; 3 × predict: ConnectionError" in written
    assert "| 90 ms | 1,203 |" in written


def test_a_machine_that_is_not_quiet_is_told(tmp_path):
    quiet, busy = (
        report.write(
            run_of([CONSISTENT], cpu={"server": 9.0, "others": others}), WHERE, [tmp_path / "a.png"] * 2, now=NOW
        )
        for others in (0.5, 7.0)
    )
    assert "not quiet" not in quiet
    assert "other work took 0.7 of its cores" in busy
    assert "| 0.90 | 0.70 |" in busy


def test_a_deployed_stage_stays_without_its_address(tmp_path):
    target = deployed("https://abc123.execute-api.eu-central-1.amazonaws.com/dev/")
    written = report.write(run_of([target]), WHERE, [tmp_path / "a.png"], now=NOW)
    assert "abc123" not in written
    assert "to reach" not in written
    assert "moto" not in written


def test_a_stage_without_an_answer_can_be_told_and_drawn(tmp_path):
    run = run_of([CONSISTENT])
    run.outcomes[:] = [
        Outcome("local stack", stage.name, "locust", 10.0, {}, {}, {"predict: status 500": 9}) for stage in STAGES
    ]
    (picture,) = plots.draw(run, tmp_path, "load")
    assert picture.read_bytes().startswith(PNG)
    assert "| local stack | locust | 0.0 | – | – | – | 9 |" in report.write(run, WHERE, [picture], now=NOW)


@pytest.mark.slow
def test_the_same_figures_make_the_same_pictures(tmp_path):
    run = run_of([CONSISTENT, CACHED], cpu={"server": 20.0, "load generator": 2.0})
    first, second = (plots.draw(run, tmp_path / name, "load") for name in ("one", "two"))
    assert [picture.name for picture in first] == ["load-stages.png", "load-cpu.png"]
    assert [picture.read_bytes() for picture in first] == [picture.read_bytes() for picture in second]


def test_an_outcome_is_found_by_stage_target_and_generator():
    run = run_of([CONSISTENT, CACHED])
    assert run.find(MIX.name, CACHED.name).target == CACHED.name
    assert run.find(PREDICT.name, CONSISTENT.name, of="wrk") is None


def test_the_machine_is_told_without_its_name():
    told = report.machine()
    assert " cores of " in told
    assert platform.machine() in told
    assert platform.node() not in told.split()
