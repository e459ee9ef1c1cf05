"""The relations that `sql:` conditions name, and `in_file` lists."""

import csv
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.engine.base import Engine
from engage_cli.errors import DataError
from engage_cli.plan.needs import ListNeed
from tests.inputs.support import columns, event, event_rows, staged, write_lines


def write_csv(path: Path, *rows: list[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def shape(engine: Engine, table: str) -> dict[str, str]:
    return dict(engine.rows(f"SELECT column_name, column_type FROM (DESCRIBE {table})"))


def test_events_are_whole_deduplicated_and_cut_at_as_of(tmp_path: Path) -> None:
    rows = [
        event("m1", n=1),
        event("m1", at="2026-11-02", n=2),
        event("m2", "ben", "B", a={"b": [1]}),
        event("m3", at="2026-12-01"),
        event(None),
    ]
    write_lines(tmp_path / "e.jsonl", rows)
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns("n:number"), tables=frozenset({"events"})) as (engine, staging):
        assert staging.catalog.tables == {"events": "sources.events"}
        assert shape(engine, "sources.events") == {
            "message_id": "VARCHAR", "user_id": "VARCHAR", "event": "VARCHAR", "timestamp": "TIMESTAMP", "properties": "JSON",
        }  # fmt: skip
        found = engine.rows("SELECT user_id, event, timestamp, properties FROM sources.events ORDER BY event DESC, properties")
        assert found == [
            ("ana", "Viewed", datetime(2026, 11, 1, 10), '{"n":1}'),
            ("ana", "Viewed", datetime(2026, 11, 1, 10), "{}"),
            ("ben", "B", datetime(2026, 11, 1, 10), '{"a":{"b":[1]}}'),
        ]
        assert {row[3]: row[4] for row in event_rows(engine, "n:number")}["m1"] == 1.0, "what the plan needs is staged beside it"


def test_what_no_condition_names_is_not_made(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (engine, staging):
        assert staging.catalog.tables == {}
        with pytest.raises(duckdb.CatalogException):
            engine.rows("SELECT * FROM sources.events")


def test_profiles_are_as_they_stand(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "log.csv", ["user_id", "at", "plan", "city"], ["ana", "2026-11-01", "free", "Rome"], ["ana", "2026-11-02", "pro", ""]
    )
    write_lines(
        tmp_path / "p.jsonl",
        [{"user_id": "ben", "plan": "free", "age": 30, "tags": ["a"]}, {"user_id": "eve", "Plan": "odd", "late": True}],
    )
    sources = "  profiles: [{path: log.csv, columns: {user_id: user_id, timestamp: at}}, {path: p.jsonl}]\n"
    with staged(tmp_path, sources, tables=frozenset({"profiles"})) as (engine, _):
        assert set(shape(engine, "sources.profiles")) == {"user_id", "plan", "city", "age", "tags", "Plan_2", "late"} or set(
            shape(engine, "sources.profiles")
        ) == {"user_id", "plan_2", "city", "age", "tags", "Plan", "late"}
        query = "SELECT user_id, plan, city, age, tags, late FROM sources.profiles ORDER BY user_id"
        assert engine.rows(query)[:2] == [("ana", "pro", "Rome", None, None, None), ("ben", "free", None, "30", '["a"]', None)]


def test_typed_columns_keep_their_types_and_ids_are_text(tmp_path: Path) -> None:
    typed = "7::BIGINT AS user_id, 41::INTEGER AS age, 12.50::DECIMAL(9, 2) AS spent, TRUE AS staff, DATE '1990-02-28' AS born"
    more = "TIMESTAMPTZ '2026-01-05 09:00:00+01' AS seen, [1, 2] AS list, 9007199254740993::BIGINT AS big"
    duckdb.sql(f"COPY (SELECT {typed}, {more}) TO '{tmp_path}/p.parquet'")
    duckdb.sql(f"COPY (SELECT 12::BIGINT AS account_id, 'gold' AS tier) TO '{tmp_path}/a.parquet'")
    sources = "  profiles: {path: p.parquet}\n  accounts: {path: a.parquet}\n"
    with staged(tmp_path, sources, tables=frozenset({"profiles", "accounts"})) as (engine, _):
        assert shape(engine, "sources.profiles") == {
            "user_id": "VARCHAR", "age": "INTEGER", "spent": "DOUBLE", "staff": "BOOLEAN", "born": "DATE", "seen": "TIMESTAMP",
            "list": "VARCHAR", "big": "BIGINT",
        }  # fmt: skip
        row = ("7", 41, 12.5, True, datetime(1990, 2, 28).date(), datetime(2026, 1, 5, 8), "[1,2]", 9007199254740993)
        assert engine.rows("SELECT * FROM sources.profiles") == [row]
        assert engine.rows("SELECT account_id, tier FROM sources.accounts") == [("12", "gold")]


def test_mapped_columns_bear_the_names_of_their_fields_and_dated_rows_count_from_their_instant(tmp_path: Path) -> None:
    write_csv(tmp_path / "m.csv", ["uid", "acc", "role"], ["ana", "a1", "buyer"])
    write_csv(
        tmp_path / "c.csv",
        ["uid", "channel", "status", "when"],
        ["ana", "email", "subscribed", "2026-11-01"],
        ["ana", "sms", "x", "2026-12-01"],
    )
    sources = (
        "  memberships: {path: m.csv, columns: {user_id: uid, account_id: acc}}\n"
        "  consents: {path: c.csv, columns: {user_id: uid, updated_at: when}}\n"
    )
    with staged(tmp_path, sources, tables=frozenset({"memberships", "consents"})) as (engine, _):
        assert engine.rows("SELECT user_id, account_id, role FROM sources.memberships") == [("ana", "a1", "buyer")]
        assert engine.rows("SELECT user_id, channel, status, updated_at FROM sources.consents") == [
            ("ana", "email", "subscribed", "2026-11-01")
        ]


# ---- in_file lists -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"user_id\nana\nben\nana\n", ["ana", "ben"]),
        (b"ana\nben", ["ana", "ben"]),
        (b"\xef\xbb\xbfuser_id\r\nana\r\n\r\nben\r\n", ["ana", "ben"]),
        (b'ana,x,y\n"ben, jr",z\n"c ""d""",\n', ["ana", "ben, jr", 'c "d"']),
        (b"ana\nuser_id\n", ["ana", "user_id"]),
        (b"USER_ID\nana\n", ["USER_ID", "ana"]),
        (b" ana \n,x\n'; DROP TABLE users; --\n", [" ana ", "'; DROP TABLE users; --"]),
        (b"", []),
        (b"user_id\n", []),
    ],
)
def test_a_list_is_the_first_column_without_a_header_of_that_name(content: bytes, values: list[str], tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    (tmp_path / "lists [1]").mkdir()
    (tmp_path / "lists [1]" / "vip.csv").write_bytes(content)
    need = ListNeed("lists [1]/vip.csv", "user_id")
    with staged(tmp_path, "  events: {path: e.jsonl}\n", lists=(need,)) as (engine, staging):
        table = staging.catalog.list_tables[need]
        assert [row[0] for row in engine.rows(f"SELECT value FROM {table} ORDER BY value")] == sorted(values)


def test_one_file_with_two_headers_is_two_lists(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    (tmp_path / "l.csv").write_text("sku\nuser_id\n")
    needs = (ListNeed("l.csv", "sku"), ListNeed("l.csv", "user_id"))
    with staged(tmp_path, "  events: {path: e.jsonl}\n", lists=needs) as (engine, staging):
        tables = [staging.catalog.list_tables[need] for need in needs]
        assert [len(engine.rows(f"SELECT value FROM {table}")) for table in tables] == [1, 2]


@pytest.mark.parametrize(("name", "content"), [("missing.csv", None), ("bad.csv", b"ana\n\xff\xfe\n")])
def test_a_list_that_cannot_be_read_is_an_error_that_names_it(name: str, content: bytes | None, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name.replace(".", r"\.")) as raised:
        with staged(tmp_path, "  events: {path: e.jsonl}\n", lists=(ListNeed(name, ""),)):
            pass
    assert raised.value.hint
