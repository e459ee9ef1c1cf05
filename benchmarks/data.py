"""Write benchmark events, the same at every run: `python -m benchmarks.data --events 20000000 --users 1000000 --out DIR`.

Everything about an event follows from the md5 of its number, so that files can be made one by one, in any order, in
bounded memory. Called by the benchmarks, and by hand.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.columns import NARROW, WIDE, Columns

BEGIN = datetime(2024, 11, 23)  # noqa: DTZ001 - naive UTC, as everywhere in DuckDB
END = datetime(2026, 11, 23)  # noqa: DTZ001 - as above
"""The history is [BEGIN, END): two years, whose last day is 2026-11-22. UTC."""

_APPENDED_FROM = 10**10
"""Numbers of events in appended files begin here, so that their ids differ from those of the history."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What events to make: how many, of how many users, with which columns.

    `heavy` is how many of the events belong to user 0 in addition; `file_format` is `parquet` or `jsonl`.
    """

    events: int
    users: int
    columns: Columns = NARROW
    heavy: int = 0
    file_format: str = "parquet"


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one file: numbers [first, first + count), spread evenly over [begin, end), in UTC."""

    name: str
    first: int
    count: int
    begin: datetime
    end: datetime


def history(shape: Shape, files: int) -> Iterator[Part]:
    """The parts of the two years, in order of time."""
    for number in range(files):
        low, high = (shape.events * step // files for step in (number, number + 1))
        begin, end = (BEGIN + (END - BEGIN) * (step / shape.events) for step in (low, high))
        yield Part(f"events-{number:05d}", low, high - low, begin, end)


def appended(day: int, count: int) -> Part:
    """The part of one day after the history: day 0 is 2026-11-23."""
    begin = END + timedelta(days=day)
    return Part(f"later-{day:05d}", _APPENDED_FROM + day * 10**8, count, begin, begin + timedelta(days=1))


def write_part(connection: duckdb.DuckDBPyConnection, shape: Shape, part: Part, folder: Path) -> Path:
    """Write one file of events, sorted by time; returns its path. The file gets its name when it is whole."""
    path = folder / f"{part.name}.{shape.file_format}"
    unfinished = path.with_suffix(".part")
    options = "FORMAT parquet, COMPRESSION zstd" if shape.file_format == "parquet" else "FORMAT json"
    connection.execute(f"COPY ({_events_sql(shape, part)}) TO '{unfinished}' ({options})")
    unfinished.rename(path)
    return path


def write_history(shape: Shape, folder: Path, files: int) -> list[Path]:
    """Write the two years, file by file; files that are there already are left alone. Returns all paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with _connection(folder) as connection:
        return [
            path if (path := folder / f"{part.name}.{shape.file_format}").exists() else write_part(connection, shape, part, folder)
            for part in history(shape, files)
        ]


def write_appended(shape: Shape, folder: Path, day: int, count: int) -> Path:
    """Write one file of `count` events of one day after the history; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    with _connection(folder) as connection:
        return write_part(connection, shape, appended(day, count), folder)


def write_profiles(shape: Shape, folder: Path) -> Path:
    """Write profiles.parquet, a row a user: user_id, email, country, plan, age. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "profiles.parquet"
    with _connection(folder) as connection:
        connection.execute(f"""COPY (
            SELECT 'u' || lpad(n::VARCHAR, 8, '0') AS user_id, 'u' || n || '@example.com' AS email,
                   ['GB', 'DE', 'FR', 'US', 'ES'][1 + n % 5] AS country,
                   {shape.columns.plan.format(user="n")} AS plan, 18 + n * 7919 % 60 AS age
            FROM range({shape.users}) AS numbers(n)
        ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)""")
    return path


def _connection(folder: Path) -> duckdb.DuckDBPyConnection:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": "2GB",
        "temp_directory": str(folder / ".tmp"),
        "preserve_insertion_order": True,
    }
    return duckdb.connect(config=settings)


def _events_sql(shape: Shape, part: Part) -> str:
    """The events of a part. Time is jittered by less than the distance of two events, so the files need no sort."""
    step_ms = (part.end - part.begin) / timedelta(milliseconds=1) / part.count
    return f"""
        WITH numbers AS (
            SELECT i, i - {part.first} AS place, md5(i::VARCHAR) AS message_id,
                   md5_number_upper(i::VARCHAR) AS a, md5_number_lower(i::VARCHAR) AS b
            FROM range({part.first}, {part.first + part.count}) AS numbers(i)
        ),
        drawn AS (
            SELECT message_id, {_user(shape)} AS user_number, {shape.columns.event} AS event,
                   TIMESTAMP '{part.begin}' + to_milliseconds(((place + (b >> 40) % 1000 / 1000.0) * {step_ms!r})::BIGINT) AS timestamp,
                   a, b
            FROM numbers
        )
        SELECT 'u' || lpad(user_number::VARCHAR, 8, '0') AS user_id, event, timestamp, message_id, {shape.columns.properties}
        FROM drawn"""


def _user(shape: Shape) -> str:
    """A user's number. Activity falls with (x + c)^(-3/4), c = 0.001: the busiest have some 54 times the mean, no one more."""
    low, high = 0.001**0.25, 1.001**0.25
    drawn = f"least({shape.users - 1}, floor({shape.users} * (pow({low} + {high - low} * ((a >> 32) / 4294967296.0), 4) - 0.001))::BIGINT)"
    if not shape.heavy:
        return f"greatest(0, {drawn})"
    share = int(shape.heavy / shape.events * 2**16)
    return f"CASE WHEN (b >> 16) % 65536 < {share} THEN 0 ELSE greatest(0, {drawn}) END"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description="Write benchmark events.")
    parser.add_argument("--events", type=int, default=20_000_000, help="events of two years (default: %(default)s)")
    parser.add_argument("--users", type=int, default=1_000_000, help="users (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    parser.add_argument("--files", type=int, default=20, help="files of the history (default: %(default)s)")
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet", dest="file_format")
    parser.add_argument("--wide", action="store_true", help="60 property columns")
    parser.add_argument("--heavy", action="store_true", help="one user gets a million of the events, or half of them if fewer")
    parser.add_argument("--profiles", action="store_true", help="also profiles.parquet")
    parser.add_argument("--more", type=float, default=0, metavar="SHARE", help="also a file of the next day, with this share of the events")
    parser.add_argument("--days", type=int, default=0, help="also so many daily files after the history")
    parser.add_argument("--day-events", type=int, default=50_000, help="events of each daily file (default: %(default)s)")
    options = parser.parse_args(arguments)
    shape = Shape(
        events=options.events,
        users=options.users,
        columns=WIDE if options.wide else NARROW,
        heavy=min(1_000_000, options.events // 2) if options.heavy else 0,
        file_format=options.file_format,
    )
    write_history(shape, options.out, options.files)
    if options.profiles:
        write_profiles(shape, options.out)
    if options.more:
        write_appended(shape, options.out, 0, int(options.events * options.more))
    for day in range(options.days):
        write_appended(shape, options.out, day + bool(options.more), options.day_events)


if __name__ == "__main__":
    main()
