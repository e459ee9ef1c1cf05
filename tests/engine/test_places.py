"""Groupings of most of many users: a place for each of them in place of a hash table, the same answers, and only where that pays."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp, parse_one

from engage_cli.engine.connection import Connection
from engage_cli.engine.places import USUAL, Population, bytes_of
from engage_cli.sql.events import READS, Reads
from engage_cli.sql.functions import e_first, e_sum
from tests.support.product import members_of_all

USERS, EVENTS, DAYS = 60_000, 400_000, 400
AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
MADE = f"""
    SELECT 'm' || i AS message_id, 'u' || hash(i) % {USERS} AS user_id, CASE WHEN i % 3 = 0 THEN 'Bought' ELSE 'Viewed' END AS event,
        TIMESTAMP '2026-11-23' - to_minutes(CAST(i * 1440 * {DAYS} // {EVENTS} + 1 AS BIGINT)) AS timestamp,
        CASE WHEN hash(i) >> 32 & 1 = 0 THEN 'kind ' || i % 5 END AS kind, i % 97 / 4.0 AS price
    FROM range({EVENTS}) AS numbers(i)
"""
AUDIENCES = {
    "often": ("event: Viewed, count: {gte: 5}", "count(*) FILTER (event = 'Viewed') >= 5"),
    "never": ("event: Bought, never: true", "count(*) FILTER (event = 'Bought') = 0"),
    "on_days": ('event: "*", days: {gte: 7}', "count(DISTINCT CAST(timestamp AS DATE)) >= 7"),
    "on_days_of_a_year": (
        "event: Viewed, within: 300 days, days: {lte: 2}",
        "count(DISTINCT CAST(timestamp AS DATE)) FILTER (event = 'Viewed' AND timestamp > TIMESTAMP '2026-11-23' - INTERVAL 300 DAY) <= 2",
    ),
    "of_kinds": ("event: Viewed, unique: {property: kind, gte: 3}", "count(DISTINCT kind) FILTER (event = 'Viewed') >= 3"),
    "of_no_kind": ("event: Viewed, unique: {property: kind, eq: 0}", "count(DISTINCT kind) FILTER (event = 'Viewed') = 0"),
    "for_much": ("event: Bought, sum: {property: price, gt: 40}", "sum(price) FILTER (event = 'Bought') > 40"),
}


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The bits of the keys for which a place was allowed, by statement."""
    found: list[int] = []
    plain = Connection.places

    def places(self: Connection, bits: int) -> AbstractContextManager[None]:
        found.append(bits)
        return plain(self, bits)

    monkeypatch.setattr(Connection, "places", places)
    yield found


@pytest.mark.parametrize("memory", ["1GB", "120MB"])
def test_measures_of_many_users_are_those_of_plain_sql(memory: str, allowed: list[int], tmp_path: Path) -> None:
    duckdb.sql(f"COPY ({MADE}) TO '{tmp_path / 'events.parquet'}'")
    (tmp_path / "engage.yaml").write_text(
        f"project: p\nengine: {{memory_limit: {memory}, threads: 2}}\nsources: {{events: {{path: events.parquet}}}}\n"
    )
    (tmp_path / "campaigns").mkdir()
    texts = [f"audience: {name}\nmembers: {{{condition}}}\n" for name, (condition, _) in AUDIENCES.items()]
    (tmp_path / "campaigns/audiences.yaml").write_text("---\n".join(texts))
    found = members_of_all(tmp_path, AS_OF)
    for name, (_, having) in AUDIENCES.items():
        expected = duckdb.sql(f"SELECT user_id FROM ({MADE}) GROUP BY user_id HAVING {having}").fetchall()
        assert found[name] == sorted(user for (user,) in expected), name
        assert 0 < len(expected) < USERS, name
    assert any(bits > USUAL for bits in allowed)


MANY = Population(1_000_000, {1: 8_000_000, 2: 100_000}, datetime(2024, 11, 23, tzinfo=UTC), AS_OF, 4 << 30, 2)


def grouped(key: int | None, aggregate: exp.Expr, since: datetime | None = None) -> exp.Select:
    """A grouping of the events of a name, from an instant on."""
    query = exp.select("user_key", exp.alias_(aggregate, "x")).from_("events").group_by("user_key")
    query.meta[READS] = Reads(None if key is None else frozenset({key}), since, None)
    return query


COUNT = exp.Count(this=exp.Star())


def test_places_are_for_many_events_of_many_users_only() -> None:
    assert MANY.bits(grouped(1, COUNT)) == 20
    assert MANY.bits(grouped(None, COUNT)) == 20
    assert MANY.bits(grouped(2, COUNT)) == USUAL
    assert MANY.bits(grouped(1, COUNT, datetime(2026, 11, 20, tzinfo=UTC))) == USUAL
    few = Population(40_000, MANY.events, MANY.first, AS_OF, MANY.memory, MANY.threads)
    assert few.bits(grouped(1, COUNT)) == USUAL


def test_places_are_only_taken_where_their_memory_is_known_and_small() -> None:
    narrow = Population(MANY.users, MANY.events, MANY.first, AS_OF, 150 << 20, MANY.threads)
    assert narrow.bits(grouped(1, COUNT)) == USUAL
    assert MANY.bits(grouped(1, e_sum(exp.column("price")))) == 20
    assert MANY.bits(grouped(1, exp.ArrayAgg(this=exp.column("price")))) == USUAL
    assert MANY.bits(grouped(1, e_first(exp.column("price"), exp.column("ts"), exp.column("message_id")))) == USUAL
    assert MANY.bits(parse_one("SELECT user_key FROM users")) == USUAL


def test_amounts_of_memory_are_read_as_duckdb_writes_them() -> None:
    with duckdb.connect(config={"memory_limit": "1536MB"}) as connection:
        [setting] = connection.execute("SELECT current_setting('memory_limit')").fetchone() or [""]
    assert bytes_of(setting) == pytest.approx(1536e6, rel=0.05)
    assert bytes_of("512 bytes") == 512
