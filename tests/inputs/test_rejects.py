"""What cannot be read is counted, shown and kept, never dropped in silence; what is hostile stays data."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.errors import DataError
from tests.inputs.support import AS_OF, ZONE, columns, event, event_rows, project, staged, write_lines

EVENTS = "  events: {path: e.jsonl}\n"


def test_each_broken_line_is_rejected_with_its_reason(tmp_path: Path) -> None:
    lines = [
        json.dumps(event("m1")),
        '{"message_id": "m2", "user_id": "ana", "event": "Vie',
        json.dumps({**event("m3"), "user_id": ""}),
        json.dumps({**event("m4"), "timestamp": "tomorrow"}),
        json.dumps({"message_id": "m5", "user_id": "ana", "timestamp": "2026-11-01"}),
        "[1, 2]",
        json.dumps({**event("m7"), "properties": "{broken"}),
        "",
        json.dumps(event("m9")),
    ]
    (tmp_path / "e.jsonl").write_text("\n".join(lines))
    with staged(tmp_path, EVENTS) as (engine, staging):
        assert [row[3] for row in event_rows(engine)] == ["m1", "m9"]
        rejected = engine.rows("SELECT row_number, reason FROM rejects ORDER BY row_number")
        assert [number for number, _ in rejected] == [2, 3, 4, 5, 6, 7]
        assert len({reason for _, reason in rejected}) >= 4
        assert sum(reject.rows for reject in staging.rejects) == 6
        assert all(reject.path == "e.jsonl" for reject in staging.rejects)


def test_bytes_that_are_no_text_are_one_reject(tmp_path: Path) -> None:
    good = json.dumps(event("m1")).encode()
    (tmp_path / "e.jsonl").write_bytes(good + b'\n{"message_id": "m2", "user_id": "\xff\xfe"}\n' + good.replace(b"m1", b"m3"))
    with staged(tmp_path, EVENTS) as (engine, staging):
        assert [row[3] for row in event_rows(engine)] == ["m1", "m3"]
        assert sum(reject.rows for reject in staging.rejects) == 1


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(tmp_path: Path) -> None:
    text = "\r\n".join(json.dumps(event(f"m{number}")) for number in range(3)) + "\r\n"
    (tmp_path / "e.jsonl").write_bytes(b"\xef\xbb\xbf" + text.encode())
    with staged(tmp_path, EVENTS) as (engine, staging):
        assert [row[3] for row in event_rows(engine)] == ["m0", "m1", "m2"]
        assert not staging.rejects


HOSTILE = ["'; DROP TABLE events; --", '" OR 1=1 --', "a\x00b", "\u202egnp.exe", "../../etc/passwd", "{{7*7}}", "$(id)", "\u2028"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_names_values_and_ids_stays_text(text: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", text, text, note=text)])
    with staged(tmp_path, EVENTS, events=columns("note:text")) as (engine, _):
        assert [(row[0], row[1], row[4]) for row in event_rows(engine, "note:text")] == [(text, text, text)]


def test_a_property_whose_name_is_sql_is_a_property(tmp_path: Path) -> None:
    name = 'x" FROM users; --'
    path = '["x\\" FROM users; --"]:text'
    write_lines(tmp_path / "e.jsonl", [{**event("m1"), "properties": {name: "y"}}])
    with staged(tmp_path, EVENTS, events=columns(path)) as (engine, _):
        assert [row[4] for row in event_rows(engine, path)] == ["y"]


def test_huge_and_odd_numbers(tmp_path: Path) -> None:
    values = {"big": 12345678901234567890123, "over": "1e999", "half": 0.50, "minus": -0.0, "text": " 12", "exponent": "1e2"}
    write_lines(tmp_path / "e.jsonl", [event("m1", **values)])
    names = ("big:text", "over:number", "half:text", "minus:text", "text:number", "exponent:number")
    with staged(tmp_path, EVENTS, events=columns(*names)) as (engine, _):
        assert event_rows(engine, *names)[0][4:] == ("12345678901234567890123", None, "0.5", "0", None, 100.0)


def test_ids_are_text_as_written(tmp_path: Path) -> None:
    lines = ['{"user_id": 12.0, "event": "A", "timestamp": "2026-11-01"}', '{"user_id": "007", "event": "A", "timestamp": "2026-11-01"}']
    (tmp_path / "e.jsonl").write_text("\n".join(lines))
    with staged(tmp_path, EVENTS) as (engine, _):
        assert sorted(row[0] for row in event_rows(engine)) == ["007", "12.0"]


@pytest.mark.parametrize("name", ["e.parquet", "e.csv.gz", "e.jsonl.gz"])
def test_a_truncated_file_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    if name.endswith("parquet"):
        duckdb.sql(
            f"COPY (SELECT 'u' || range AS user_id, 'A' AS event, now() AS timestamp FROM range(5000)) TO '{whole}' (FORMAT parquet)"
        )
    else:
        head = "user_id,event,timestamp\n" if ".csv" in name else ""
        rows = ("u{0},A,2026-11-01\n" if ".csv" in name else '{{"user_id": "u{0}", "event": "A", "timestamp": "2026-11-01"}}\n').format
        whole.write_bytes(gzip.compress((head + "".join(rows(number) for number in range(5000))).encode()))
    (tmp_path / name).write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError) as raised, staged(tmp_path, f"  events: {{path: {name}}}\n"):
        pass
    assert name in raised.value.message
    assert raised.value.hint


def test_a_path_that_finds_nothing_names_the_line_of_engage_yaml(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised, staged(tmp_path, '  events: {path: "nowhere/*.jsonl"}\n'):
        pass
    assert "nowhere/*.jsonl" in raised.value.message and "engage.yaml:4" in raised.value.message


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("user,event,timestamp\nana,A,2026-11-01\n")
    with pytest.raises(DataError) as raised, staged(tmp_path, "  events: {path: e.csv}\n"):
        pass
    assert "user_id" in raised.value.message
    assert "user" in f"{raised.value.message} {raised.value.hint}"


def test_a_sealed_engine_reaches_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "out").mkdir()
    read = project(tmp_path, EVENTS)
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        engine.seal([tmp_path / "out"])
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
            f"ATTACH '{tmp_path}/x.duckdb' AS x",
            f"COPY (SELECT 1) TO '{tmp_path}/y.csv'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(Exception, match=r"(?i)(permission|disabled|lock|cannot|not allowed|denied)"):
                engine.execute(statement)
        engine.execute(f"COPY (SELECT 1) TO '{tmp_path}/out/y.csv'")
    assert (tmp_path / "out" / "y.csv").exists()
    assert AS_OF.year == 2026


def test_text_files_are_read_within_a_small_memory_limit(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event(f"m{number}") for number in range(2000)])
    (tmp_path / "p.csv").write_text("user_id,plan\nana,pro\n")
    sources = "  events: {path: e.jsonl}\n  profiles: {path: p.csv}\nengine: {memory_limit: 250MB}\n"
    with staged(tmp_path, sources, traits=columns("plan:text")) as (engine, staging):
        assert staging.events_staged == 2000
        assert engine.rows('SELECT "plan:text" FROM traits') == [("pro",)]


def test_a_long_line_is_read_and_a_longer_one_rejected(tmp_path: Path) -> None:
    long, longer = "x" * 3_500_000, "y" * 4_500_000
    write_lines(tmp_path / "e.jsonl", [event("m1"), event("m2", note=long), event("m3", note=longer), event("m4")])
    with staged(tmp_path, EVENTS) as (engine, staging):
        assert [row[3] for row in event_rows(engine)] == ["m1", "m2", "m4"]
        assert sum(reject.rows for reject in staging.rejects) == 1
