"""CSV files: what they become, and what is told of those that cannot be read."""

from __future__ import annotations

import pytest

from cli.csv_data import read_table
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
