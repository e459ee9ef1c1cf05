"""Users and their traits: the universe, snapshots and change logs, several sources, ties."""

import csv
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.errors import DataError
from tests.engine.canonical import profile_hash
from tests.inputs.support import columns, event, staged, write_lines


def write_csv(path: Path, *rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def users(engine: Engine) -> list[tuple[int, str]]:
    return engine.rows("SELECT user_key, user_id FROM users ORDER BY user_key")


def traits(engine: Engine, *names: str) -> dict[str, tuple[Any, ...]]:
    """The named columns of everybody with a profile."""
    chosen = [exp.column(exp.to_identifier(name, quoted=True), table="t") for name in names]
    query = exp.select("u.user_id", *chosen).from_("traits AS t").join("users AS u", using="user_key")
    return {row[0]: row[1:] for row in engine.rows(query)}


def test_everybody_who_is_named_by_as_of_is_a_user(tmp_path: Path) -> None:
    write_lines(tmp_path / "events.jsonl", [event("m1", "event"), event("m2", "future event", at="2026-12-01")])
    write_csv(tmp_path / "profiles.csv", ["user_id", "plan"], ["snapshot", "pro"], ["", "nobody"])
    write_csv(tmp_path / "log.csv", ["user_id", "at", "plan"], ["logged", "2026-11-01", "x"], ["logged later", "2026-12-01", "x"])
    write_csv(tmp_path / "memberships.csv", ["user_id", "account_id"], ["member", "a1"], ["snapshot", "a1"])
    write_csv(
        tmp_path / "consents.csv",
        ["user_id", "channel", "status", "updated_at"],
        ["consented", "email", "subscribed", "2026-11-01"],
        ["consented later", "email", "subscribed", "2026-11-23T10:00:01Z"],
        ["consented ever", "email", "subscribed", ""],
        ["consented when", "email", "subscribed", "soon"],
    )
    sources = (
        "  events: {path: events.jsonl}\n"
        "  profiles: [{path: profiles.csv}, {path: log.csv, columns: {user_id: user_id, timestamp: at}}]\n"
        "  memberships: {path: memberships.csv}\n  consents: {path: consents.csv}\n"
    )
    with staged(tmp_path, sources) as (engine, staging):
        names = ["consented", "consented ever", "event", "logged", "member", "snapshot"]
        assert sorted(user for _, user in users(engine)) == names
        assert staging.users == len(names)
        assert {(reject.path, reject.reason) for reject in staging.rejects} == {
            ("profiles.csv", "no user_id"),
            ("consents.csv", "the timestamp cannot be read"),
        }


def test_everybody_has_a_key_of_their_own(tmp_path: Path) -> None:
    ids = ["b", "B", "a", "ä", "10", "9", "名", "~", " x"]
    write_csv(tmp_path / "p.csv", ["user_id"], *([user] for user in ids))
    with staged(tmp_path, "  profiles: {path: p.csv}\n") as (engine, _):
        assert sorted(user for _, user in users(engine)) == sorted(ids)
        assert sorted(key for key, _ in users(engine)) == list(range(len(ids)))


def test_a_snapshot_gives_its_values(tmp_path: Path) -> None:
    write_csv(tmp_path / "p.csv", ["uid", "mail", "plan", "tags"], ["ana", "a@x", "pro", '["x", "y"]'], ["ben", "", "", ""])
    names = ("mail:text", "plan:present", "tags:elements", "nothing:number", "uid:text")
    with staged(tmp_path, "  profiles: {path: p.csv, columns: {user_id: uid}}\n", traits=columns(*names)) as (engine, staging):
        assert traits(engine, *names) == {
            "ana": ("a@x", True, ['"x"', '"y"'], None, None),
            "ben": (None, None, None, None, None),
        }
        assert {path.text for path in staging.catalog.trait_lists} == {"tags"}


LOG = "  profiles: {path: log.csv, columns: {user_id: user_id, timestamp: at}}\n"


def test_a_change_log_gives_the_last_value_of_each_trait_by_as_of(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "log.csv",
        ["user_id", "at", "plan", "city", "address"],
        ["ana", "2026-11-01T09:00:00Z", "free", "Rome", '{"zip": "1"}'],
        ["ana", "2026-11-03T09:00:00Z", "", "Paris", ""],
        ["ana", "2026-11-02T09:00:00Z", "pro", "", '{"street": "x"}'],
        ["ana", "2026-11-23T10:00:00.000001Z", "late", "late", ""],
        ["ben", "2026-11-23T10:00:00Z", "now", "", ""],
    )
    names = ("plan:text", "city:text", "address.zip:text", "address.street:text", "at:text")
    with staged(tmp_path, LOG, traits=columns(*names)) as (engine, staging):
        assert traits(engine, *names) == {"ana": ("pro", "Paris", None, "x", None), "ben": ("now", None, None, None, None)}
        assert staging.repeated_profiles == 0


def test_the_last_value_counts_even_where_it_does_not_read(tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", ["user_id", "at", "n"], ["ana", "2026-11-01", "5"], ["ana", "2026-11-02", "unknown"])
    with staged(tmp_path, LOG, traits=columns("n:number", "n:text")) as (engine, _):
        assert traits(engine, "n:number", "n:text") == {"ana": (None, "unknown")}


def test_a_snapshot_stands_before_everything_in_a_log(tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", ["user_id", "at", "plan", "city"], ["ana", "0001-01-01T00:00:00Z", "log", ""])
    write_csv(tmp_path / "snapshot.csv", ["user_id", "plan", "city"], ["ana", "snapshot", "Rome"])
    sources = "  profiles: [{path: log.csv, columns: {user_id: user_id, timestamp: at}}, {path: snapshot.csv}]\n"
    with staged(tmp_path, sources, traits=columns("plan:text", "city:text")) as (engine, staging):
        assert traits(engine, "plan:text", "city:text") == {"ana": ("log", "Rome")}
        assert staging.repeated_profiles == 0


@pytest.mark.parametrize("dated", [True, False])
def test_among_equal_instants_the_greatest_row_hash_counts(dated: bool, tmp_path: Path) -> None:
    instant = datetime(2026, 11, 1, tzinfo=UTC) if dated else None
    rows = [{"plan": plan, "n": number} for plan, number in itertools.product(["a", "b", "c"], [1, 2])]
    last = max(rows, key=lambda row: profile_hash("ana", instant, row))
    for number, order in enumerate((rows, rows[::-1])):
        write_csv(
            tmp_path / str(number) / "log.csv",
            ["user_id", "at", "plan", "n"],
            *(["ana", "2026-11-01", row["plan"], row["n"]] for row in order),
        )
        source = LOG if dated else "  profiles: {path: log.csv, columns: {user_id: user_id}}\n"
        if not dated:
            write_csv(tmp_path / str(number) / "log.csv", ["user_id", "plan", "n"], *(["ana", row["plan"], row["n"]] for row in order))
        with staged(tmp_path / str(number), source.replace("2026-11-01", "2026-11-01"), traits=columns("plan:text", "n:number")) as (
            engine,
            staging,
        ):
            expected = {"ana": (last["plan"], float(last["n"]))}
            if dated and number == 0:
                # A bare date is the first instant of the day in the project's zone, which is UTC in November.
                assert profile_hash("ana", instant, last)
            assert traits(engine, "plan:text", "n:number") == expected
            assert staging.repeated_profiles == (0 if dated else 1)


def test_several_sources_of_several_formats_are_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["user_id", "plan"], ["ana", "pro"])
    write_lines(tmp_path / "b.jsonl", [{"user_id": "ben", "plan": "free", "age": 30, "address": {"city": "Rome"}}])
    duckdb.sql(
        f"COPY (SELECT 'eve' AS user_id, 41 AS age, DATE '1990-02-28' AS born, {{'city': 'Oslo'}} AS address) TO '{tmp_path}/c.parquet'"
    )
    names = ("plan:text", "age:number", "age:text", "address.city:text", "born:instant")
    sources = "  profiles: [{path: a.csv}, {path: b.jsonl}, {path: c.parquet}]\n"
    with staged(tmp_path, sources, traits=columns(*names)) as (engine, _):
        assert traits(engine, *names) == {
            "ana": ("pro", None, None, None, None),
            "ben": ("free", 30.0, "30", "Rome", None),
            "eve": (None, 41.0, "41", "Oslo", datetime(1990, 2, 28)),
        }


def test_users_limits_events_and_traits_but_not_the_universe(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1", "ana"), event("m2", "ben"), event(None, "ben")])
    write_csv(tmp_path / "p.csv", ["user_id", "plan"], ["ana", "pro"], ["ben", "free"], ["ben", "pro"])
    sources = "  events: {path: e.jsonl}\n  profiles: {path: p.csv}\n"
    with staged(tmp_path, sources, traits=columns("plan:text"), users=frozenset({"ana"})) as (engine, staging):
        assert [user for _, user in users(engine)] == ["ana", "ben"]
        assert (staging.events_staged, list(traits(engine, "plan:text"))) == (1, ["ana"])
    with staged(tmp_path, sources, traits=columns("plan:text"), users=frozenset()) as (engine, staging):
        assert (staging.events_staged, traits(engine, "plan:text")) == (0, {})


def test_without_sources_everything_is_empty_and_has_its_shape(tmp_path: Path) -> None:
    names = columns("a:text", "a:number", "a:boolean", "a:instant", "a:present", "a:elements", "a:value")
    write_csv(tmp_path / "m.csv", ["user_id", "account_id"])
    with staged(tmp_path, "  memberships: {path: m.csv}\n", events=names, traits=names) as (engine, _):
        for table in ("events", "traits"):
            assert engine.rows(f"SELECT count(*) FROM {table}") == [(0,)]
            types = dict(engine.rows(f"SELECT column_name, column_type FROM (DESCRIBE {table})"))
            assert types.items() >= {
                "a:text": "VARCHAR", "a:number": "DOUBLE", "a:boolean": "BOOLEAN", "a:instant": "TIMESTAMP", "a:present": "BOOLEAN",
                "a:elements": "JSON[]", "a:value": "JSON", "user_key": "INTEGER",
            }.items()  # fmt: skip


@pytest.mark.parametrize("kind", ["profiles", "memberships", "consents"])
def test_a_file_that_names_no_users_is_an_error(kind: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ["userid", "plan"], ["ana", "pro"])
    with pytest.raises(DataError, match=r"engage\.yaml:4:\d+: `x\.csv` has no column `user_id`; it has `userid`, `plan`") as raised:
        with staged(tmp_path, f"  {kind}: {{path: x.csv}}\n"):
            pass
    assert "`userid`" in (raised.value.hint or "")


def test_a_mapped_column_that_is_nowhere_is_an_error(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ["user_id", "event", "timestamp", "uuid"], ["ana", "A", "2026-11-01", "m1"])
    with pytest.raises(DataError, match=r"no column `uid` \(which `columns` maps to `id`\)") as raised:
        with staged(tmp_path, "  events: {path: x.csv, columns: {id: uid}}\n"):
            pass
    assert "`uuid`" in (raised.value.hint or "")


def test_a_log_without_an_instant_rejects_the_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", ["user_id", "at", "plan"], ["ana", "", "pro"], ["ben", "2026-11-01", "pro"], ["eve", "whenever", "pro"])
    with staged(tmp_path, LOG, traits=columns("plan:text")) as (engine, staging):
        assert traits(engine, "plan:text") == {"ben": ("pro",)}
        assert {(reject.reason, reject.first_row) for reject in staging.rejects} == {
            ("no timestamp", 2),
            ("the timestamp cannot be read", 4),
        }


def test_an_epoch_instant_in_a_log_of_lines(tmp_path: Path) -> None:
    rows = [{"user_id": 7, "timestamp": 1793527200, "plan": "old"}, {"user_id": 7, "timestamp": 1793527200001, "plan": "new"}]
    write_lines(tmp_path / "log.jsonl", rows)
    source = "  profiles: {path: log.jsonl, columns: {user_id: user_id, timestamp: timestamp}}\n"
    with staged(tmp_path, source, traits=columns("plan:text", "timestamp:text")) as (engine, _):
        assert traits(engine, "plan:text", "timestamp:text") == {"7": ("new", None)}
