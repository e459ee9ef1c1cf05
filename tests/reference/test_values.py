"""Readings of single values, from docs/values.md."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.reference.examples import utc
from tests.reference.values import Datum, Value, is_missing, read_boolean, read_instant, read_number, read_text

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")


def test_missing_is_null_or_empty_text_and_nothing_else() -> None:
    assert is_missing(None)
    assert is_missing("")
    present: list[Value] = [[], {}, 0, False, " ", "null"]
    assert not any(is_missing(value) for value in present)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a ", " a "),
        ("012", "012"),
        ("1e2", "1e2"),
        (12, "12"),
        (12.0, "12"),
        (0.50, "0.5"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e2, "100"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (0.1 + 0.2, "0.30000000000000004"),
        (12345678901234567890123, "12345678901234567890123"),
        (True, "true"),
        (False, "false"),
        (datetime(2026, 1, 5, 9, tzinfo=UTC), "2026-01-05T09:00:00Z"),
        (datetime(2026, 1, 5, 9, 0, 0, 250000, tzinfo=timezone(timedelta(hours=1))), "2026-01-05T08:00:00.25Z"),
        (date(2026, 1, 5), "2026-01-05"),
        ([], None),
        (["a"], None),
        ({"a": 1}, None),
        ("", None),
        (None, None),
    ],
)
def test_text(value: Value, text: str | None) -> None:
    assert read_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12.0),
        (12.5, 12.5),
        ("12", 12.0),
        ("012", 12.0),
        ("-0.5", -0.5),
        ("+3", 3.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        (9007199254740993, 9007199254740992.0),
        ("1,000", None),
        (" 12", None),
        ("12\n", None),
        ("0x1F", None),
        ("inf", None),
        ("nan", None),
        ("1_000", None),
        ("١٢", None),
        (".", None),
        ("1e400", None),
        (10**400, None),
        (True, None),
        ("true", None),
        ("", None),
        ([1], None),
    ],
)
def test_number(value: Value, number: float | None) -> None:
    assert read_number(value) == number


@pytest.mark.parametrize(
    ("value", "boolean"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        (1, None),
        ("1", None),
        ("yes", None),
        (" true", None),
    ],
)
def test_boolean(value: Value, boolean: bool | None) -> None:
    assert read_boolean(value) is boolean


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-07-05T09:00Z", "2026-07-05 09:00"),
        ("2026-07-05 09:00:30.250Z", "2026-07-05 09:00:30.25"),
        ("2026-07-05T09:00:30.1234569Z", "2026-07-05 09:00:30.123456"),
        ("2026-07-05T09:00+01:00", "2026-07-05 08:00"),
        ("2026-07-05T09:00+0530", "2026-07-05 03:30"),
        ("2026-07-05T09:00-04", "2026-07-05 13:00"),
        # Without an offset: the source's zone, here New York. A bare date: the project's, here London.
        ("2026-07-05T09:00", "2026-07-05 13:00"),
        ("2026-03-08 02:30", "2026-03-08 07:00"),
        ("2026-07-05", "2026-07-04 23:00"),
        (datetime(2026, 7, 5, 9, tzinfo=timezone(timedelta(hours=1))), "2026-07-05 08:00"),
        (date(2026, 7, 5), "2026-07-04 23:00"),
    ],
)
def test_instant(value: Value, instant: str) -> None:
    assert read_instant(Datum(value, NEW_YORK), LONDON) == utc(instant)


@pytest.mark.parametrize(
    "value",
    [
        *("2026-02-30", "2026-13-01", "2026-1-5", "05/01/2026", "2026-01-05T09", "2026-01-05T25:00", "2026-01-05T09:00:61", "0000-01-01"),
        *("2026-01-05T09:00 Z", " 2026-01-05", "2026-01-05x", "2026-01-05Z", "20260105", "today", "", "0001-01-01T00:00+14:00"),
        *(1767603600, 1767603600.5, True, None, ["2026-01-05"]),
    ],
)
def test_no_instant(value: Value) -> None:
    assert read_instant(Datum(value, NEW_YORK), LONDON) is None
