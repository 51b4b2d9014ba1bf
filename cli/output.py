"""Answers as tables for people, as JSON and as CSV for scripts."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.service import Answer

# A table that goes into a file or a pipe is not cut to 80 columns.
_PIPE_WIDTH: Final = 240


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def say(message: str) -> None:
    """Writes a remark to standard error, where it is in no script's way."""
    sys.stderr.write("".join(map(_visible, message)) + "\n")


def show_list(answer: Answer, items: str, columns: Sequence[str], output: Format) -> None:
    """Writes a page of a list.

    Args:
        answer: the document of the page.
        items: what the list is called in it.
        columns: of the table; CSV has all.
        output: the format.
    """
    document = answer.json()
    if output is Format.JSON:
        write_json(answer)
    elif output is Format.CSV:
        write_csv(document[items])
    else:
        write_table(columns, ([item.get(column) for column in columns] for item in document[items]))
    if document.get("next_cursor"):
        say(f"There are more: --cursor {document['next_cursor']}")


def show_document(answer: Answer, output: Format) -> None:
    """Writes one document: a line for each field, or one row of CSV."""
    if output is Format.JSON:
        write_json(answer)
    elif output is Format.CSV:
        write_csv([answer.json()])
    else:
        write_table(("field", "value"), answer.json().items())


def show_result(job: Answer, output: Format) -> None:
    """Writes what came of a job that succeeded; as JSON the whole job."""
    if output is Format.JSON:
        write_json(job)
        return
    result = job.json()["result"]
    if output is Format.CSV:
        write_csv([result])
    else:
        write_table(("field", "value"), result.items())


def write_json(answer: Answer) -> None:
    """Writes the document as the service sent it, if it is one."""
    answer.json()
    sys.stdout.write(answer.body.decode().rstrip("\n") + "\n")


def write_csv(records: Iterable[Mapping[str, Any]]) -> None:
    """Writes records with a header; all have the fields of the first. Nothing is written for none."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for index, record in enumerate(records):
        if index == 0:
            writer.writerow(record)
        writer.writerow([_plain(value) for value in record.values()])


def write_table(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Writes a table, as wide as the terminal."""
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("".join(map(_visible, _plain(value)))) for value in row))
    console.print(table)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _visible(character: str) -> str:
    """Names and reasons are others' words: none of them may steer the terminal."""
    return character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
