"""Files of data: what they become, and what is told of those that cannot be read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from cli.data_file import read_table
from cli.errors import WrongUsage


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode())
        return str(path)

    return write


def test_one_column_is_a_series_and_several_are_rows(written):
    path = written("\ufefftime,x1, x2\n2026-01-01T00:00:00Z,1,2\n1767225660,3.5,\n2026-01-01 00:02:00,-1e3,4\n")
    times = [1767225600, 1767225660, 1767225720]
    assert read_table(path, None, ["x1"]).as_fit() == {"timestamps": times, "values": [1, 3.5, -1000]}
    rows = read_table(path, "time", None)
    assert rows.as_fit() == {"timestamps": times, "variables": {"x1": [1, 3.5, -1000], "x2": [2, None, 4]}}
    assert rows.as_predict()["rows"][1] == {"timestamp": 1767225660, "x1": 3.5, "x2": None}


def test_every_cell_that_cannot_be_read_is_told(written):
    path = written("t,v\nyesterday,1\n1767225600.5,2\n1767225660,\n1767225720,nan\n1767225780\n")
    with pytest.raises(WrongUsage) as caught:
        read_table(path, None, None)
    assert str(caught.value).splitlines()[1:] == [
        "  line 2, t: 'yesterday' is neither Unix seconds nor ISO 8601",
        "  line 3, t: '1767225600.5' is neither Unix seconds nor ISO 8601",
        "  line 4, v: '' is no number",
        "  line 5, v: 'nan' is not finite",
        "  line 6: 1 cells, the header has 2",
    ]
    with pytest.raises(WrongUsage, match="and 5 more"):
        read_table(written("t,v\n" + "1,x\n" * 15), None, None)


@pytest.mark.parametrize(
    ("text", "time", "columns", "message"),
    [
        ("", None, None, "a header and at least one line"),
        ("t,v\n", None, None, "a header and at least one line"),
        ("t\n1\n", None, None, "a column of numbers beside 't'"),
        ("t,v,v\n1,2,3\n", None, None, "of a name of its own"),
        ("t,v\n1,2\n", None, ["t"], "a column of numbers beside 't'"),
        ("t,v\n1,2\n", "when", ["w"], "has no column 'when', 'w'; it has t, v"),
        ("t,v\n2026-01-01T00:00:00.25Z,2\n", None, None, "a fraction of a second"),
    ],
)
def test_what_is_no_table_is_told(written, text, time, columns, message):
    with pytest.raises(WrongUsage, match=message):
        read_table(written(text), time, columns)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    with pytest.raises(WrongUsage, match="No such file"):
        read_table(str(tmp_path / "none.csv"), None, None)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUsage, match="not UTF-8"):
        read_table(str(binary), None, None)


def test_parquet_is_read_as_the_same_table(tmp_path):
    """Times wherever they stand and in any unit; whole numbers, decimals and empty cells; and by content, not name."""
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(3)]
    numbers = {"x1": [1, 2, 3], "x2": [0.5, None, 2.5], "x3": [Decimal("1.25")] * 3}
    for kind in (pa.timestamp("ns", "Asia/Tokyo"), pa.timestamp("ms"), pa.timestamp("s")):
        path = tmp_path / "data.csv"
        parquet.write_table(pa.table(numbers | {"at": pa.array(times, pa.timestamp("us")).cast(kind)}), path)
        table = read_table(str(path), None, None)
        assert table.timestamps == [1767225600, 1767225660, 1767225720]
        assert table.columns == {"x1": [1, 2, 3], "x2": [0.5, None, 2.5], "x3": [1.25] * 3}
    days = pa.table({"day": [time.date() for time in times[:1]], "v": [1.0]})
    parquet.write_table(days, path)
    assert read_table(str(path), None, None).timestamps == [1767225600]


def test_parquet_that_makes_no_table_is_told(tmp_path, monkeypatch):
    path = tmp_path / "data.parquet"
    half = pa.array([1_767_225_600_500], pa.int64()).cast(pa.timestamp("ms"))
    for columns, message in (
        ({"t": half, "v": [1.0]}, "row 1, t: '2026-01-01T00:00:00.500000\\+00:00' has a fraction"),
        ({"t": [1], "v": [True]}, "row 1, v: True is no number"),
        ({"t": [1], "v": [[1.0]]}, "row 1, v: \\[1.0\\] is no number"),
        ({"t": [1], "v": [float("nan")]}, "row 1, v: nan is not finite"),
        ({"t": [None], "v": [None]}, "row 1, t: None is neither"),
        ({"t": pa.array([], pa.int64()), "v": pa.array([], pa.int64())}, "at least one line of data"),
        ({}, "has no column"),
    ):
        parquet.write_table(pa.table(columns), path)
        with pytest.raises(WrongUsage, match=message):
            read_table(str(path), None, None)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(WrongUsage, match="no readable Parquet"):
        read_table(str(path), None, None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WrongUsage, match="pip install pyarrow"):
        read_table(str(path), None, None)
