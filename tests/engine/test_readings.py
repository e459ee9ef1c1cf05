"""The readings of docs/values.md, each against the plain reader of tests/reference."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.sql import functions as f
from tests.reference.values import Datum, read_boolean, read_instant, read_number, read_text

SOURCE, PROJECT = "America/New_York", "Europe/London"
TEXTS = [
    "", " ", "12", "-12", "+12", "012", "12.0", "0.50", ".5", "5.", ".", "1e3", "1E+3", "1e", "1e999", "-1e999", "1e-400", "1,000", "1_000", " 12",
    "12 ", "12\n", "0x1F", "inf", "Infinity", "NaN", "nan", "１２", "true", "TRUE", "False", "falſe", "yes", "1", "null", "[1]", "{}", "a\x00b",
]  # fmt: skip
VALUES = [
    None, True, False, 0, -1, 12, 12.0, 0.5, -0.0, 1e2, 1e15, 1e16, 1e-5, 123456789012345678901234567890, 2**63, -(2**63), 0.1 + 0.2, 5e-324,
    1.7976931348623157e308, [], {}, [1], {"a": 1}, "Ünï", "\u202e", "12.0",
]  # fmt: skip
INSTANTS = [
    "2026-01-05", "2026-01-05T09:00", "2026-01-05 09:00:30.250", "2026-01-05T09:00Z", "2026-01-05T09:00:00+01:00", "2026-01-05T09:00+0100",
    "2026-01-05T09:00-05", "2026-01-05T09:00:00.123456789Z", "2026-01-05T09:00:00.9999999", "2026-01-05T24:00", "2026-01-05T09:60",
    "2026-01-05T09:00:60", "2026-02-29", "2024-02-29", "2026-13-01", "0000-01-01", "0001-01-01T00:00Z", "0001-01-01T00:00+05",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", "9999-12-31", "2026-1-5", "20260105", "2026-01-05T09", "2026-01-05T09:00 ",
    "2026-01-05T09:00z", "2026-01-05t09:00", "2026-01-05Z", "2026-01-05T09:00:00.", "2026-01-05T09:00:00.Z", "2026-01-05T09:00+1",
    "2026-01-05T09:00+01:0", "2026-01-05T09:00+23:59", "2026-03-08T02:30", "2026-11-01T01:30", "2026-03-29", "2026-10-25T01:30",
    "now", "today", "infinity", "epoch", "1700000000", "12:30", "2026-01-05\n", "２０２６-01-05",
]  # fmt: skip


def readings(engine: Engine, *values: Any) -> list[tuple[Any, ...]]:
    """Text, number, boolean, instant and presence of JSON values."""
    documents = [exp.Tuple(expressions=[exp.Literal.string(json.dumps(value, ensure_ascii=False))]) for value in values]
    rows = exp.Values(expressions=documents, alias=exp.TableAlias(this=exp.to_identifier("given"), columns=[exp.to_identifier("v")]))
    document = exp.cast(exp.column("v"), "JSON")
    text = f.e_text(document)
    parts = [text, f.e_num(text), f.e_bool(text), f.e_time(text, SOURCE, PROJECT), f.e_present(document)]
    return engine.rows(exp.select(*(exp.alias_(part, f"r{at}") for at, part in enumerate(parts))).from_(rows))


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """So many values that 20 examples are 300: one query reads them all."""
    return st.lists(values, min_size=15, max_size=15)


def expected(value: Any) -> tuple[Any, ...]:
    instant = read_instant(Datum(value, ZoneInfo(SOURCE)), ZoneInfo(PROJECT))
    return (
        read_text(value),
        read_number(value),
        read_boolean(value),
        instant.replace(tzinfo=None) if instant else None,
        None if value is None or value == "" else True,
    )


@pytest.mark.parametrize("value", [*VALUES, *TEXTS, *INSTANTS], ids=repr)
def test_a_value_reads_as_the_reference_reads_it(engine: Engine, value: Any) -> None:
    assert readings(engine, value) == [expected(value)]


@given(many(st.one_of(st.integers(-(10**25), 10**25), st.floats(allow_nan=False, allow_infinity=False), st.booleans())))
@settings(max_examples=20, deadline=None)
def test_any_number_reads_as_the_reference_reads_it(engine: Engine, values: list[float]) -> None:
    assert [row[:3] for row in readings(engine, *values)] == [expected(value)[:3] for value in values]


@given(many(st.text(alphabet="0123456789+-.eE ", max_size=10)))
@settings(max_examples=20, deadline=None)
def test_text_like_a_number_reads_as_the_reference_reads_it(engine: Engine, texts: list[str]) -> None:
    assert [row[:3] for row in readings(engine, *texts)] == [expected(text)[:3] for text in texts]


def written(moment: datetime, divider: str, offset: str, digits: int) -> str:
    fraction = f".{moment.microsecond:06}000"[: digits + 1] if digits else ""
    return f"{moment:%Y}".rjust(4, "0") + f"{moment:-%m-%d}{divider}{moment:%H:%M:%S}{fraction}{offset}"


INSTANT_TEXTS = st.builds(
    written,
    st.datetimes(datetime(1, 1, 3), datetime(2100, 12, 30)),
    st.sampled_from(["T", " "]),
    st.sampled_from(["", "Z", "+01:00", "-0330", "+14", "-23:59"]),
    st.integers(0, 9),
)


@given(many(INSTANT_TEXTS))
@settings(max_examples=20, deadline=None)
def test_any_instant_reads_as_the_reference_reads_it(engine: Engine, texts: list[str]) -> None:
    assert [row[3] for row in readings(engine, *texts)] == [expected(text)[3] for text in texts]


def test_text_of_instants_in_typed_columns_is_in_utc(engine: Engine) -> None:
    rows = engine.rows(
        "SELECT text_of_instant(TIMESTAMP '2026-01-05 09:00:00.250'), text_of_instant(TIMESTAMP '0001-01-01'), text_of_instant(NULL)"
    )
    assert rows == [("2026-01-05T09:00:00.25Z", "0001-01-01T00:00:00Z", None)]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20)),
        ("1700000000123", datetime(2023, 11, 14, 22, 13, 20, 123000)),
        ("1700000000.1234567", datetime(2023, 11, 14, 22, 13, 20, 123456)),
        ("1.7e9", datetime(2023, 11, 14, 22, 13, 20)),
        ("99999999999", datetime(1970, 1, 1) + timedelta(seconds=99999999999)),
        ("100000000000", datetime(1970, 1, 1) + timedelta(milliseconds=100000000000)),
        ("-100000000000", datetime(1970, 1, 1) - timedelta(milliseconds=100000000000)),
        ("0", datetime(1970, 1, 1)),
        ("1e400", None),
        ("999999999999999999", None),
        ("", None),
        ("2026", datetime(1970, 1, 1, 0, 33, 46)),
    ],
)
def test_epoch_times(engine: Engine, text: str, instant: datetime | None) -> None:
    assert engine.rows("SELECT instant_of_epoch(?)", [text]) == [(instant,)]
    assert UTC is not None


def test_deeply_nested_json_is_read(engine: Engine) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    assert engine.rows("SELECT is_present(CAST(? AS JSON)), text_of_json(CAST(? AS JSON))", [deep, deep]) == [(True, None)]
    assert engine.rows("SELECT length(canonical(?))", ['{"a": ' + deep + "}"])[0][0] > 0
