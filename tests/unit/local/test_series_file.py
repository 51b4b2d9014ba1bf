from __future__ import annotations

from pathlib import Path

import pytest

from local.csv_tour import series_id_of
from local.series_file import SeriesFile, UnusableFile, read_series

MONDAY = 1_767_571_200  # 2026-01-05T00:00:00Z


def read(tmp_path: Path, text: str | bytes) -> SeriesFile:
    path = tmp_path / "series.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_series(path)


@pytest.mark.parametrize(
    "text",
    [
        f"{MONDAY},3.5\n{MONDAY + 60},4\n",
        f"{MONDAY * 1000},3.5\n{(MONDAY + 60) * 1000},4\n",
        f"{MONDAY * 10**6},3.5\n{(MONDAY + 60) * 10**6},4\n",
        "timestamp,value\n2026-01-05 00:00:00,3.5\n2026-01-05 00:01:00,4\n",
        "time;temperature\n2026-01-05T01:00+01:00;3,5\n2026-01-05T01:01+01:00;4,0\n",
        "\ufeffvalue\tdate\n3.5\t2026-01-05T00:00:00Z\n4\t20260105T000100\n",
        "id|when|load\n7|2026-01-05 00:00|3.5\n8|2026-01-05 00:01|4\n\n",
        "7,2026-01-05 00:00,3.5\n8,2026-01-05 00:01,4\n",
        "host,value,other,timestamp\na,3.5,1,2026-01-05 00:00\nb,4,1,2026-01-05 00:01\n",
        b"zeit,gr\xf6\xdfe\n2026-01-05 00:00,3.5\n2026-01-05 00:01,4\n",
    ],
)
def test_forms_of_a_file(tmp_path: Path, text: str | bytes) -> None:
    series = read(tmp_path, text)
    assert (series.timestamps, series.values) == ([MONDAY, MONDAY + 60], [3.5, 4.0])
    assert len(series.remarks) == 1


def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    rows = ["timestamp,value", "100,1", "90,2", "100,3", "110,", "x,4", "120,nan", "130.5,5", "140"]
    series = read(tmp_path, "\n".join(rows))
    assert (series.timestamps, series.values) == ([90, 100, 130], [2.0, 1.0, 5.0])
    assert series.remarks == (
        "Time is column 'timestamp', value is column 'value'.",
        "Left out 4 rows, the first is row 5, without a readable time and number.",
        "Fractions of seconds were cut off.",
        "Sorted by time: it went backwards once.",
        "Left out 1 row whose time was there before: 1970-01-01 00:01:40; the first was kept.",
    )


def test_more_than_one_of_each(tmp_path: Path) -> None:
    series = read(tmp_path, "100,1\n90,2\n100,3\n90,4\nx,5\n")
    assert series.remarks[1:] == (
        "Left out row 5 without a readable time and number.",
        "Sorted by time: it went backwards 2 times.",
        "Left out 2 rows whose time was there before, such as 1970-01-01 00:01:40; the first was kept.",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("a\n1\n2\n", "it has one column"),
        ("a,b\nfoo,bar\n", "no column of times"),
        ("2026-01-05,foo\n2026-01-06,bar\n", "no column of numbers beside the times"),
        ("time,value\n2026-01-05,1e999\n", "no column of numbers"),
        ('2026-01-05,"1,5"\n', "no column of numbers"),
        ('time,value\n1,"' + "x" * 140_000 + '"\n', "no CSV file"),
    ],
)
def test_files_without_a_series(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UnusableFile, match=why):
        read(tmp_path, text)


def test_series_ids() -> None:
    assert series_id_of(Path("a/CPU load (host 1).csv")) == "CPU-load-host-1-"
    assert series_id_of(Path("x" * 200 + ".csv")) == "x" * 128
