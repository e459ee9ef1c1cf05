"""Every type that Parquet has, in plain columns, structs, maps and lists, reads as docs/values.md says."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from engage_cli.errors import DataError
from tests.inputs.support import columns, event_rows, staged

IDENTITY = "'m1' AS message_id, 'ana' AS user_id, 'A' AS event, TIMESTAMP '2026-11-01 10:00:00' AS timestamp"
READINGS = ("text", "number", "boolean", "instant", "present")
NONE = (None, None, None, None, None)
AT = datetime(2026, 1, 5, 9, 0, 0, 250000)
NEW_YORK = datetime(2026, 1, 5, 14, 0, 0, 250000)

TYPES: list[tuple[str, tuple[Any, ...]]] = [
    ("CAST(12 AS TINYINT)", ("12", 12.0, None, None, True)),
    ("CAST(9223372036854775807 AS BIGINT)", ("9223372036854775807", 9223372036854775807.0, None, None, True)),
    ("CAST(18446744073709551615 AS UBIGINT)", ("18446744073709551615", 18446744073709551615.0, None, None, True)),
    ("CAST(12.0 AS DOUBLE)", ("12", 12.0, None, None, True)),
    ("CAST(-0.0 AS DOUBLE)", ("0", 0.0, None, None, True)),
    ("CAST(1e16 AS DOUBLE)", ("1e+16", 1e16, None, None, True)),
    ("CAST('nan' AS DOUBLE)", NONE),
    ("CAST('-inf' AS DOUBLE)", NONE),
    ("CAST(0.1 AS FLOAT)", ("0.1", 0.1, None, None, True)),
    ("CAST(12.50 AS DECIMAL(10, 2))", ("12.5", 12.5, None, None, True)),
    ("CAST(12.00 AS DECIMAL(10, 2))", ("12", 12.0, None, None, True)),
    ("CAST('12345678901234567890123456789012345678' AS DECIMAL(38, 0))", ("12345678901234567890123456789012345678", 1.2345678901234568e37, None, None, True)),
    ("TRUE", ("true", None, True, None, True)),
    ("DATE '2026-01-05'", ("2026-01-05", None, None, datetime(2026, 1, 5), True)),
    ("TIMESTAMP '2026-01-05 09:00:00.25'", ("2026-01-05T14:00:00.25Z", None, None, NEW_YORK, True)),
    ("TIMESTAMP_MS '2026-01-05 09:00:00.25'", ("2026-01-05T14:00:00.25Z", None, None, NEW_YORK, True)),
    ("TIMESTAMP_NS '2026-01-05 09:00:00.25'", ("2026-01-05T14:00:00.25Z", None, None, NEW_YORK, True)),
    ("TIMESTAMPTZ '2026-01-05 09:00:00.25+00'", ("2026-01-05T09:00:00.25Z", None, None, AT, True)),
    ("CAST('2026-01-05 09:00' AS VARCHAR)", ("2026-01-05 09:00", None, None, datetime(2026, 1, 5, 14), True)),
    ("CAST('tRuE' AS VARCHAR)", ("tRuE", None, True, None, True)),
    ("CAST('012' AS VARCHAR)", ("012", 12.0, None, None, True)),
    ("CAST('' AS VARCHAR)", NONE),
    ("CAST(NULL AS VARCHAR)", NONE),
    ("CAST(NULL AS INTEGER)", NONE),
    ("CAST('shoes' AS ENUM ('shoes', 'hats'))", ("shoes", None, None, None, True)),
    ("CAST('bytes' AS BLOB)", ("bytes", None, None, None, True)),
    ("CAST('6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS UUID)", ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", None, None, None, True)),
    ("TIME '10:30:00'", ("10:30:00", None, None, None, True)),
]  # fmt: skip


def read(folder: Path, select: str, *names: str) -> tuple[Any, ...]:
    """The columns of one event whose Parquet row is `select`; its source is in New York."""
    duckdb.sql(f"COPY (SELECT {IDENTITY}, {select}) TO '{folder}/e.parquet' (FORMAT parquet)")
    with staged(folder, "  events: {path: e.parquet, timezone: America/New_York}\n", events=columns(*names)) as (engine, staging):
        assert not staging.rejects
        return event_rows(engine, *names)[0][4:]


@pytest.mark.parametrize(("value", "expected"), TYPES, ids=[value for value, _ in TYPES])
def test_a_plain_column(value: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    assert read(tmp_path, f"{value} AS v", *(f"v:{reading}" for reading in READINGS)) == expected


@pytest.mark.parametrize(("value", "expected"), TYPES, ids=[value for value, _ in TYPES])
def test_a_field_of_a_struct(value: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    names = [f"a.v:{reading}" for reading in READINGS]
    assert read(tmp_path, f"{{'a': {{'v': {value}}}}} AS properties", *names) == expected


@pytest.mark.parametrize(("value", "expected"), TYPES, ids=[value for value, _ in TYPES])
def test_an_entry_of_a_map(value: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    names = [*(f"v:{reading}" for reading in READINGS), "nothing:present"]
    assert read(tmp_path, f"MAP {{'v': {value}}} AS properties", *names) == (*expected, None)


@pytest.mark.parametrize(("value", "expected"), TYPES, ids=[value for value, _ in TYPES])
def test_an_element_of_a_list(value: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    """Inside a list all is JSON: what has a text has the same one, and reads the same by it."""
    names = [f"l.0.v:{reading}" for reading in READINGS]
    assert read(tmp_path, f"[{{'v': {value}}}] AS l", *names) == expected


def test_lists_are_elements_and_have_no_text(tmp_path: Path) -> None:
    names = ("l:elements", "l:text", "l:present", "l.1:text", "e:elements", "e:present", "n:elements", "l.5:text", "l.x:text")
    found = read(tmp_path, "[1.50, 2.0, NULL] AS l, CAST([] AS INTEGER[]) AS e, CAST(NULL AS INTEGER[]) AS n", *names)
    assert found == (["1.5", "2", None], None, True, "2", [], True, None, None, None)


def test_a_list_of_structs_of_maps(tmp_path: Path) -> None:
    names = ("l.0.m.k.at:instant", "l.0.m.k.at:text", "l.1.m.k.at:present")
    value = "[{'m': MAP {'k': {'at': TIMESTAMP '2026-01-05 09:00:00.25'}}}, {'m': NULL}] AS l"
    assert read(tmp_path, value, *names) == (NEW_YORK, "2026-01-05T14:00:00.25Z", None)


def test_a_cell_that_holds_json_is_read_as_that(tmp_path: Path) -> None:
    cells = """'{"a": [1, {"b": "x"}]}' AS o, '[1, "2"]' AS l, '[no json' AS t, '"text"' AS q, '{"a": 1} ' AS padded"""
    names = ("o.a.1.b:text", "o:text", "o:present", "l:elements", "l:text", "t:text", "t:elements", "q:text", "padded.a:number")
    assert read(tmp_path, cells, *names) == ("x", None, True, ["1", '"2"'], None, "[no json", None, '"text"', 1.0)


def test_text_inside_a_struct_or_json_is_text_even_if_it_looks_like_json(tmp_path: Path) -> None:
    assert read(tmp_path, """{'v': '[1]'} AS properties""", "v:text", "v:elements") == ("[1]", None)
    assert read(tmp_path, """'{"v": "[1]"}' AS properties""", "v:text", "v:elements") == ("[1]", None)


def test_names_are_compared_exactly(tmp_path: Path) -> None:
    select = "'pro' AS \"Plan\", {'a': 'x'} AS s"
    assert read(tmp_path, select, "Plan:text", "s.a:text") == ("pro", "x")
    assert read(tmp_path, select, "plan:text", "s.A:text") == (None, None)
    assert read(tmp_path, select, "S.a:text") == (None,)


def test_names_that_differ_in_capitals_are_two_paths(tmp_path: Path) -> None:
    names = ("SKU:text", "sku:text", "Sku:text")
    assert read(tmp_path, """'{"SKU": "a", "sku": "b", "Sku": "c"}' AS properties""", "sku:text") == ("b",)
    with staged(tmp_path, "  events: {path: e.parquet}\n", events=columns(*names), traits=columns("A:text", "a:text")) as (engine, _):
        query = exp.select(*(exp.column(exp.to_identifier(name, quoted=True), table="e") for name in names)).from_("events AS e")
        assert engine.rows(query) == [("a", "b", "c")]


def test_unmapped_columns_are_properties_beside_a_properties_column_whose_names_go_first(tmp_path: Path) -> None:
    select = """'{"plan": "json", "only": 1, "empty": ""}' AS properties, 'column' AS plan, 5 AS extra, 'column' AS empty"""
    assert read(tmp_path, select, "plan:text", "only:number", "extra:number", "empty:text") == ("json", 1.0, 5.0, "column")


def test_jsonl_beside_its_properties(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text(
        '{"user_id": "ana", "event": "A", "timestamp": "2026-11-01", "properties": {"plan": "in"}, "plan": "out", "context": {"ip": "::1"}}\n'
        '{"user_id": "ana", "event": "A", "timestamp": "2026-11-02", "properties": "{\\"plan\\": \\"text\\"}", "plan": null}\n'
        '{"user_id": "ana", "event": "A", "timestamp": "2026-11-03", "properties": null, "plan": "out"}\n'
    )
    names = ("plan:text", "context.ip:text", "event:text")
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns(*names), whole=frozenset({"*"})) as (engine, _):
        rows = engine.rows('SELECT "plan:text", "context.ip:text", "event:text", properties FROM events ORDER BY ts')
    assert [row[:3] for row in rows] == [("in", "::1", None), ("text", None, None), ("out", None, None)]
    assert [json.loads(row[3]) for row in rows] == [{"plan": "in", "context": {"ip": "::1"}}, {"plan": "text"}, {"plan": "out"}]


def test_dotted_names_lead_into_lines_of_json(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"user": {"id": 7}, "type": "A", "sent.at": 1793527200, "data": {"x": {"n": 1}}}\n')
    mapping = "{user_id: user.id, event: type, timestamp: '[\"sent.at\"]', properties: data.x}"
    with staged(tmp_path, f"  events: {{path: e.jsonl, columns: {mapping}}}\n", events=columns("n:number")) as (engine, _):
        assert [(row[0], str(row[2]), row[4]) for row in event_rows(engine, "n:number")] == [("7", "2026-11-01 10:00:00", 1.0)]


def test_a_properties_column_that_can_hold_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"properties.*INTEGER"):
        read(tmp_path, "5 AS properties", "x:text")


@pytest.mark.parametrize(
    ("column", "utc"),
    [
        ("TIMESTAMP '2026-06-01 10:00'", "2026-06-01 14:00:00"),
        ("TIMESTAMPTZ '2026-06-01 10:00:00+02'", "2026-06-01 08:00:00"),
        ("DATE '2026-06-01'", "2026-05-31 23:00:00"),
        ("CAST(1793527200 AS BIGINT)", "2026-11-01 10:00:00"),
        ("CAST(1793527200123 AS BIGINT)", "2026-11-01 10:00:00.123000"),
        ("CAST(1793527200.5 AS DOUBLE)", "2026-11-01 10:00:00.500000"),
        ("CAST(1793527200.25 AS DECIMAL(20, 3))", "2026-11-01 10:00:00.250000"),
        ("'2026-06-01 10:00'", "2026-06-01 14:00:00"),
        ("TIMESTAMP_NS '2026-06-01 10:00:00.123456789'", "2026-06-01 14:00:00.123456"),
    ],
)
def test_timestamps_of_every_type(column: str, utc: str, tmp_path: Path) -> None:
    duckdb.sql(f"COPY (SELECT 'ana' AS user_id, 'A' AS event, {column} AS timestamp) TO '{tmp_path}/e.parquet' (FORMAT parquet)")
    with staged(tmp_path, "  events: {path: e.parquet, timezone: America/New_York}\n") as (engine, staging):
        assert (staging.rejects, [str(row[2]) for row in event_rows(engine)]) == ((), [utc])


def test_ids_of_every_type_are_text(tmp_path: Path) -> None:
    for number, (value, text) in enumerate([("CAST(7 AS BIGINT)", "7"), ("'007'", "007"), ("12.0::DOUBLE", "12"), ("' x '", " x ")]):
        duckdb.sql(
            f"COPY (SELECT {value} AS user_id, 'A' AS event, TIMESTAMP '2026-11-01' AS timestamp) TO '{tmp_path}/{number}.parquet' (FORMAT parquet)"
        )
        with staged(tmp_path, f"  events: {{path: {number}.parquet}}\n") as (engine, _):
            assert [row[0] for row in event_rows(engine)] == [text]
