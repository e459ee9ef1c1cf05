"""Raw Segment calls in each format and spelling: their fields, properties and traits, and what is left out."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.errors import DataError
from tests.inputs.support import columns, event_rows, staged, write_lines

SOURCES = '  events: {path: "calls*", format: segment, timezone: America/New_York}\n'
AT = "2026-11-01T10:00:00Z"


def call(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "userId": "ana", "timestamp": AT, **fields}


def parquet(path: Path, query: str) -> None:
    duckdb.connect().sql(query).write_parquet(str(path))


def traits_of(engine: Any, name: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = engine.rows(f'SELECT user_id, "{name}" FROM traits JOIN users USING (user_key) ORDER BY ALL')
    return found


def test_both_spellings_stand_beside_each_other_in_one_file_and_one_row(tmp_path: Path) -> None:
    rows = [
        call("track", messageId="m1", event="A", properties={"n": 1}),
        {"type": "track", "message_id": "m2", "user_id": "ben", "event": "A", "timestamp": AT, "properties": {"n": 2}},
        {"type": "track", "messageId": "", "message_id": "m3", "userId": None, "user_id": 17, "event": "A", "timestamp": AT},
        {"type": "TRACK", "messageId": "m4", "userId": "0017", "event": "A", "timestamp": 1793527200, "properties": {"n": "4"}},
    ]
    write_lines(tmp_path / "calls.jsonl", rows)
    with staged(tmp_path, SOURCES, events=columns("n:number")) as (engine, staging):
        found = event_rows(engine, "n:number")
        assert [(user, name, message, n) for user, name, _, message, n in found] == [
            ("ana", "A", "m1", 1.0),
            ("ben", "A", "m2", 2.0),
            ("17", "A", "m3", None),
            ("0017", "A", "m4", 4.0),
        ]
        assert {str(ts) for _, _, ts, _, _ in found} == {"2026-11-01 10:00:00"}
        assert staging.rejects == ()


def test_what_stands_beside_the_properties_can_be_asked_and_never_hides_one(tmp_path: Path) -> None:
    context = {"page": {"path": "/x"}, "ip": "10.0.0.1"}
    rows = [
        call("page", messageId="m1", name="Home", category="web", properties={"title": "T"}, context=context),
        call(
            "screen",
            messageId="m2",
            name="Home",
            properties={"screen_name": "own", "category": "own", "context": {"ip": "own"}},
            context=context,
        ),
        call("page", messageId="m3"),
        call("track", messageId="m4", event="A", name="not asked", context=context),
    ]
    write_lines(tmp_path / "calls.json", rows)
    wanted = ("page_name:text", "screen_name:text", "category:text", "context.ip:text", "context.page.path:text", "title:text")
    with staged(tmp_path, SOURCES, events=columns(*wanted), whole=frozenset({"*"})) as (engine, _):
        assert [(row[1], *row[4:]) for row in event_rows(engine, *wanted)] == [
            ("Page Viewed", "Home", None, "web", "10.0.0.1", "/x", "T"),
            ("Screen Viewed", None, "own", "own", "own", None, None),
            ("Page Viewed", None, None, None, None, None, None),
            ("A", None, None, None, "10.0.0.1", "/x", None),
        ]
        whole = [json.loads(row[4]) for row in event_rows(engine, "properties")]
        assert whole[0] == {"title": "T", "page_name": "Home", "category": "web", "context": context}
        assert whole[1] == {"screen_name": "own", "category": "own", "context": {**context, "ip": "own"}}
        assert whole[2] == {}


def test_properties_and_traits_of_parquet_are_read_by_their_types(tmp_path: Path) -> None:
    parquet(
        tmp_path / "calls.parquet",
        """
        SELECT 'track' AS type, 'm1' AS message_id, 'ana' AS user_id, 'A' AS event, TIMESTAMP '2026-11-01 10:00' AS timestamp,
            {'n': 1.5, 'tags': ['x', 'y']} AS properties, NULL::STRUCT(since TIMESTAMP, plan VARCHAR) AS traits, {'ip': '1'} AS context
        UNION ALL
        SELECT 'identify', 'm2', 'ana', NULL, TIMESTAMP '2026-11-01 10:00', NULL,
            {'since': TIMESTAMP '2026-01-01 00:00', 'plan': 'pro'}, NULL
        """,
    )
    wanted = ("n:number", "tags:elements", "context.ip:text")
    with staged(tmp_path, SOURCES, events=columns(*wanted), traits=columns("since:instant", "plan:text")) as (engine, _):
        [(user, _, ts, _, n, tags, ip)] = event_rows(engine, *wanted)
        assert (user, str(ts), n, tags, ip) == ("ana", "2026-11-01 15:00:00", 1.5, ['"x"', '"y"'], "1")  # in the zone of the source
        assert [(user, str(since)) for user, since in traits_of(engine, "since:instant")] == [("ana", "2026-01-01 05:00:00")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_of_a_warehouse_have_a_column_for_each_property_and_trait(tmp_path: Path, ending: str) -> None:
    identify = "'identify' AS type, 'ana' AS user_id"
    for at, query in enumerate(
        [
            """
            SELECT 'track' AS type, 'm1' AS id, 'ana' AS user_id, 'order_completed' AS event, 'Order Completed' AS event_text,
                TIMESTAMPTZ '2026-11-01 10:00:00+00' AS timestamp, TIMESTAMPTZ '2026-11-01 10:01:00+00' AS received_at, 20 AS revenue,
                '/x' AS context_page_path
            """,
            f"SELECT {identify}, 'm2' AS id, TIMESTAMPTZ '2026-11-01 10:00:00+00' AS timestamp, 'pro' AS plan, 'ana' AS nick",
            f"SELECT {identify}, 'm3' AS id, TIMESTAMPTZ '2026-11-01 11:00:00+00' AS timestamp, NULL AS plan, 'an' AS nick",
        ]
    ):
        duckdb.connect().sql(f"COPY ({query}) TO '{tmp_path}/calls{at}.{ending}'")
    wanted = ("revenue:number", "context_page_path:text", "received_at:text", "plan:text")
    with staged(tmp_path, SOURCES, events=columns(*wanted), traits=columns("plan:text", "nick:text", "id:text")) as (engine, staging):
        assert [(row[1], *row[3:]) for row in event_rows(engine, *wanted)] == [("Order Completed", "m1", 20.0, "/x", None, None)]
        assert [traits_of(engine, name) for name in ("plan:text", "nick:text", "id:text")] == [
            [("ana", "pro")],
            [("ana", "an")],
            [("ana", None)],
        ]
        assert staging.rejects == ()


def test_traits_may_have_the_names_of_fields(tmp_path: Path) -> None:
    write_lines(tmp_path / "calls.jsonl", [call("identify", messageId="m1", traits={"timestamp": "t", "user_id": "other", "name": "Ana"})])
    with staged(tmp_path, SOURCES, traits=columns("timestamp:text", "user_id:text", "name:text")) as (engine, _):
        assert traits_of(engine, "timestamp:text") == [("ana", "t")]
        assert traits_of(engine, "user_id:text") == [("ana", "other")]
        assert traits_of(engine, "name:text") == [("ana", "Ana")]


def test_a_table_that_does_not_say_what_its_calls_are_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("user_id,event,timestamp\nana,A,2026-11-01\n")
    with pytest.raises(DataError, match=r"`calls\.csv` has no column `type`"), staged(tmp_path, SOURCES):
        pass


def test_properties_that_are_no_object_are_a_reject(tmp_path: Path) -> None:
    write_lines(tmp_path / "calls.jsonl", [call("track", event="A", properties=[1]), call("track", event="A", properties='{"n": 3}')])
    with staged(tmp_path, SOURCES, events=columns("n:number")) as (engine, staging):
        assert [row[4] for row in event_rows(engine, "n:number")] == [3.0]
        assert [(one.reason, one.first_row) for one in staging.rejects] == [("the properties are no JSON object", 1)]


def test_the_type_of_a_call_may_be_spelled_with_escapes(tmp_path: Path) -> None:
    lines = [
        r'{"type": "\u0069dentify", "userId": "ana", "timestamp": "2026-11-01", "traits": {"plan": "pro"}}',
        r'{"type": "IDENTIFY", "userId": "ben", "timestamp": "2026-11-01", "traits": {"plan": "team"}}',
    ]
    (tmp_path / "calls.jsonl").write_text("\n".join(lines))
    with staged(tmp_path, SOURCES, traits=columns("plan:text")) as (engine, _):
        assert traits_of(engine, "plan:text") == [("ana", "pro"), ("ben", "team")]


def test_other_sources_stand_beside(tmp_path: Path) -> None:
    rows = [call("identify", traits={"plan": "pro"}), call("group", groupId="acme", traits={"size": 3})]
    write_lines(tmp_path / "calls.jsonl", rows)
    (tmp_path / "profiles.csv").write_text("user_id,plan,city\nana,free,Bern\nben,free,Leeds\n")
    (tmp_path / "accounts.csv").write_text("id,size,city\nacme,1,Bern\nglobex,2,Leeds\n")
    (tmp_path / "members.csv").write_text("user_id,account_id\nana,acme\nben,globex\n")
    sources = SOURCES + (
        "  profiles: {path: profiles.csv}\n  accounts: {path: accounts.csv, columns: {account_id: id}}\n"
        "  memberships: {path: members.csv}\n"
    )
    tables = frozenset({"profiles", "accounts", "memberships"})
    with staged(tmp_path, sources, traits=columns("plan:text", "city:text"), tables=tables) as (engine, staging):
        assert traits_of(engine, "plan:text") == [("ana", "pro"), ("ben", "free")]
        assert traits_of(engine, "city:text") == [("ana", "Bern"), ("ben", "Leeds")]
        assert engine.rows("SELECT account_id, size, city FROM sources.accounts") == [("acme", "3", "Bern"), ("globex", "2", "Leeds")]
        assert engine.rows("SELECT user_id, account_id FROM sources.memberships") == [("ana", "acme"), ("ben", "globex")]
        assert staging.users == 2


def test_lines_that_cannot_be_read_are_told_of_once(tmp_path: Path) -> None:
    lines = [json.dumps(call("identify", traits={"plan": "pro"})).encode(), b'{"type": "\xff"}', b"{"]
    (tmp_path / "calls.1.gz").write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    with staged(tmp_path, SOURCES, traits=columns("plan:text")) as (engine, staging):
        assert [(one.reason, one.rows, one.first_row) for one in staging.rejects] == [
            ("not UTF-8", 1, 2),
            ("the line is no JSON object", 1, 3),
        ]
        assert traits_of(engine, "plan:text") == [("ana", "pro")]
