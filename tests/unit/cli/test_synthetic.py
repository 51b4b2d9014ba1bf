"""Made-up data: the same bytes for the same seed, and anomalies where the labels say."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.app import app
from cli.synthetic import Kind, generate

START = datetime(2026, 1, 1, tzinfo=UTC)
# Of what the command wrote when it was released: data that somebody made must be made again, to the byte.
RELEASED = {
    Kind.SENSORS: "9bfbea6ae67e54427ffb3cb156e1437804582442f8f8d2482fb71603e614e4a9",
    Kind.LOGS: "275398216d6af0e91089a64be3c090d8dfaa0819b054a825d80efcc923f34ed9",
}


@pytest.mark.parametrize("kind", Kind)
def test_the_same_seed_gives_the_same_bytes(kind, tmp_path):
    contents = []
    for name in ("a", "b"):
        data, labels = tmp_path / f"{name}.csv", tmp_path / f"{name}-labels.csv"
        words = ["ingest", "--kind", kind.value, "--seed", "7", "--out", str(data), "--labels", str(labels)]
        assert CliRunner().invoke(app, words).exit_code == 0
        contents.append(data.read_bytes() + labels.read_bytes())
    assert contents[0] == contents[1]
    assert hashlib.sha256(contents[0]).hexdigest() == RELEASED[kind]
    other = CliRunner().invoke(app, ["ingest", "--kind", kind.value, "--seed", "8"])
    assert other.stdout_bytes != (tmp_path / "a.csv").read_bytes()


@given(
    kind=st.sampled_from(Kind),
    seed=st.integers(),
    points=st.integers(1, 400),
    share=st.floats(0, 1),
)
def test_anomalies_are_where_the_labels_say(kind, seed, points, share):
    most = (points - points // 4) // 4
    wanted = int(share * most)
    options = {"seed": seed, "points": points, "step": 300, "start": START}
    lines = generate(kind, anomalies=wanted, **options)
    usual = generate(kind, anomalies=0, **options)
    assert len(lines) == points
    marked = [line.anomaly for line in lines]
    assert not any(marked[: points // 4])
    begun = [now for before, now in zip(["", *marked], marked, strict=False) if now and now != before]
    assert len(begun) == wanted
    assert set(begun) <= {"spike", "shift", "broken_correlation", "stuck"}
    assert all(line == other for line, other in zip(lines, usual, strict=True) if not line.anomaly)


def test_too_many_anomalies_are_refused():
    result = CliRunner().invoke(app, ["ingest", "--points", "40", "--anomalies", "8"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "40 points have no room for 8 anomalies; at most 7\n"


def test_labels_have_a_line_for_each_of_the_data(tmp_path):
    labels = tmp_path / "labels.csv"
    result = CliRunner().invoke(app, ["ingest", "--points", "80", "--anomalies", "2", "--labels", str(labels)])
    data = list(csv.DictReader(result.stdout.splitlines()))
    found = list(csv.DictReader(labels.read_text(encoding="utf-8").splitlines()))
    assert list(data[0]) == ["timestamp", "x1", "x2", "x3"]
    assert [line["timestamp"] for line in data] == [line["timestamp"] for line in found]
    assert {(line["anomaly"], line["kind"]) for line in found} == {("0", ""), ("1", "spike"), ("1", "shift")}
