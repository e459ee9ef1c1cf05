"""Every audience of the demo project against a hand-written query over the same files (demo_queries/)."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pytest

from tests.support.product import members_of_all

ROOT = Path(__file__).parent.parent
QUERIES = Path(__file__).parent / "demo_queries"
AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
NAMES = sorted(path.stem for path in QUERIES.glob("[a-z]*.sql"))


@cache
def built() -> dict[str, list[str]]:
    return members_of_all(ROOT, AS_OF)


@cache
def by_hand() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET file_search_path = '{ROOT}'")
    connection.execute((QUERIES / "_prelude.sql").read_text())
    return connection


def test_every_audience_has_a_query() -> None:
    assert NAMES == sorted(built())


@pytest.mark.parametrize("name", NAMES)
def test_members_are_those_of_the_query(name: str) -> None:
    rows = by_hand().execute((QUERIES / f"{name}.sql").read_text()).fetchall()
    assert built()[name] == sorted(user for (user,) in rows)
    assert rows
