"""Data written to harm: it stays data, or is refused with a word."""

import csv
import json
from pathlib import Path

import duckdb
import pytest

from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import EventNeed, Needs
from tests.inputs.support import AS_OF, ZONE, columns, event, event_rows, project, staged, write_lines

TEXTS = [
    "'; DROP TABLE users; --",
    '"; DROP TABLE users; --',
    "$$; SELECT 1; $$",
    "{user} {{x}} {0}",
    "%s ? $1 :as_of",
    "\\'; --",
    "/* */ -- ",
    "a\nb\r\nc",
    "\u202egnp.exe",
    "\x1b[2J\x07",
    "nul\x00inside",
    "名前 ünï 🎉",
    " ",
    "*",
    "x" * 100_000,
    "../../etc/passwd",
    "read_csv('/etc/passwd')",
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_any_text_is_an_id_a_name_and_a_value(text: str, tmp_path: Path) -> None:
    """As JSON lines and as Parquet, and asked for by its name."""
    write_lines(tmp_path / "e.jsonl", [event(text, text, text, note=text, **{"in": {text: text}})])
    types = "{'message_id': 'VARCHAR', 'user_id': 'VARCHAR', 'event': 'VARCHAR', 'timestamp': 'TIMESTAMP', 'properties': 'JSON'}"
    duckdb.sql(f"COPY (FROM read_json('{tmp_path}/e.jsonl', columns = {types}, maximum_object_size = 10000000)) TO '{tmp_path}/e.parquet'")
    for name in ("e.jsonl", "e.parquet"):
        read = project(tmp_path, f"  events: {{path: {name}}}\n")
        names = (text,) if text != "*" else ("*",)
        needs = Needs(AS_OF, ZONE, events=(EventNeed(names, None, columns("note:text")),), whole=frozenset({"*"}))
        with open_engine(tmp_path, read.config.engine, ZONE) as engine:
            staging = engine.stage(read.config.sources, needs)
            assert [(row[0], row[1], row[3], row[4]) for row in event_rows(engine, "note:text")] == [(text, text, text, text)]
            assert staging.catalog.event_keys == {text: 0}
            assert json.loads(engine.rows("SELECT properties FROM events")[0][0])["in"] == {text: text}


@pytest.mark.parametrize("name", [text for text in TEXTS if "\x00" not in text], ids=lambda text: repr(text[:20]))
def test_any_text_is_the_name_of_a_column(name: str, tmp_path: Path) -> None:
    spelled = (
        "["
        + json.dumps(name, ensure_ascii=False)
        .replace("\\n", "\n")
        .replace("\\r", "\r")
        .replace("\\u001b", "\x1b")
        .replace("\\u0007", "\x07")
        + "]"
    )
    asked = columns(f"{spelled}:text")
    write_lines(tmp_path / "e.jsonl", [{**event("m1"), "properties": {name: "here"}}])
    with (tmp_path / "e.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["user_id", "event", "timestamp", name], ["ana", "A", "2026-11-01", "here"]])
    quoted = name.replace('"', '""')
    duckdb.sql(
        f"""COPY (SELECT 'ana' AS user_id, 'A' AS event, TIMESTAMP '2026-11-01' AS timestamp, 'here' AS "{quoted}") TO '{tmp_path}/e.parquet'"""
    )
    for file_name in ("e.jsonl", "e.parquet", "e.csv"):
        if file_name == "e.csv" and (name.strip() != name or not name.strip() or "\n" in name):
            continue  # a header is trimmed; one of several lines is not understood
        with staged(tmp_path, f"  events: {{path: {file_name}}}\n", events=asked) as (engine, _):
            (column,) = asked
            assert [row[4] for row in event_rows(engine, column.name)] == ["here"], file_name


def test_json_that_goes_very_deep(tmp_path: Path) -> None:
    deep = "[" * 20_000 + "]" * 20_000
    line = '{"user_id": "ana", "event": "A", "timestamp": "2026-11-01", "properties": {"deep": %s, "n": 1}}'
    (tmp_path / "e.jsonl").write_text(line % deep + "\n" + line % ('{"a":' * 20_000 + "1" + "}" * 20_000) + "\n")
    names = ("n:number", "deep:present", "deep.0.0.0.0:elements", "deep.a.a:present")
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns(*names)) as (engine, staging):
        assert not staging.rejects
        assert sorted(row[4:6] for row in event_rows(engine, *names)) == [(1.0, True), (1.0, True)]


def test_an_object_of_a_hundred_thousand_names(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event(None, **{f"name_{number}": number for number in range(100_000)})])
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns("name_99999:number")) as (engine, _):
        assert [row[4] for row in event_rows(engine, "name_99999:number")] == [99999.0]


def test_numbers_beyond_all_measure(tmp_path: Path) -> None:
    digits = "9" * 5000
    (tmp_path / "e.jsonl").write_text(
        f'{{"user_id": {digits}, "event": "A", "timestamp": "2026-11-01", "properties": {{"n": {digits}, "e": 1e{digits}, "t": "{digits}"}}}}\n'
    )
    names = ("n:text", "n:number", "e:number", "e:text", "e:present", "t:number")
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns(*names)) as (engine, _):
        assert event_rows(engine, *names)[0][4:] == (digits, None, None, None, True, None)
        assert event_rows(engine)[0][0] == digits


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "9" * 400, "1700000000" * 30, "1e-400", "+1_000", "0x10", "inf", "nan", "1e99999999999"]
)
def test_times_beyond_all_measure_are_rejected_or_read_but_never_a_failure(text: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", at=text)])
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (_, staging):
        assert staging.events_staged + len(staging.rejects) == 1


def test_the_same_name_twice_in_an_object_takes_the_first(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text(
        '{"user_id": "a", "user_id": "b", "event": "A", "timestamp": "2026-11-01", "properties": {"x": 1, "x": 2}}\n'
    )
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns("x:number")) as (engine, _):
        assert [(row[0], row[4]) for row in event_rows(engine, "x:number")] == [("a", 1.0)]
