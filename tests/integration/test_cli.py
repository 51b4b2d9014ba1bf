"""The command line against the real handlers over HTTP: each command once, and how each fails."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler

import pytest

from tests.support.commands import commands
from tests.support.environment import ROOT
from tests.support.jobs import work_off
from tests.support.served import KEY, listening


@pytest.fixture
def cli(api, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with commands(api, monkeypatch) as ran:
        yield ran


@pytest.fixture
def usual(cli, tmp_path):
    """Three days of usual rows."""
    cli.run("ingest", "--points", "216", "--step", "1200", "--anomalies", "0", "--out", "usual.csv")
    return str(tmp_path / "usual.csv")


def csv_of(result):
    return list(csv.DictReader(io.StringIO(result.stdout)))


def csv_of_last(result):
    """The only line of a table; before it may stand what the worker logs, which is in this process."""
    (line,) = csv.DictReader(result.stdout.splitlines()[-2:])
    return line


def test_a_series_is_trained_judged_and_drawn(cli, usual, tmp_path):
    fitted = cli.run(
        *("fit", "load", "--data", usual, "--column", "x1", "--detector", "three_sigma", "--option", "sigmas=4"),
        *("--reason", "first", "--idempotency-key", "one", "--output", "json"),
    )
    assert json.loads(fitted.stdout)["options"]["sigmas"] == 4
    one = cli.run("predict", "load", "--timestamp", "2026-01-05T00:00:00Z", "--value", "500", "--output", "csv")
    (judged,) = csv_of(one)
    assert (judged["anomaly"], judged["model_version"]) == ("true", "v1")
    cli.run("predict", "load", "--timestamp", "1767571200", "--value", "500", "--fail-on-anomaly", code=1)
    cli.run("predict", "load", "--timestamp", "1767571200", "--value", "50", "--fail-on-anomaly")
    points = b"when,x1\n2026-01-05T00:00:00Z,50\n2026-01-05T00:20:00Z,500\n"
    table = cli.run("predict", "load", "--data", "-", "--fail-on-anomaly", stdin=points, code=1)
    assert "2026-01-05T00:20:00Z" in table.stdout
    assert "1 of 2 are anomalous." in table.stdout
    listed = cli.run("predict", "load", "--data", "-", "--version", "v1", "--output", "csv", stdin=points)
    assert [line["anomaly"] for line in csv_of(listed)] == ["false", "true"]
    for name, begin in (("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")):
        cli.run("plot", "load", "-o", name, "--theme", "dark")
        assert (tmp_path / name).read_bytes().startswith(begin)


def test_rows_are_trained_and_judged(cli, usual):
    cli.run("fit", "machine", "--data", usual, "--detector", "mahalanobis")
    judged = cli.run("predict", "machine", "--data", usual, "--output", "csv")
    assert len(csv_of(judged)) == 216
    assert set(json.loads(csv_of(judged)[0]["contributions"])) == {"x1", "x2", "x3"}


def test_anomalies_that_were_put_in_are_detected(cli, tmp_path):
    cli.run("ingest", "--points", "400", "--anomalies", "4", "--out", "data.csv", "--labels", "labels.csv")
    url = os.environ["TIDEWATCH_URL"]
    asked = ("detect", "--data", "data.csv", "--column", "x1", "--detector", "mad", "--url", url)
    found = csv_of(cli.run(*asked, "--output", "csv", "--plot", "found.png", "--fail-on-anomaly", code=1))
    with (tmp_path / "labels.csv").open(encoding="utf-8") as lines:
        spikes = [line["kind"] == "spike" for line in csv.DictReader(lines)]
    assert [point["anomaly"] == "true" for point in found] == spikes
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
    assert "1 of 400 are anomalous." in cli.run(*asked).stdout
    assert json.loads(cli.run(*asked, "--output", "json").stdout)["points"] == 400


def test_versions_are_promoted_rolled_back_listed_and_deleted(cli, usual):
    for more in ((), (), ("--no-promote",)):
        cli.run("fit", "load", "--data", usual, "--column", "x1", *more)

    def champion():
        (line,) = csv_of(cli.run("series", "list", "--output", "csv"))
        return line["champion_version"]

    assert champion() == "v2"
    cli.run("promote", "load", "v3", "--reason", "better")
    assert champion() == "v3"
    cli.run("rollback", "load", "--reason", "worse")
    assert champion() == "v2"
    assert '"champion_version":"v1"' in cli.run(
        "rollback", "load", "--reason", "worse still", "--output", "json"
    ).stdout.replace(" ", "")
    refused = cli.run("rollback", "load", "--reason", "and more", code=2)
    assert refused.stderr == "No version judged before v1 of load; --to names one.\n"
    cli.run("rollback", "load", "--to", "v2", "--reason", "back")
    page = cli.run("series", "versions", "load", "--limit", "2")
    assert "There are more: --cursor " in page.stderr
    assert "v1" in cli.run("series", "show", "load", "--version", "v1").stdout
    assert "Add --yes" in cli.run("series", "delete", "load", code=2).stderr
    assert "(409)" in cli.run("series", "delete", "load", "--version", "v3", "--yes", code=3).stderr
    cli.run("series", "delete", "load", "--version", "v1", "--yes")
    cli.run("series", "delete", "load", "--yes")
    assert "(404)" in cli.run("series", "show", "load", code=3).stderr


def test_a_change_meanwhile_stops_a_rollback(cli, usual, monkeypatch):
    from cli.service import Service

    for _ in range(2):
        cli.run("fit", "load", "--data", usual, "--column", "x1")
    read = Service.entries

    def slower(self, *path, **query):
        yield from read(self, *path, **query)
        self.send("PUT", "series", "load", "champion", body={"version": "v1", "reason": "somebody else"})

    monkeypatch.setattr(Service, "entries", slower)
    assert "(412)" in cli.run("rollback", "load", "--reason", "mine", code=3).stderr


def test_an_audit_trail_is_shown_and_its_hashes_computed_here(cli, usual):
    cli.run("fit", "load", "--data", usual, "--column", "x1")
    for number in range(3):
        cli.run("promote", "load", "v1", "--reason", f"again \x1b[31m {number}")
        cli.run("fit", "load", "--data", usual, "--column", "x1")
    shown = cli.run("audit", "show", "load")
    assert "published" in shown.stdout
    assert "\x1b" not in shown.stdout
    intact = cli.run("audit", "verify", "load", "--output", "json")
    assert json.loads(intact.stdout)["intact"] is True
    assert f"{json.loads(intact.stdout)['entries']} entries, intact" in intact.stderr


def test_an_audit_trail_is_exported_and_verified_without_the_service(cli, usual, tmp_path):
    cli.run("fit", "load", "--data", usual, "--column", "x1")
    cli.run("series", "delete", "load", "--yes")
    assert json.loads(cli.run("audit", "export", "load", "--output", "json").stdout)["kind"] == "export_audit"
    assert "2 entries" in cli.run("audit", "export", "load", "--out", "trail.jsonl").stderr
    offline = ("audit", "verify", "--file", "trail.jsonl", "--url", "http://127.0.0.1:9")
    assert "2 entries, intact" in cli.run(*offline).stderr
    whole = (tmp_path / "trail.jsonl").read_bytes()
    (tmp_path / "trail.jsonl").write_bytes(whole.splitlines(keepends=True)[0])
    assert "the end is missing" in cli.run(*offline, code=1).stderr
    (tmp_path / "trail.manifest.json").write_text("[]")
    assert "this is no manifest" in cli.run(*offline, code=2).stderr
    (tmp_path / "trail.manifest.json").unlink()
    assert "entries that are missing at the end are not found" in cli.run(*offline).stderr
    assert "one of them" in cli.run("audit", "verify", code=2).stderr
    assert "No such file" in cli.run("audit", "verify", "--file", "gone.jsonl", code=2).stderr
    assert "No such file" in cli.run("audit", "export", "load", "--out", "no/folder.jsonl", code=2).stderr


def test_a_trail_that_the_service_shows_otherwise_is_found_here(cli, usual, monkeypatch):
    """The service says that all is well, and shows another reason."""
    from cli.service import Service

    for _ in range(2):
        cli.run("fit", "load", "--data", usual, "--column", "x1", "--reason", "a")
    read = Service.entries
    monkeypatch.setattr(
        Service,
        "entries",
        lambda *path, **query: (entry | {"reason": "b"} for entry in read(*path, **query)),
    )
    assert "entry 1 was changed" in cli.run("audit", "verify", "load", code=1).stderr
    monkeypatch.setattr(Service, "entries", lambda *path, **query: iter(list(read(*path, **query))[1:]))
    assert "counts 2 entries and shows 1" in cli.run("audit", "verify", "load", code=1).stderr


def test_jobs_are_listed_shown_and_cancelled(api, cli, usual):
    cli.run("fit", "load", "--data", usual, "--column", "x1")
    job = api.call("POST", "/series/load/versions/v1/reproduce").json()["job_id"]
    assert job in cli.run("jobs", "list", "--state", "queued", "--kind", "reproduce").stdout
    assert "reproduce" in cli.run("jobs", "show", job).stdout
    assert json.loads(cli.run("jobs", "cancel", job, "--output", "json").stdout)["state"] == "cancelled"
    assert "query.state" in cli.run("jobs", "list", "--state", "done", code=3).stderr
    cli.run("jobs", "show", "0" * 32, code=3)
    cli.run("jobs", "cancel", "no-job", code=3)


def test_tenants_and_keys_are_managed_and_a_secret_is_shown_once(cli):
    assert "active" in cli.run("tenants", "make", "team-a", "--tier", "standard", "--series", "5").stdout
    cli.run("tenants", "make", "team-a", code=3)
    assert "large" in cli.run("tenants", "change", "team-a", "--tier", "large", "--points-per-day", "9").stdout
    cli.run("tenants", "change", "team-a", code=2)
    made = cli.run("keys", "make", "team-a", "--name", "pipeline", "--scope", "read")
    secret = made.stdout.removesuffix("\n")
    assert secret.startswith("tw_")
    assert not any(character.isspace() for character in secret)
    (line,) = csv_of(cli.run("keys", "list", "team-a", "--output", "csv"))
    rotated = cli.run("keys", "rotate", "team-a", line["key_id"], "--grace", "60")
    assert rotated.stdout.startswith("tw_")
    assert "Add --yes" in cli.run("keys", "revoke", "team-a", line["key_id"], code=2).stderr
    cli.run("keys", "revoke", "team-a", line["key_id"], "--yes")
    cli.run("keys", "revoke", "team-a", "no-key", "--yes", code=3)
    cli.run("keys", "make", "nobody", "--name", "x", code=3)
    assert "team-a" in cli.run("tenants", "list").stdout
    assert "team-a" in cli.run("tenants", "show", "team-a").stdout
    cli.run("tenants", "delete", "team-a", code=2)
    assert "delete_tenant" in cli.run("tenants", "delete", "team-a", "--yes").stdout
    assert cli.written.count(secret) == cli.written.count(rotated.stdout.strip()) == 1


def test_a_refusal_names_each_field(cli, usual):
    asked = ("fit", "load", "--data", usual, "--column", "x1", "--detector", "three_sigma")
    refused = cli.run(*asked, "--option", "sigma=4", "--option", "side=up", code=3)
    assert refused.stdout == ""
    title, *errors = refused.stderr.splitlines()
    assert title.startswith("Invalid request (422): ")
    assert [line.partition(": ")[0] for line in errors] == ["  body.detector.side", "  body.detector.sigma"]


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "load", "--data", "none.csv"),
        ("fit", "load", "--data", "usual.csv", "--option", "sigmas=3"),
        ("fit", "load", "--data", "usual.csv", "--detector", "mad", "--option", "sigmas"),
        ("fit", "load", "--data", "usual.csv", "--detector", "mad", "--option", "a=1", "--option", "a=2"),
        ("predict", "load"),
        ("predict", "load", "--value", "3"),
        ("predict", "load", "--data", "usual.csv", "--value", "3"),
        ("plot", "load", "-o", "load.pdf"),
        ("promote", "load", "v1"),
        ("series", "list", "--output", "xml"),
        ("series", "list", "--url", "ftp://127.0.0.1"),
        ("series", "list", "--url", "http://198.51.100.1/dev"),
        ("nonsense",),
    ],
    ids=" ".join,
)
def test_wrong_usage_sends_nothing(cli, usual, monkeypatch, words):
    import urllib3

    monkeypatch.setattr(urllib3.PoolManager, "request", None)
    result = cli.run(*words, code=2)
    assert result.stdout == ""
    assert result.stderr


def test_a_wrong_key_is_refused_and_not_shown(cli, monkeypatch):
    monkeypatch.setenv("TIDEWATCH_API_KEY", "tw_another-secret")
    assert "(401)" in cli.run("series", "list", code=3).stderr
    monkeypatch.delenv("TIDEWATCH_API_KEY")
    assert "(401)" in cli.run("series", "list", code=3).stderr
    monkeypatch.setenv("TIDEWATCH_API_KEY", "tw_with\nnewline")
    cli.run("series", "list", code=2)
    assert "tw_" not in cli.written


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b"[]"), (302, b""), (502, b"<html>")])
def test_what_is_not_tidewatch_is_told(cli, status, body):
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with listening(Elsewhere) as url:
        result = cli.run("series", "list", "--output", "json", "--url", url, code=3 if status == 502 else 4)
    assert result.stdout == ""
    assert "502 Bad Gateway" in result.stderr if status == 502 else "not Tidewatch's" in result.stderr


def test_the_program_says_that_nothing_answers(tmp_path):
    """In a process of its own, from another folder."""
    environment = {"PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}", "TIDEWATCH_API_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", "series", "list", "--url", "http://127.0.0.1:9/dev"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("http://127.0.0.1:9/dev does not answer")
    assert KEY not in done.stderr


def test_a_challenger_is_set_compared_labelled_and_dropped(cli, usual, tmp_path):
    for more in ((), ("--no-promote",)):
        cli.run("fit", "load", "--data", usual, "--column", "x1", *more)
    standing = cli.run(
        *("challenger", "set", "load", "v2", "--error-rate", "0.01", "--auto-promote", "--reason", "try"),
        *("--output", "json"),
    )
    assert json.loads(standing.stdout)["challenger"]["error_rate"] == 0.01
    cli.run("ingest", "--points", "600", "--anomalies", "4", "--out", "new.csv", "--labels", "labels.csv")
    kept = cli.run("label", "load", "--data", "labels.csv")
    with (tmp_path / "labels.csv").open(encoding="utf-8") as lines:
        anomalies = sum(line["anomaly"] == "1" for line in csv.DictReader(lines))
    assert kept.stderr == f"600 labels of load are kept, {anomalies} of them anomalies.\n"
    compared = json.loads(cli.run("comparison", "load", "--miss-cost", "5", "--output", "json").stdout)
    assert (compared["champion_version"], compared["challenger_version"]) == ("v1", "v2")
    assert "(422)" in cli.run("comparison", "load", "--miss-cost", "-1", code=3).stderr
    assert json.loads(cli.run("challenger", "drop", "load", "--output", "json").stdout)["challenger"] is None
    assert json.loads(cli.run("monitor", "load", "--on", "--output", "json").stdout)["monitor"] is True
    wrong = cli.run("label", "load", "--data", "new.csv", "--column", "x1", code=2)
    assert "600 labels are neither 0 nor 1, the first at 2026-01-01T00:00:00+00:00" in wrong.stderr


def test_drift_is_told_and_a_champion_retrained(cli, usual, monkeypatch):
    cli.run("fit", "load", "--data", usual, "--column", "x1", "--detector", "mad")
    cli.run("monitor", "load", "--on")
    cli.run("predict", "load", "--data", usual, "--column", "x1")
    asked = ("drift", "load", "--fail-on-drift", "--output", "json")
    assert json.loads(cli.run(*asked).stdout)["drifting"] is False
    lines = ["timestamp,x1", *(f"{1_767_571_200 + 1200 * index},500" for index in range(240))]
    cli.run("predict", "load", "--data", "-", stdin="\n".join(lines).encode())
    assert json.loads(cli.run(*asked, code=1).stdout)["drifting"] is True
    assert "(422)" in cli.run("drift", "load", "--points-per-false-alarm", "1", code=3).stderr
    monkeypatch.setattr("cli.waiting.time.sleep", lambda _: work_off())
    asked = ("retrain", "load", "--window", "300", "--exclude", "none", "--promote", "never", "--output", "json")
    told = cli.run(*asked, "--option", "threshold=4", "--auto-promote", "--least-new-points", "100", "--wait")
    result = json.loads(told.stdout.splitlines()[-1])["result"]
    assert (result["version"], result["role"], result["new_points"]) == ("v2", "none", 240)
    assert (
        json.loads(cli.run("series", "show", "load", "--version", "v2", "--output", "json").stdout)["options"][
            "threshold"
        ]
        == 4
    )
    refused = cli.run("retrain", "load", "--exclude", "some", "--promote", "later", code=3).stderr
    assert "body.exclude" in refused
    assert "body.promote" in refused


def test_versions_are_evaluated_and_held_to_a_gate(cli, usual, tmp_path, monkeypatch):
    monkeypatch.setattr("cli.waiting.time.sleep", lambda _: work_off())
    cli.run("fit", "load", "--data", usual, "--column", "x1", "--detector", "three_sigma")
    (tmp_path / "policy.yaml").write_text("figures: {serving.equal: {min: 1}, f1: {min: 0}}")
    asked = ("evaluations", "start", "load", "--version", "v1", "--method", "mad", "--option", "threshold=4")
    gated = cli.run(*asked, "--folds", "2", "--seed", "3", "--wait", "--gate", "policy.yaml", "--plot", "e.svg", code=1)
    assert "recall.level_shift" in gated.stdout
    assert gated.stderr.splitlines() == [f"Gate: {name}: f1 cannot be told of this data." for name in ("v1", "mad")]
    assert (tmp_path / "e.svg").read_bytes().startswith(b"<?xml")
    cli.run("ingest", "--points", "400", "--anomalies", "4", "--out", "new.csv", "--labels", "labels.csv")
    sent = ("--data", "new.csv", "--column", "x1", "--labels-file", "labels.csv")
    started = json.loads(cli.run("evaluations", "start", "load", *sent, "--output", "json").stdout)
    show = ("evaluations", "show", "load", started["job_id"])
    assert "queued" in cli.run(*show).stdout
    assert "(409)" in cli.run(*show, "--plot", "f.png", code=3).stderr
    cli.run("jobs", "wait", started["job_id"])
    assert "labelled_recall" in cli.run(*show, "--plot", "f.png").stdout
    assert json.loads(cli.run(*show, "--output", "json").stdout)["report"]["labelled_anomalies"] > 4
    told = cli.run("evaluations", "start", "load", "--version", "old", "--method", "mda", code=3).stderr
    assert "did you mean mad?" in told
    for words in (("--gate", "policy.yaml"), ("--labels", "x"), ("--option", "a=1"), ("--wait", "--plot", "a.gif")):
        cli.run("evaluations", "start", "load", *words, code=2)


def test_each_column_is_trained_as_a_series(cli, tmp_path):
    """Empty cells are no points; what is refused does not keep the others from being trained."""
    lines = [f"{1_767_225_600 + 60 * index},{index % 7},{'' if index % 2 else index % 5},1" for index in range(60)]
    (tmp_path / "wide.csv").write_text("\n".join(["t,a,b,c d", *lines]))
    fitted = cli.run("fit", "shop", "--data", "wide.csv", "--each", "--detector", "mad", "--output", "csv", code=3)
    assert [(line["series_id"], line["points_used"]) for line in csv_of(fitted)] == [("shop.a", "60"), ("shop.b", "30")]
    assert fitted.stderr.startswith("shop.c d: ")
    assert fitted.stderr.endswith("1 of 3 series were not trained.\n")


def test_a_job_is_awaited(api, cli, usual, monkeypatch):
    """What the worker would do meanwhile is done while the command sleeps."""
    cli.run("fit", "load", "--data", usual, "--column", "x1")
    asked = ("reproduce", "load", "v1", "--output", "json")
    job = json.loads(cli.run(*asked).stdout)["job_id"]
    late = cli.run("jobs", "wait", job, "--timeout", "0", code=5)
    assert late.stderr == f"Job {job} is queued after 0 s; it goes on.\n"
    cli.run("jobs", "cancel", job)
    assert cli.run("jobs", "wait", job, code=3).stderr == f"Job {job} cancelled.\n"
    monkeypatch.setattr("cli.waiting.time.sleep", lambda _: work_off())
    # Before it stands what the worker logs, which is in this process.
    awaited = cli.run(*asked, "--wait").stdout.splitlines()[-1]
    assert json.loads(awaited)["result"]["outcome"] == "equal"
    assert csv_of_last(cli.run(*asked[:-1], "csv", "--wait"))["outcome"] == "equal"
    assert "equal" in cli.run(*asked[:-1], "table", "--wait").stdout
    cli.run("fit", "load", "--data", usual, "--column", "x1")
    job = json.loads(cli.run("reproduce", "load", "v2", "--output", "json").stdout)["job_id"]
    cli.run("series", "delete", "load", "--yes")
    assert f"Job {job} failed: " in cli.run("jobs", "wait", job, code=3).stderr
