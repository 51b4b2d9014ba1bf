"""Files of data: CSV and Parquet. One column of numbers is a series, several are rows of variables."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Final

from cli.errors import WrongUsage
from cli.parquet import read_parquet
from cli.table import Cells, Table, table_of

MOST_BYTES: Final = 512 * 2**20
"""Of a file: it is read whole, and in memory it takes several times as much."""

_PARQUET: Final = b"PAR1"
"""How such a file begins, whatever its name."""


def read_table(source: str, time: str | None, wanted: list[str] | None) -> Table:
    """Reads a CSV file with a header, or a Parquet file.

    Args:
        source: the path, or ``-`` for standard input.
        time: the column of times. If None, the first of a CSV file; of a Parquet file the one that has times.
        wanted: the columns of numbers; all others, if None.

    Raises:
        WrongUsage: if it cannot be read; the message names lines and columns, the first ten of them.
    """
    where = "standard input" if source == "-" else source
    try:
        raw = sys.stdin.buffer.read(MOST_BYTES + 1) if source == "-" else _bytes_of(Path(source))
    except OSError as error:
        raise WrongUsage(f"{where}: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise WrongUsage(f"{where} has more than {MOST_BYTES // 2**20} MiB: split it.")
    cells = read_parquet(raw, where) if raw.startswith(_PARQUET) else _read_csv(raw, where)
    return table_of(cells, time, wanted)


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _read_csv(raw: bytes, where: str) -> Cells:
    try:
        reader = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
        lines = [(f"line {reader.line_num}", cells) for cells in reader if cells]
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{where} is not UTF-8, nor is it Parquet.") from error
    except csv.Error as error:
        raise WrongUsage(f"{where} is no CSV: {error}") from error
    if len(lines) < 2:
        raise WrongUsage(f"{where} must have a header and at least one line.")
    names = [cell.strip() for cell in lines[0][1]]
    return Cells(where, names, names[0], lines[1:])
