"""The files of the sample data: how each is written, and how two folders of them are compared."""

import csv
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from sample_data.shop.dice import Dice
from sample_data.shop.events import Event

_EVENT_COLUMNS = {
    "message_id": "VARCHAR",
    "user_id": "VARCHAR",
    "event": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "properties": "VARCHAR",
}


def write_parquet(path: Path, events: Sequence[Event]) -> None:
    """Events as Parquet, in the given order: `timestamp` in UTC without a zone, `properties` as JSON text."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        rows = Path(folder) / "rows.jsonl"
        rows.write_text("".join(_json(_parquet_row(event)) + "\n" for event in events), encoding="utf-8")
        connection.read_json(str(rows), columns=_EVENT_COLUMNS, format="newline_delimited").write_parquet(str(path), compression="zstd")


def write_jsonl(path: Path, events: Sequence[Event], broken: Sequence[str]) -> None:
    """Events as one JSON object a line, the broken lines spread evenly among them.

    Most timestamps end in `Z`; those of the shop's Paris server carry `+01:00`.
    """
    dice = Dice("jsonl")
    lines = [_json(_jsonl_row(event, dice)) for event in events]
    for number, line in enumerate(broken, start=1):
        lines.insert(number * len(lines) // (len(broken) + 1), line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Rows as one JSON object a line."""
    path.write_text("".join(_json(row) + "\n" for row in rows), encoding="utf-8")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Rows as CSV in UTF-8 with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def differences(expected: Path, actual: Path) -> list[str]:
    """What differs between the data files of two folders, as sentences; empty when their contents are equal.

    Text files are compared byte for byte. Parquet files are compared row by row, in order: another version of DuckDB
    may write the same rows in other bytes.
    """
    names = sorted({file.relative_to(folder).as_posix() for folder in (expected, actual) for file in data_files(folder)})
    found = []
    for name in names:
        missing = [folder for folder in (expected, actual) if not (folder / name).exists()]
        if missing:
            found.append(f"{name} is missing in {missing[0]}")
        elif _content(expected / name) != _content(actual / name):
            found.append(f"{name} has other content in {actual} than in {expected}")
    return found


def data_files(folder: Path) -> list[Path]:
    """The files in the folder that hold data, and not the generator or its description."""
    return sorted(file for pattern in ("*.csv", "*.jsonl", "app/*", "events/*") for file in folder.glob(pattern))


def _content(path: Path) -> object:
    if path.suffix != ".parquet":
        return path.read_bytes()
    with duckdb.connect() as connection:
        relation = connection.read_parquet(str(path))
        return relation.columns, relation.types, relation.fetchall()


def _parquet_row(event: Event) -> dict[str, object]:
    return {
        "message_id": event.message_id,
        "user_id": event.user_id,
        "event": event.name,
        "timestamp": None if event.at is None else event.at.isoformat(sep=" "),
        "properties": None if event.properties is None else _json(event.properties),
    }


def _jsonl_row(event: Event, dice: Dice) -> dict[str, object]:
    assert event.at is not None
    return {
        "message_id": event.message_id,
        "user_id": event.user_id,
        "event": event.name,
        "timestamp": _iso(event.at, paris=dice.chance(0.06)),
        "properties": event.properties,
    }


def _iso(at: datetime, *, paris: bool) -> str:
    local, offset = (at + timedelta(hours=1), "+01:00") if paris else (at, "Z")
    return local.isoformat(timespec="milliseconds" if at.microsecond else "seconds") + offset


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
