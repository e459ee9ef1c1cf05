"""Local times and UTC against Python's zoneinfo, to the microsecond, on both sides of every change."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlglot import exp

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.zones import changes
from engage_cli.sql import functions as f
from tests.reference.instants import utc_of_local

ZONES = [
    "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC",
    "America/Vancouver", "Africa/Casablanca", "Europe/Dublin", "Pacific/Kiritimati", "Etc/GMT+5",
]  # fmt: skip
NEAR = [timedelta(microseconds=offset) for offset in (-1, 0, 1)]
FAR = [timedelta(seconds=seconds) for seconds in (-86400, -7200, -3600, -1800, -900, 900, 1800, 3599, 3600, 86399, 86400)]


def moments(zone: str) -> list[datetime]:
    """Naive readings around every change of a zone, and some in between."""
    dice = random.Random(zone)
    found = [datetime(1800, 1, 1) + timedelta(seconds=dice.randrange(300 * 365 * 86400)) for _ in range(2000)]
    for change in changes(zone):
        for base in (change.at, change.at + change.before, change.at + change.after):
            found += [base + step for step in (*NEAR, *FAR)]
    return [moment for moment in found if moment.year <= 2100]


def asked(engine: Engine, zone: str, readings: list[datetime]) -> list[tuple[datetime, datetime, datetime, object]]:
    """Each reading with what it is locally (taken as UTC), in UTC (taken as local), and its local day."""
    engine.execute("CREATE OR REPLACE TEMP TABLE moments AS SELECT unnest(CAST(? AS TIMESTAMP[])) AS t", [readings])
    t = exp.column("t")
    parts = {"t": t, "local": f.e_local(t, zone), "utc": f.e_utc(t, zone), "day": f.e_day(t, zone)}
    return engine.rows(exp.select(*(exp.alias_(part, name) for name, part in parts.items())).from_("moments"))


@pytest.mark.parametrize("zone", ZONES)
def test_conversions_are_those_of_zoneinfo(engine: Engine, zone: str) -> None:
    info = ZoneInfo(zone)
    for moment, local, utc, day in asked(engine, zone, moments(zone)):
        expected = moment.replace(tzinfo=UTC).astimezone(info).replace(tzinfo=None)
        assert (local, day) == (expected, expected.date()), moment
        assert utc == utc_of_local(moment, info).replace(tzinfo=None), moment


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/London", "2026-03-29 01:30:00", "2026-03-29 01:00:00"),  # left out: the first instant after the gap
        ("Europe/London", "2026-10-25 01:30:00", "2026-10-25 00:30:00"),  # twice: the first
        ("Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03 15:30:00"),  # half an hour
        ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30 10:00:00"),  # a day that never was
    ],
)
def test_times_that_are_left_out_or_occur_twice(engine: Engine, zone: str, local: str, utc: str) -> None:
    assert [str(row[2]) for row in asked(engine, zone, [datetime.fromisoformat(local)])] == [utc]


def test_nothing_is_nothing(engine: Engine) -> None:
    missing = exp.cast(exp.null(), "TIMESTAMP")
    query = exp.select(exp.alias_(f.e_utc(missing, "Europe/London"), "x"), exp.alias_(f.e_local(missing, "Europe/London"), "y"))
    assert engine.rows(query) == [(None, None)]


def test_a_zone_first_used_in_a_transaction_that_rolls_back_is_there_afterwards(engine: Engine) -> None:
    noon = exp.cast(exp.Literal.string("2026-06-01 12:00:00"), "TIMESTAMP")
    query = exp.select(exp.alias_(f.e_local(noon, "Asia/Seoul"), "x"))
    with pytest.raises(ZeroDivisionError), engine.transaction():
        engine.rows(query)
        raise ZeroDivisionError
    assert [str(row[0]) for row in engine.rows(query)] == ["2026-06-01 21:00:00"]


def test_a_zone_first_used_after_the_seal_is_there(tmp_path: Path) -> None:
    noon = exp.cast(exp.Literal.string("2026-06-01 12:00:00"), "TIMESTAMP")
    with open_engine(tmp_path, EngineSettings("1GB", None, "tmp"), "UTC") as engine:
        engine.seal([])
        assert str(engine.rows(exp.select(exp.alias_(f.e_utc(noon, "Asia/Tokyo"), "x")))[0][0]) == "2026-06-01 03:00:00"
