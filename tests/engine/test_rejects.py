"""Where a row that cannot be read stands, by the number that an editor or a Parquet viewer would show."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.engine.base import Engine
from engage_cli.errors import DataError
from tests.inputs.support import columns, event, event_rows, staged, write_lines

BROKEN = "the line is no JSON object"


def rejected(engine: Engine) -> list[tuple[Any, ...]]:
    return engine.rows("SELECT path, row_number, reason FROM rejects ORDER BY ALL")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_lines_are_numbered_as_an_editor_does(newline: bytes, ending: str, tmp_path: Path) -> None:
    good = json.dumps(event("m", note="Ünï")).encode()
    lines = [
        b"\xef\xbb\xbf" + good,
        b"",
        b"{broken",  # 3
        good,
        b'{"user_id": "\xff"}',  # 5
        good,
        b"   ",
        b"",
        json.dumps(event("m", user_id="")).encode(),  # 9
        b'{"a": "\xc3\x28"}',  # 10
        good,
        b"[1]",  # 12
        b'{"nul": "\x00"}',  # 13
        good + b" trailing",  # 14
        json.dumps(event("m", at="never")).encode(),  # 15
        b"null",  # 16
    ]
    content = newline.join(lines)
    (tmp_path / f"e.jsonl{ending}").write_bytes(gzip.compress(content) if ending else content)
    with staged(tmp_path, f"  events: {{path: e.jsonl{ending}}}\n") as (engine, staging):
        assert [row[1:] for row in rejected(engine)] == [
            (3, BROKEN), (5, "not UTF-8"), (9, "no user_id"), (10, "not UTF-8"), (12, BROKEN), (13, BROKEN), (14, BROKEN),
            (15, "the timestamp cannot be read"), (16, BROKEN),
        ]  # fmt: skip
        assert staging.events_staged == 1
        first = {reject.reason: (reject.rows, reject.first_row) for reject in staging.rejects}
        assert first == {BROKEN: (5, 3), "not UTF-8": (2, 5), "no user_id": (1, 9), "the timestamp cannot be read": (1, 15)}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_numbered_over_many_buffers(newline: str, tmp_path: Path) -> None:
    dice = random.Random(4)
    expected: list[tuple[int, str]] = []
    with (tmp_path / "e.jsonl").open("wb") as file:
        for number in range(1, 500_001):
            kind = dice.random()
            if kind < 0.0001:
                file.write(b'{"x": "\xff"}')
                expected.append((number, "not UTF-8"))
            elif kind < 0.0002:
                file.write(b"{broken")
                expected.append((number, BROKEN))
            elif kind > 0.0003:
                file.write(
                    b'{"message_id":"m%d","user_id":"u","event":"A","timestamp":"2026-11-01","pad":"%s"}' % (number, b"x" * (number % 60))
                )
            file.write(newline.encode())
    with staged(tmp_path, "  events: {path: e.jsonl}\nengine: {threads: 2}\n") as (engine, _):
        assert [row[1:] for row in rejected(engine)] == expected


def test_records_of_csv_are_numbered_with_the_header(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(
        b"user_id,event,timestamp,note\r\n"
        b"ana,A,2026-11-01,x\r\n"
        b",A,2026-11-01,x\r\n"  # 3
        b"ana,A\r\n"  # 4
        b"ana,A,2026-11-01,x,y\r\n"  # 5
        b"ana,,2026-11-01,x\r\n"  # 6
        b"ana,A,2026-11-01,\xff\r\n"  # 7
        b"ana,A,,x\r\n"  # 8
        b'ana,A,2026-11-01,"a ""quoted"" one"\r\n'
        b"ana,A,soon,x\r\n"  # 10
    )
    with staged(tmp_path, "  events: {path: e.csv}\n", events=columns("note:text")) as (engine, staging):
        assert [row[1:] for row in rejected(engine)] == [
            (3, "no user_id"),
            (4, "too few columns"),
            (5, "too many columns"),
            (6, "no event name"),
            (7, "not UTF-8"),
            (8, "no timestamp"),
            (10, "the timestamp cannot be read"),
        ]
        assert sorted(row[4] for row in event_rows(engine, "note:text")) == ['a "quoted" one', "x"]
        assert staging.events_read == 6


def test_what_is_asked_does_not_change_what_is_rejected(tmp_path: Path) -> None:
    """DuckDB looks at the encoding of a cell only if somebody asks for it."""
    (tmp_path / "e.csv").write_bytes(
        b"user_id,event,timestamp,a,b\nana,A,2026-11-01,\xff,x\nben,A,2026-11-01,x,\xff\neve,A,2026-11-01,x,y\n"
    )
    for asked in ((), ("a:text",), ("b:text",), ("a:text", "b:text")):
        with staged(tmp_path, "  events: {path: e.csv}\n", events=columns(*asked)) as (engine, _):
            assert [row[1:] for row in rejected(engine)] == [(2, "not UTF-8"), (3, "not UTF-8")]
            assert [row[0] for row in event_rows(engine)] == ["eve"]


def test_a_quote_that_swallows_a_few_lines_is_one_reject(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text('user_id,event,timestamp\nana,A,2026-11-01\nben,"A,2026-11-01\neve,A,2026-11-01\n')
    with staged(tmp_path, "  events: {path: e.csv}\n") as (engine, staging):
        assert [row[1:] for row in rejected(engine)] == [(3, "a quote that is not closed, or not doubled: it takes 2 lines")]
        assert "eve" in (staging.rejects[0].example or ""), "the example shows how far it went"


def test_a_quote_that_swallows_many_lines_is_an_error(tmp_path: Path) -> None:
    lines = ["user_id,event,timestamp", *("ana,A,2026-11-01" for _ in range(100))]
    lines[7] = 'ana,"A,2026-11-01'
    (tmp_path / "e.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"`e\.csv` opens a quote in row 8") as raised:
        with staged(tmp_path, "  events: {path: e.csv}\n"):
            pass
    assert '""' in (raised.value.hint or "")


def test_a_rejected_row_is_shown_as_it_stands_in_its_file(tmp_path: Path) -> None:
    lines = ["x6,,Viewed,2026-11-01,", 'x7,"","a ""b"", c",2026-11-01,"d, e"', "x8,,,2026-11-01,f"]
    (tmp_path / "e.csv").write_text("\n".join(["message_id,user_id,event,timestamp,note", *lines]) + "\n")
    duckdb.sql(
        "COPY (SELECT NULL AS message_id, NULL AS user_id, 'Viewed' AS event, TIMESTAMP '2026-11-01' AS timestamp, NULL AS note)"
        f" TO '{tmp_path}/e.parquet'"
    )
    with staged(tmp_path, '  events: {path: "e.*"}\n') as (engine, _):
        shown = [str(row[0]) for row in engine.rows("SELECT content FROM rejects ORDER BY path, row_number")]
    assert shown == [lines[0], lines[1].replace('""', "", 1), lines[2], ",,Viewed,2026-11-01 00:00:00,"]


def test_rows_of_parquet_are_numbered_within_each_file(tmp_path: Path) -> None:
    for name, bad in (("a", 7), ("b", 150_000)):
        duckdb.sql(
            f"COPY (SELECT CASE WHEN i <> {bad} THEN 'u' || i END AS user_id, 'A' AS event, TIMESTAMP '2026-11-01' AS timestamp"
            f" FROM range(1, 200001) AS r(i)) TO '{tmp_path}/{name}.parquet'"
        )
    with staged(tmp_path, '  events: {path: "*.parquet"}\n') as (engine, staging):
        assert rejected(engine) == [("a.parquet", 7, "no user_id"), ("b.parquet", 150_000, "no user_id")]
        assert "A,2026-11-01" in (staging.rejects[0].example or "")


def test_elements_of_an_array_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(json.dumps([event("m1"), 5, event("m2", user_id=None), None, [], event("m3")], indent=2))
    with staged(tmp_path, "  events: {path: e.json}\n") as (engine, _):
        assert [row[1:] for row in rejected(engine)] == [(2, BROKEN), (3, "no user_id"), (4, BROKEN), (5, BROKEN)]
        assert [row[3] for row in event_rows(engine)] == ["m1", "m3"]


@pytest.mark.parametrize("text", ["no json", "[1]", "5", "true", '{"a": 1', '"text"'])
def test_properties_that_are_no_object_are_rejected_whatever_is_asked_of_them(text: str, tmp_path: Path) -> None:
    head = "SELECT 'ana' AS user_id, 'A' AS event, TIMESTAMP '2026-11-01' AS timestamp"
    duckdb.execute(f"COPY ({head}, $1 AS properties UNION ALL {head}, '{{}}' UNION ALL {head}, '') TO '{tmp_path}/e.parquet'", [text])
    for asked in ((), ("a:text",)):
        with staged(tmp_path, "  events: {path: e.parquet}\n", events=columns(*asked)) as (engine, staging):
            assert rejected(engine) == [("e.parquet", 1, "the properties are no JSON object")]
            assert staging.events_staged == 2


def test_a_row_with_several_faults_is_rejected_once(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [{"user_id": None, "event": "", "timestamp": "x", "properties": 5}])
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (engine, _):
        assert rejected(engine) == [("e.jsonl", 1, "no user_id")]


def test_ids_and_names_that_are_no_scalars_are_missing(tmp_path: Path) -> None:
    rows = [event("m1", user_id={"id": 1}), event("m2", user_id=["ana"]), {**event("m3"), "event": ["A"]}, event("m4", at=["2026-11-01"])]
    write_lines(tmp_path / "e.jsonl", rows)
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (engine, _):
        assert [row[2] for row in rejected(engine)] == ["no user_id", "no user_id", "no event name", "the timestamp cannot be read"]


def test_a_long_line_is_read_and_a_longer_one_rejected(tmp_path: Path) -> None:
    rows = [
        event("m1", long="x" * 3_900_000),
        event("m2", long="x" * 5_000_000),
        event("m3"),
        event("m4", long="x" * 30_000_000),
        event("m5"),
    ]
    write_lines(tmp_path / "e.jsonl", rows)
    with staged(tmp_path, "  events: {path: e.jsonl}\n", events=columns("long:present")) as (engine, _):
        assert [row[1:] for row in rejected(engine)] == [(2, "the line is too long"), (4, "the line is too long")]
        assert [row[3] for row in event_rows(engine)] == ["m1", "m3", "m5"]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_line_that_would_be_passed_over_is_an_error(ending: str, tmp_path: Path) -> None:
    content = (json.dumps(event("m1", long="x" * 70_000_000)) + "\n" + json.dumps(event("m2"))).encode()
    (tmp_path / f"e.jsonl{ending}").write_bytes(gzip.compress(content, 1) if ending else content)
    with pytest.raises(DataError, match=r"e\.jsonl.*has a line of more than 60 million bytes"):
        with staged(tmp_path, f"  events: {{path: e.jsonl{ending}}}\n"):
            pass


def test_examples_are_short_and_show_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text("\x1b[31m\u202e" + "x" * 5000 + "\n")
    with staged(tmp_path, "  events: {path: e.jsonl}\n") as (_, staging):
        example = staging.rejects[0].example or ""
        assert example.startswith("\\u001b[31m\\u202exxx") and len(example) < 250
