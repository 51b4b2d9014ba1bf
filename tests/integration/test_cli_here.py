"""The commands that need no stage: models in a folder, and ``config.yaml``."""

from __future__ import annotations

import csv
import io
import json
import shlex
import threading
from pathlib import Path

import pytest
import urllib3
import yaml
from tidewatch.registry.audit import verify

from cli.data_file import read_table
from cli.gate import FIGURES
from cli.points import series_of
from cli.store.documents import Standing
from cli.store.workspace import Workspace
from tests.support.commands import Commands
from tests.support.environment import ROOT


@pytest.fixture
def cli(monkeypatch, tmp_path):
    """Commands in an empty folder; none of them may send anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEWATCH_URL", "http://127.0.0.1:9/dev")
    monkeypatch.setattr(urllib3.PoolManager, "request", None)
    commands = Commands()
    commands.run("ingest", "--points", "288", "--anomalies", "0", "--step", "1200", "--out", "usual.csv")
    new = (
        "ingest",
        "--points",
        "400",
        "--start",
        "2026-01-05",
        "--step",
        "1200",
        "--anomalies",
        "4",
        "--out",
        "new.csv",
    )
    commands.run(*new, "--labels", "labels.csv")
    return commands


def csv_of(result):
    return list(csv.DictReader(io.StringIO(result.stdout)))


def files():
    return sorted(path.as_posix() for path in Path(".tidewatch").rglob("*") if path.is_file())


def test_a_model_is_trained_stored_readably_and_judges(cli, tmp_path):
    asked = ("train", "--data", "usual.csv", "--column", "x1", "--series", "load", "--method", "three_sigma")
    first = json.loads(cli.run(*asked, "--option", "sigmas=4", "--reason", "first", "--output", "json").stdout)
    assert (first["version"], first["points_used"], first["options"]["sigmas"]) == ("v1", 288, 4)
    assert "v2" in cli.run(*asked).stdout
    told = json.loads(Path(".tidewatch/series/default/load/v1.json").read_text())
    assert (told["detector"], told["parameters"]["units"] is not None) == ("three_sigma", True)
    standing = Standing.from_json(Path(".tidewatch/series/default/load/series.json").read_bytes())
    assert verify(standing.entries, standing.trail.hash).intact
    assert standing.entries[0].reason == "first"
    judged = ("detect", "--data", "new.csv", "--column", "x1", "--series", "load")
    with (tmp_path / "labels.csv").open(encoding="utf-8") as lines:
        spikes = [line["kind"] == "spike" for line in csv.DictReader(lines)]
    found = cli.run(*judged, "--version", "v1", "--output", "csv", "--plot", "a.png", "--fail-on-anomaly", code=1)
    assert [point["anomaly"] == "true" for point in csv_of(found)] == spikes
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads(cli.run(*judged, "--output", "json").stdout)
    assert (document["model_version"], document["anomalies"]) == ("v2", sum(spikes))
    assert [event["points"] for event in document["events"]] == [1] * sum(spikes)


def test_rows_are_trained_and_judged_and_learned_from_alone(cli):
    cli.run("train", "--data", "usual.csv", "--method", "pca")
    assert any(name.endswith("v1.npz") for name in files())
    found = cli.run("detect", "--data", "new.csv", "--series", "default", "--plot", "a.svg", "--output", "csv")
    assert {"x1", "x2", "x3"} == set(json.loads(csv_of(found)[-1]["contributions"]))
    assert Path("a.svg").read_bytes().startswith(b"<?xml")
    wrong = cli.run("detect", "--data", "new.csv", "--series", "default", "--column", "x1", "--column", "x3", code=2)
    assert wrong.stderr == "The model judges x1, x2, x3. Missing here: x2; too much: none. --column chooses.\n"
    wrong = cli.run("detect", "--data", "new.csv", "--series", "default", "--column", "x1", code=2)
    assert "judges rows of x1, x2, x3: give rows of variables" in wrong.stderr
    before = files()
    zone = ("--timezone", "Europe/Berlin", "--plot", "b.svg")
    for more in ((), ("--column", "x1", "--method", "mad")):
        cli.run("detect", "--data", "new.csv", *more, *zone)
        assert "Berlin" in Path("b.svg").read_text()
    assert "of 400 are anomalous." in cli.run("detect", "--data", "new.csv", "--column", "x1").stdout
    assert files() == before


def test_trainings_at_once_lose_nothing(cli, tmp_path):
    """Of several threads, and of several stores over one folder."""
    cli.run("train", "--data", "usual.csv", "--column", "x1")
    stores = [Workspace(tmp_path / ".tidewatch") for _ in range(8)]
    key, series = stores[0].key("default"), series_of(read_table("usual.csv", None, ["x1"]), "a test")
    model = stores[0].registry.load(key).of_values
    threads = [threading.Thread(target=store.publisher.publish, args=(key, series, model)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = stores[0].registry.list_versions(key, 100, None)
    assert [each.number for each in page.items] == list(range(9, 0, -1))


def test_config_chooses_and_flags_win_over_it(cli):
    Path("config.yaml").write_text("detection: {method: moving_average, contamination: 0.002, window_size: 24}\n")
    trained = ("train", "--data", "usual.csv", "--column", "x1", "--output", "json")

    def options(*more):
        result = cli.run(*trained, *more)
        return json.loads(result.stdout)["options"], result.stderr

    of_file, said = options()
    assert (of_file["name"], of_file["false_alarm_rate"], of_file["window"], said) == ("moving_average", 0.002, 24, "")
    flagged, _ = options("--option", "window=30", "--option", "false_alarm_rate=0.01")
    assert (flagged["window"], flagged["false_alarm_rate"]) == (30, 0.01)
    other, said = options("--method", "mad")
    assert (other["name"], other["false_alarm_rate"]) == ("mad", 0.002)
    assert said == "config.yaml: detection.window_size has no effect on mad, which has no window.\n"
    forest, _ = options("--method", "isolation_forest")
    assert (forest["contamination"], forest["long_window"]) == (0.002, 24)
    Path("other.yaml").write_text("")
    assert options("--config", "other.yaml")[0]["name"] == "three_sigma"
    said = cli.run("detect", "--data", "new.csv", "--column", "x1", "--series", "default").stderr
    assert said == "config.yaml: detection has no effect: default was trained before.\n"


def test_alerting_tells_events_on_the_console_and_what_it_cannot_do(cli):
    asked = ("detect", "--data", "new.csv", "--column", "x1", "--method", "mad")
    for alerting, expected in (
        ("enabled: false, channels: [email]", []),
        ("enabled: true", ["ALERT 2026-01-"]),
        ("enabled: true, threshold: 1", []),
        (
            "enabled: true, channels: [email, sns]",
            ["config.yaml: alerting.channels: email, sns cannot be reached from the command line, so nobody is"],
        ),
        ("enabled: true, channels: []", ["config.yaml: alerting.channels is empty: nobody is alerted."]),
    ):
        Path("config.yaml").write_text(f"alerting: {{{alerting}}}\n")
        lines = cli.run(*asked).stderr.splitlines()
        assert len(lines) == len(expected), lines
        assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "detection: {methd: mad, contamination: 2, window_size: a}\nalerts: {}\n",
            [
                "detection.contamination: should be less than or equal to 0.5",
                "detection.window_size: should be a valid integer",
                "detection.methd: unknown; did you mean method?",
                "alerts: unknown; did you mean alerting?",
            ],
        ),
        (
            "detection: {method: isolation_forst}\nalerting: {channels: [consol]}\n",
            [
                "detection.method: no detector 'isolation_forst'; did you mean isolation_forest?",
                "alerting.channels: no channel 'consol'; did you mean console?",
            ],
        ),
        ("detection: mad\n", ["detection: must be fields with values"]),
        ("- 1\n", ["the file: must be fields with values"]),
    ],
)
def test_everything_wrong_with_config_is_told_at_once(cli, text, problems):
    Path("config.yaml").write_text(text)
    for words in (
        ("train", "--data", "usual.csv"),
        ("detect", "--data", "usual.csv"),
        ("fit", "a", "--data", "usual.csv"),
    ):
        assert cli.run(*words, code=2).stderr.splitlines() == [
            "config.yaml is not usable:",
            *(f"  {problem}" for problem in problems),
        ]


def test_a_label_that_is_given_twice_is_told(cli):
    words = ("series", "id", "requests", "--label", "a=1", "--label", "a=2")
    assert "'a' is given more than once" in cli.run(*words, code=2).stderr


def test_what_is_no_yaml_is_told(cli):
    for text, message in (
        ("a: [", "is no YAML: "),
        ("detection: !!python/object:os.system {}", "is no YAML: "),
        ("detection: {method: mad}\ndetection: {method: iqr}", "detection is given more than once"),
    ):
        Path("config.yaml").write_text(text)
        assert message in cli.run("train", "--data", "usual.csv", code=2).stderr
    assert "No such file" in cli.run("train", "--data", "usual.csv", "--config", "none.yaml", code=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "--data", "none.csv"), "none.csv: No such file or directory"),
        (("train", "--data", "usual.csv", "--series", "../x"), "must have 1 to 128 letters"),
        (("train", "--data", "usual.csv", "--method", "mda", "--column", "x1"), "'mda'; did you mean mad?"),
        (("train", "--data", "usual.csv", "--method", "mad"), "No detector of rows of variables is called 'mad'"),
        (
            ("train", "--data", "usual.csv", "--method", "knn", "--option", "neighbors=4", "--option", "seed=x"),
            "  --option neighbors: unknown; did you mean neighbours?\n  --option seed: should be a valid integer",
        ),
        (("train", "--data", "usual.csv", "--timezone", "Berlin"), "did you mean Europe/Berlin?"),
        (("train", "--data", "usual.csv", "--allow-constant"), "--allow-constant is for one column"),
        (("train", "--data", "late.csv"), "timestamp of point 2 (1767225600) repeats timestamp of point 1"),
        (("train", "--data", "flat.csv"), "all values equal 1"),
        (("train", "--data", "usual.csv", "--models", "usual.csv"), "usual.csv"),
        (
            ("detect", "--data", "usual.csv", "--series", "nope"),
            "No model of nope is here: `tidewatch train`",
        ),
        (("detect", "--data", "usual.csv", "--version", "v1"), "--version needs --series"),
        (("detect", "--data", "usual.csv", "--series", "a", "--method", "mad"), "--series was trained."),
        (("detect", "--data", "usual.csv", "--timezone", "Berlin"), "did you mean Europe/Berlin?"),
        (("detect", "--data", "usual.csv", "--series", "a", "--url", "https://a"), "--url a stage"),
        (("detect", "--data", "usual.csv", "--url", "https://a"), "A stage detects in one column"),
        (("detect", "--data", "usual.csv", "--column", "x1", "--plot", "a.gif"), "must end with .png or .svg"),
        (("detect", "--data", "usual.csv", "--column", "x1", "--plot", "no/a.png"), "no/a.png: No such file"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_usage_is_told_and_stores_nothing(cli, words, message):
    Path("late.csv").write_text("t,v\n1767225600,1\n1767225600,2\n1767225700,3\n1767225800,4\n1767225900,5\n")
    Path("flat.csv").write_text("t,v\n" + "".join(f"{1767225600 + 60 * i},1\n" for i in range(9)))
    result = cli.run(*words, code=2)
    assert result.stdout == ""
    assert message in result.stderr
    assert files() == []


def test_a_damaged_model_is_told(cli):
    cli.run("train", "--data", "usual.csv", "--method", "pca")
    folder = Path(".tidewatch/series/default/default")
    judged = ("detect", "--data", "new.csv", "--series", "default")
    arrays = (folder / "v1.npz").read_bytes()
    (folder / "v1.npz").write_bytes(arrays[:-1])
    assert "v1.npz does not match its sha256" in cli.run(*judged, code=2).stderr
    (folder / "v1.npz").write_bytes(arrays)
    for name, text in (("v1.json", "{}"), ("v1.json", "no"), ("series.json", '{"head": 3}')):
        whole = (folder / name).read_bytes()
        (folder / name).write_text(text)
        assert f"{name} does not match" in cli.run(*judged, code=2).stderr
        (folder / name).write_bytes(whole)
    assert cli.run(*judged).exit_code == 0
    assert "version v7" in cli.run(*judged, "--version", "v7", code=2).stderr
    assert "a version is a number such as 3" in cli.run(*judged, "--version", "old", code=2).stderr


def test_a_model_of_another_release_is_read(cli):
    cli.run("train", "--data", "usual.csv", "--method", "pca")
    path = Path(".tidewatch/series/default/default/v1.json")
    told = json.loads(path.read_text())
    # The first release that kept models in files knew no time zones.
    del told["timezone"]
    path.write_text(json.dumps(told | {"of_another_release": 1}))
    cli.run("detect", "--data", "new.csv", "--series", "default")


@pytest.fixture
def labelled(cli):
    """A file with its labels as a column: x1 and whether it has a spike."""
    with Path("new.csv").open() as data, Path("labels.csv").open() as labels:
        both = zip(csv.DictReader(data), csv.DictReader(labels), strict=True)
        lines = [f"{point['timestamp']},{point['x1']},{int(label['kind'] == 'spike')}\n" for point, label in both]
    # Of the last hour nobody knows.
    lines[-3:] = [line.rpartition(",")[0] + ",\n" for line in lines[-3:]]
    Path("labelled.csv").write_text("timestamp,x1,spike\n" + "".join(lines))
    return "labelled.csv"


def test_detectors_and_models_are_evaluated_and_held_to_a_gate(cli, labelled):
    cli.run("train", "--data", "usual.csv", "--column", "x1", "--method", "mad", "--series", "load")
    asked = ("evaluate", "--data", labelled, "--labels", "spike", "--folds", "2")
    models = ("--series", "load", "--version", "v1", "--method", "mad", "--method", "moving_average")
    report = json.loads(cli.run(*asked, *models, "--output", "json").stdout)
    assert list(report["figures"]) == ["load v1", "mad", "moving_average"]
    assert report["gate"] is None
    # Alone it judges all of the file, as nothing of it is kept for training.
    alone = json.loads(cli.run(*asked, "--series", "load", "--output", "json").stdout)["figures"]["load v1"]
    assert alone["labelled_recall"] == alone["serving.equal"] == 1
    assert set().union(*report["figures"].values()) <= set(FIGURES)
    lines = csv_of(cli.run(*asked, *models, "--output", "csv"))
    assert {line["contender"] for line in lines} == set(report["figures"])
    assert cli.run(*asked, *models).stdout == cli.run(*asked, *models).stdout

    Path("policy.yaml").write_text("figures: {labelled_recall: {min: 1, max: 1}, alarm_rate: {max: 0.5}}\n")
    gated = (*asked, "--series", "load", "--gate", "policy.yaml")
    assert cli.run(*gated).stderr == "Gate: all 2 bounds are kept.\n"
    Path("policy.yaml").write_text("figures: {recall.spike: {min: 1.5}, seen: {max: -1}, recall.decoupled: {min: 0}}\n")
    failed = cli.run(*gated, "--output", "json", code=1)
    gate = json.loads(failed.stdout)["gate"]
    assert (gate["passed"], [each["passed"] for each in gate["checks"]]) == (False, [False, False, False])
    assert [line.partition(": load v1: ")[2] for line in failed.stderr.splitlines()] == [
        "recall.spike is 0, at least 1.5 is wanted.",
        "seen is 0, at most -1 is wanted.",
        "recall.decoupled cannot be told of this data.",
    ]


def test_labels_in_a_file_of_their_own(cli):
    asked = ("evaluate", "--data", "new.csv", "--method", "pca", "--folds", "2", "--output", "json")
    report = json.loads(cli.run(*asked, "--labels-file", "labels.csv").stdout)
    assert report["kind"] == "rows"
    assert report["figures"]["pca"]["events.recall"] is not None
    assert "recall.decoupled" in report["figures"]["pca"]


def test_everything_wrong_with_a_policy_is_told_at_once(cli):
    asked = ("evaluate", "--data", "new.csv", "--column", "x1", "--gate", "policy.yaml")
    for text, problems in (
        (
            "figures: {recal: {min: 1}, f1: {min: 0.5}, recall: {}, seen: {min: 2, max: 1}}",
            [
                "figures.recal: unknown; did you mean recall?",
                "figures.f1: needs labels: --labels names their column",
                "figures.recall: needs min, max or both",
                "figures.seen: min is more than max",
            ],
        ),
        ("figures: {}", ["figures: name at least one, such as recall: {min: 0.5}"]),
        ("figures: {recall: {mini: 1}}", ["figures.recall.mini: unknown; did you mean min?"]),
        ("", ["figures: Field required"]),
    ):
        Path("policy.yaml").write_text(text)
        told = cli.run(*asked, code=2).stderr.splitlines()
        assert told == ["policy.yaml is not usable:", *(f"  {problem}" for problem in problems)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--labels", "x2", "--column", "x2"), "--labels x2 is a column of numbers, too"),
        (("--labels", "x2"), "new.csv, x2: 400 labels are neither 0 nor 1, the first at 2026-01-05T00:00:00+00:00."),
        (("--labels", "anomly"), "has no column 'anomly'; it has x1, x2, x3."),
        (("--column", "x1", "--labels", "x"), "has no column 'x'"),
        (("--version", "v1"), "--version needs --series."),
        (("--series", "nope"), "No model of nope is here"),
        (("--method", "pca", "--method", "pca"), "contenders need different names"),
        (("--method", "pca", "--method", "knn", "--option", "seed=1"), "--option needs exactly one --method."),
        (("--timezone", "Berlin"), "did you mean Europe/Berlin?"),
        (("--folds", "0"), "--folds must be 1 to 20, got 0"),
        (("--folds", "20", "--column", "x1"), "20 folds need at least 400 points"),
        (("--seed", "-1"), "--seed must be 0 to"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_usage_of_evaluate_is_told(cli, words, message):
    data = ("--data", "usual.csv" if "20" in words else "new.csv")
    result = cli.run("evaluate", *data, *words, code=2)
    assert result.stdout == ""
    assert message in result.stderr


def test_the_sample_workflow_calls_the_command_as_it_is(cli):
    steps = yaml.safe_load((ROOT / "docs/examples/evaluate.yml").read_text())["jobs"]["evaluate"]["steps"]
    (script,) = (step["run"] for step in steps if step.get("name") == "evaluate")
    words = shlex.split(script.replace("\\\n", " ").partition(">")[0])
    assert Path(words[0]).name == "tidewatch"
    Path("data").mkdir()
    cli.run("ingest", "--points", "2016", "--out", "data/requests.csv")
    Path("data/requests.csv").write_text(Path("data/requests.csv").read_text().replace("x1", "requests"))
    Path("policy.yaml").write_text((ROOT / "docs/examples/policy.yaml").read_text())
    Path("config.yaml").write_text("detection: {method: moving_average}\n")
    cli.run(*words[1:])
