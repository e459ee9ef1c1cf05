"""The same events in every format give the same staged rows."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.inputs.support import columns, event, event_rows, staged, write_lines

EVENTS = [
    event("m1", "ana", "Order Completed", "2026-11-01T10:00:00Z", revenue=12.5, category="shoes", cart={"total": 3}, gift=True),
    event("m2", "00815", "Order Completed", "2026-11-02T10:00:00.250Z", revenue=7, category="hats", cart={"total": 4}, gift=False),
    event("m3", "815", "Viewed", "2026-11-03T10:00:00Z", category="Ünï"),
]
COLUMNS = ("revenue:number", "revenue:text", "category:text", "cart.total:number", "gift:boolean")


def jsonl(folder: Path) -> str:
    write_lines(folder / "e.jsonl", EVENTS)
    return "e.jsonl"


def ndjson_gz(folder: Path) -> str:
    jsonl(folder)
    (folder / "e.ndjson.gz").write_bytes(gzip.compress((folder / "e.jsonl").read_bytes()))
    return "e.ndjson.gz"


def json_array(folder: Path) -> str:
    (folder / "e.json").write_text(json.dumps(EVENTS, indent=1))
    return "e.json"


def json_text(folder: Path) -> str:
    return _csv(folder, [[*_head(row), json.dumps(row["properties"])] for row in EVENTS], ["properties"])


def plain_csv(folder: Path) -> str:
    rows = [[*_head(row), *(_cell(row["properties"].get(name)) for name in ("revenue", "category", "cart", "gift"))] for row in EVENTS]
    return _csv(folder, rows, ["revenue", "category", "cart", "gift"])


def csv_gz(folder: Path) -> str:
    json_text(folder)
    (folder / "e.csv.gz").write_bytes(gzip.compress((folder / "e.csv").read_bytes()))
    return "e.csv.gz"


def jsonl_zst(folder: Path) -> str:
    jsonl(folder)
    duckdb.sql(
        f"COPY (FROM read_csv('{folder}/e.jsonl', columns = {{'l': 'VARCHAR'}}, delim = '\t', quote = '', escape = '', header = false))"
        f" TO '{folder}/e.jsonl.zst' (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', COMPRESSION zstd)"
    )
    return "e.jsonl.zst"


def parquet_text(folder: Path) -> str:
    return _parquet(folder, "CAST(properties AS VARCHAR) AS properties")


def parquet_struct(folder: Path) -> str:
    shape = '{"revenue": "DOUBLE", "category": "VARCHAR", "cart": {"total": "BIGINT"}, "gift": "BOOLEAN"}'
    return _parquet(folder, f"json_transform(properties, '{shape}') AS properties")


def parquet_columns(folder: Path) -> str:
    return _parquet(
        folder,
        "CAST(properties ->> '$.revenue' AS DECIMAL(10, 4)) AS revenue, properties ->> '$.category' AS category,"
        " {'total': CAST(properties ->> '$.cart.total' AS INTEGER)} AS cart, CAST(properties ->> '$.gift' AS BOOLEAN) AS gift",
    )


def parquet_map(folder: Path) -> str:
    return _parquet(folder, "json_transform(properties, '\"MAP(VARCHAR, JSON)\"') AS properties")


def _head(row: dict[str, str]) -> list[str]:
    return [row["message_id"], row["user_id"], row["event"], row["timestamp"]]


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _csv(folder: Path, rows: list[list[str]], names: list[str]) -> str:
    with (folder / "e.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["message_id", "user_id", "event", "timestamp", *names], *rows])
    return "e.csv"


def _parquet(folder: Path, properties: str) -> str:
    jsonl(folder)
    shape = "{'message_id': 'VARCHAR', 'user_id': 'VARCHAR', 'event': 'VARCHAR', 'timestamp': 'VARCHAR', 'properties': 'JSON'}"
    source = f"read_json('{folder}/e.jsonl', columns = {shape}, format = 'newline_delimited')"
    fields = f"message_id, user_id, event, CAST(timestamp AS TIMESTAMP) AS timestamp, {properties}"
    duckdb.sql(f"COPY (SELECT {fields} FROM {source}) TO '{folder}/e.parquet' (FORMAT parquet)")
    return "e.parquet"


FORMATS: list[Callable[[Path], str]] = [
    jsonl, ndjson_gz, json_array, json_text, plain_csv, csv_gz, jsonl_zst, parquet_text, parquet_struct, parquet_columns, parquet_map,
]  # fmt: skip


@pytest.mark.parametrize("write", FORMATS, ids=lambda write: write.__name__)
def test_every_format_gives_the_same_rows(write: Callable[[Path], str], tmp_path: Path) -> None:
    written = write(tmp_path)
    reference = tmp_path / "reference"
    write_lines(reference / "e.jsonl", EVENTS)
    wanted = columns(*COLUMNS)
    with staged(reference, "  events: {path: e.jsonl}\n", events=wanted) as (engine, _):
        expected = event_rows(engine, *COLUMNS)
    with staged(tmp_path, f"  events: {{path: {written}}}\n", events=wanted) as (engine, staging):
        assert event_rows(engine, *COLUMNS) == expected
        assert not staging.rejects
    assert [row[0] for row in expected] == ["ana", "00815", "815"]
    assert expected[0][4:] == (12.5, "12.5", "shoes", 3.0, True)


def test_files_whose_columns_differ_are_united_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,event,timestamp,revenue\nana,Paid,2026-11-01,5\n")
    (tmp_path / "b.csv").write_text("timestamp,user_id,colour,event\n2026-11-02,ben,red,Paid\n")
    wanted = columns("revenue:number", "colour:text")
    with staged(tmp_path, '  events: {path: "*.csv"}\n', events=wanted) as (engine, _):
        rows = {row[0]: row[4:] for row in event_rows(engine, "revenue:number", "colour:text")}
    assert rows == {"ana": (5.0, None), "ben": (None, "red")}


def test_columns_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("who,what,when,id\nana,Paid,1793527200,x1\nben,Paid,1793527200000,x2\n")
    mapping = "{id: id, user_id: who, event: what, timestamp: when}"
    with staged(tmp_path, f"  events: {{path: e.csv, columns: {mapping}}}\n") as (engine, _):
        rows = event_rows(engine)
    assert [(row[0], row[1], str(row[2]), row[3]) for row in rows] == [
        ("ana", "Paid", "2026-11-01 10:00:00", "x1"),
        ("ben", "Paid", "2026-11-01 10:00:00", "x2"),
    ]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-01T10:00:00Z", "2026-11-01 10:00:00"),
        ("2026-11-01T10:00:00+01:00", "2026-11-01 09:00:00"),
        ("2026-11-01 10:00", "2026-11-01 15:00:00"),
        ("2026-06-01 10:00:00.1234567", "2026-06-01 14:00:00.123456"),
        ("2026-03-08 02:30", "2026-03-08 07:00:00"),
        ("2025-11-02 01:30", "2025-11-02 05:30:00"),
        ("2026-11-01T10:00-0530", "2026-11-01 15:30:00"),
        ("1793527200", "2026-11-01 10:00:00"),
    ],
)
def test_times_are_read_in_the_zone_of_their_source(text: str, utc: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", at=text)])
    with staged(tmp_path, "  events: {path: e.jsonl, timezone: America/New_York}\n") as (engine, _):
        assert [str(row[2]) for row in event_rows(engine)] == [utc]


def test_order_and_split_of_files_change_nothing(tmp_path: Path) -> None:
    rows = [event(f"m{number % 7}", f"u{number % 3}", at=f"2026-11-0{1 + number % 4}T10:00:00Z", n=number) for number in range(20)]
    rows += [event(None, "u1", n=1), event(None, "u1", n=1), event("", "u2", n=1)]
    found = []
    for name, parts in (("one", [rows]), ("two", [rows[11:], rows[:11]]), ("back", [rows[::-1]])):
        for number, part in enumerate(parts):
            write_lines(tmp_path / name / f"{number}.jsonl", part)
        with staged(tmp_path / name, '  events: {path: "*.jsonl"}\n', events=columns("n:number")) as (engine, staging):
            found.append((event_rows(engine, "n:number"), staging.duplicates, staging.events_staged))
    assert found[0] == found[1] == found[2]
    assert found[0][2] == 7 + 3
    assert found[0][1] == 13


def test_of_two_events_with_one_id_the_earliest_counts_whatever_is_asked(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", name="Late", at="2026-11-05"), event("m1", name="Early", at="2026-11-01")])
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (engine, _):
        assert [row[1] for row in event_rows(engine)] == ["Early"]


def test_more_rows_than_a_row_group_with_two_threads(tmp_path: Path) -> None:
    """A size at which an engine was once seen to lose rows of a temporary table."""
    duckdb.sql(
        "COPY (SELECT 'm' || range AS message_id, 'u' || (range % 1000) AS user_id, 'Viewed' AS event,"
        f" TIMESTAMP '2026-01-01' + to_seconds(range) AS timestamp FROM range(300000)) TO '{tmp_path}/e.parquet' (FORMAT parquet)"
    )
    with staged(tmp_path, "  events: {path: e.parquet}\nengine: {threads: 2}\n") as (engine, staging):
        assert (staging.events_staged, staging.users) == (300000, 1000)
        assert engine.rows("SELECT count(*), count(DISTINCT message_id) FROM events") == [(300000, 300000)]
