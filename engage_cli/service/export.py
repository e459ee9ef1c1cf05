"""Rows to a file of the user's choice, or as lines for standard output."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from engage_cli import files
from engage_cli.engine.base import Engine
from engage_cli.errors import UsageError
from engage_cli.plan.needs import Reading


def chosen_format(file_format: str | None, output: Path | None) -> str:
    """The format that was asked for, or that the file's name says, else CSV. UsageError for what is none, or is not for a pipe."""
    chosen = file_format or (output.suffix.lstrip(".").lower() if output is not None and output.suffix else "csv")
    if chosen not in ("csv", "jsonl", "parquet"):
        raise UsageError(f"`{chosen}` is no format", hint="give --format csv, jsonl or parquet")
    if output is None and chosen == "parquet":
        raise UsageError("Parquet is not written to a terminal or a pipe", hint="give --output FILE.parquet")
    if output is not None and not output.absolute().parent.is_dir():
        raise UsageError(f"the folder of {output} does not exist", hint="make it, or name another file")
    return chosen


def reading_for(file_format: str) -> Reading:
    """How a format has the value of a trait: JSON, or text."""
    return Reading.VALUE if file_format == "jsonl" else Reading.TEXT


def write(engine: Engine, query: exp.Expr, output: Path, file_format: str) -> int:
    """Write a query's rows to a file, which is replaced whole; how many there are."""
    part = files.part_of(output)
    rows = engine.copy(query, part.absolute(), file_format)
    files.rename(part, output)
    return rows


def lines(names: Sequence[str], rows: Sequence[tuple[object, ...]], file_format: str) -> tuple[str, ...]:
    """Rows of an id and values (JSON text for JSON lines) as the lines of a file: one a row, also where a value has line ends in it."""
    if file_format == "jsonl":
        return tuple(json.dumps(_document(names, row), ensure_ascii=False) for row in rows)
    return tuple(_csv_line(row) for row in (names, *rows))


def _csv_line(row: Sequence[object]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(row)  # what it ends lines with is what it quotes
    return buffer.getvalue().removesuffix("\r\n")


def text_lines(names: Sequence[str], rows: Sequence[tuple[object, ...]], file_format: str) -> tuple[str, ...]:
    """Rows of texts as the lines of a file."""
    if file_format == "jsonl":
        return tuple(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
    return lines(names, rows, file_format)


def _document(names: Sequence[str], row: tuple[object, ...]) -> dict[str, object]:
    """A row as JSON; values come as JSON text, the id as text."""
    subject, *values = row
    parsed = [None if value is None else json.loads(str(value)) for value in values]
    return {names[0]: subject, **dict(zip(names[1:], parsed, strict=True))}
