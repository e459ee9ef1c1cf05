"""Each event once: which row of an id it is, and the ids of events that came without one."""

import csv
import json
import random
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import EventNeed, Needs
from tests.engine.canonical import canonical, event_hash
from tests.inputs.support import AS_OF, ZONE, columns, event, event_rows, project, staged, write_lines

LINES = "  events: {path: e.jsonl}\n"
AT = "2026-11-01T10:00:00Z"
WHEN = datetime(2026, 11, 1, 10, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)
JSON = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=8)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(st.lists(st.dictionaries(TEXT, JSON, max_size=4).filter(lambda value: depth(value) <= 6), min_size=10, max_size=10))
@settings(max_examples=40, deadline=None)
def test_the_canonical_form_is_the_documented_one(engine: Engine, properties: list[dict[str, Any]]) -> None:
    given_texts = [json.dumps(one, ensure_ascii=False) for one in properties]
    found = engine.rows("SELECT canonical(text) FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS text)", [given_texts])
    assert found == [(canonical(one),) for one in properties]


def test_the_canonical_form_does_not_show_the_format(tmp_path: Path) -> None:
    """An event without an id has the same one from JSON, text cells, typed columns and a struct."""
    properties = {"revenue": 12.5, "count": 3, "gift": True, "note": "ü", "none": None, "cart": {"items": [{"sku": "a"}], "total": 3}}
    write_lines(tmp_path / "e.jsonl", [event(None, "ana", "A", AT, **properties)])
    with (tmp_path / "e.csv").open("w", newline="") as file:
        cells = [json.dumps(value) if isinstance(value, dict | bool) else value for value in properties.values()]
        csv.writer(file).writerows([["user_id", "event", "timestamp", *properties], ["ana", "A", AT, *cells]])
    typed = "12.5::DECIMAL(9, 4) AS revenue, 3::BIGINT AS count, TRUE AS gift, 'ü' AS note, NULL::VARCHAR AS none"
    cart = "{'items': [{'sku': 'a', 'gone': NULL}], 'total': 3.0::FLOAT} AS cart"
    head = f"'ana' AS user_id, 'A' AS event, TIMESTAMP '{AT[:19]}' AS timestamp"
    duckdb.sql(f"COPY (SELECT {head}, {typed}, {cart}) TO '{tmp_path}/columns.parquet'")
    duckdb.sql(f"COPY (SELECT {head}, (SELECT p FROM (SELECT {typed}, {cart}) AS p) AS properties) TO '{tmp_path}/struct.parquet'")
    expected = md5(f"{event_hash('ana', 'A', WHEN, properties)}:0".encode()).hexdigest()
    for name in ("e.jsonl", "e.csv", "columns.parquet", "struct.parquet"):
        with staged(tmp_path, f"  events: {{path: {name}}}\n") as (engine, _):
            assert [row[3] for row in event_rows(engine)] == [expected], name


def test_equal_events_without_an_id_are_numbered(tmp_path: Path) -> None:
    rows = [event(None, n=1), event("", n=1.0), {**event(None, n="1")}, event(None, n=2)]
    write_lines(tmp_path / "e.jsonl", rows)
    with staged(tmp_path, LINES) as (engine, staging):
        found = {row[3] for row in event_rows(engine)}
        assert staging.duplicates == 0
    one, two = event_hash("ana", "Viewed", WHEN, {"n": 1}), event_hash("ana", "Viewed", WHEN, {"n": 2})
    assert found == {md5(f"{row}:{number}".encode()).hexdigest() for row, number in [(one, 0), (one, 1), (one, 2), (two, 0)]}


def test_at_one_instant_the_smallest_row_hash_is_the_event(tmp_path: Path) -> None:
    properties = [{"n": number} for number in range(20)]
    write_lines(tmp_path / "e.jsonl", [event("m1", **one) for one in properties] + [event("m1", at="2026-11-02")])
    smallest = min(properties, key=lambda one: event_hash("ana", "Viewed", WHEN, one))
    with staged(tmp_path, LINES, events=columns("n:number")) as (engine, staging):
        assert [row[4] for row in event_rows(engine, "n:number")] == [smallest["n"]]
        assert staging.duplicates == 20


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_row_that_is_not_needed_still_takes_the_id(kind: str, tmp_path: Path) -> None:
    """The event of an id is the earliest of all rows, whatever name, user or time the plan asks for."""
    rows = [event("m1", "ana", "Early", "2026-01-01"), event("m1", "ben", "Late", "2026-11-01"), event("m2", "eve", "Late", "2026-11-02")]
    write_lines(tmp_path / "e.jsonl", rows)
    if kind == "parquet":
        types = "{'message_id': 'VARCHAR', 'user_id': 'VARCHAR', 'event': 'VARCHAR', 'timestamp': 'TIMESTAMP', 'properties': 'JSON'}"
        duckdb.sql(f"COPY (FROM read_json('{tmp_path}/e.jsonl', columns = {types})) TO '{tmp_path}/e.parquet'")
    read = project(tmp_path, f"  events: {{path: e.{kind}}}\n")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("Late",), AS_OF.replace(month=10), columns("x:text")),))
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        staging = engine.stage(read.config.sources, needs)
        assert [row[:2] for row in event_rows(engine)] == [("ana", "Early"), ("eve", "Late")]
        assert engine.rows("SELECT user_id FROM users ORDER BY user_id") == [("ana",), ("eve",)], "ben's event is none"
        assert (staging.duplicates, staging.events_read, staging.events_staged) == (1, 3, 2)


def test_a_row_that_is_rejected_takes_no_id(tmp_path: Path) -> None:
    rows = [
        event("m1", "", "A", "2026-01-01"),
        {**event("m1", "ana", "A", "2026-02-01"), "properties": "no object"},
        event("m1", "ana", "B"),
    ]
    write_lines(tmp_path / "e.jsonl", rows)
    with staged(tmp_path, LINES) as (engine, staging):
        assert [row[1] for row in event_rows(engine)] == ["B"]
        assert {reject.reason for reject in staging.rejects} >= {"no user_id"}


def test_an_event_after_as_of_is_seen_by_nobody(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", "ana", at="2026-11-23T10:00:00Z"), event("m2", "ben", at="2026-11-23T10:00:00.000001Z")])
    with staged(tmp_path, LINES) as (engine, staging):
        assert [row[0] for row in event_rows(engine)] == ["ana"]
        assert engine.rows("SELECT user_id FROM users") == [("ana",)]
        assert (staging.future_events, staging.users) == (1, 1)


def test_of_an_id_before_and_after_as_of_the_one_before_counts(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", "ben", at="2027-01-01"), event("m1", "ana")])
    with staged(tmp_path, LINES) as (engine, _):
        assert [row[0] for row in event_rows(engine)] == ["ana"]
        assert engine.rows("SELECT user_id FROM users") == [("ana",)]


@pytest.mark.parametrize("seed", range(5))
def test_order_and_split_and_format_of_files_change_nothing(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    rows = [
        event(
            dice.choice([None, "", f"m{dice.randrange(40)}"]),
            f"u{dice.randrange(5)}",
            dice.choice(["A", "B"]),
            f"2026-11-0{dice.randrange(1, 4)}T10:00:00Z",
            n=dice.choice([1, "1", 2, None]),
            cart={"total": dice.randrange(2)},
        )
        for _ in range(200)
    ]
    found = []
    for number in range(4):
        dice.shuffle(rows)
        folder, parts = tmp_path / str(number), dice.randrange(1, 5)
        for part in range(parts):
            _write(folder / f"{part}", rows[part::parts], as_csv=bool(number % 2))
        with staged(folder, '  events: [{path: "*.*"}]\n', events=columns("n:number", "cart.total:text")) as (engine, staging):
            found.append((event_rows(engine, "n:number", "cart.total:text"), staging.duplicates, staging.users))
    assert all(one == found[0] for one in found)


def _write(path: Path, rows: list[dict[str, Any]], *, as_csv: bool) -> None:
    if not as_csv:
        write_lines(path.with_suffix(".jsonl"), rows)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".csv").open("w", newline="") as file:
        names = ["message_id", "user_id", "event", "timestamp"]
        cells = [[*(row[name] for name in names), row["properties"]["n"], json.dumps(row["properties"]["cart"])] for row in rows]
        csv.writer(file).writerows([[*names, "n", "cart"], *cells])


def test_hundreds_of_thousands_of_copies(tmp_path: Path) -> None:
    rows = "SELECT 'm' || range AS message_id, 'u' || (range % 1000) AS user_id, 'A' AS event, TIMESTAMP '2026-01-01' AS timestamp, 5 AS n"
    for name in ("a", "b"):
        duckdb.sql(f"COPY ({rows} FROM range(150000)) TO '{tmp_path}/{name}.parquet'")
    with staged(tmp_path, '  events: {path: "*.parquet"}\n', events=columns("n:number")) as (engine, staging):
        assert (staging.events_read, staging.duplicates, staging.events_staged) == (300_000, 150_000, 150_000)
        assert engine.rows('SELECT count(DISTINCT message_id), sum("n:number") FROM events') == [(150_000, 750_000.0)]
