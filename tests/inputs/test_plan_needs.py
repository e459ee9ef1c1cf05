"""Only what a plan needs is read and staged, by the engine's own account."""

import json
from pathlib import Path

import duckdb

from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import EventNeed, Needs
from tests.inputs.support import AS_OF, ZONE, columns, event, event_rows, project, staged, write_lines


def test_every_event_by_the_instant_is_staged_whatever_is_needed(tmp_path: Path) -> None:
    rows = [event("m1", name="A", at="2026-11-20"), event("m2", name="A", at="2026-01-01"), event("m3", "ben", name="B", at="2026-11-24")]
    write_lines(tmp_path / "e.jsonl", rows)
    read = project(tmp_path, "  events: {path: e.jsonl}\n")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("A",), AS_OF.replace(month=11, day=1), frozenset()),))
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        staging = engine.stage(read.config.sources, needs)
        assert [row[3] for row in event_rows(engine)] == ["m1", "m2"]
        assert engine.rows("SELECT user_id FROM users ORDER BY user_id") == [("ana",)]
        assert (staging.events_staged, staging.future_events) == (2, 1)


def test_a_scan_of_wide_parquet_reads_the_needed_columns_alone(tmp_path: Path) -> None:
    wide = ", ".join(f"range AS wide_{number}" for number in range(60))
    duckdb.sql(
        f"COPY (SELECT 'm' || range AS message_id, 'u' || range AS user_id, 'A' AS event, TIMESTAMP '2026-11-01' AS timestamp, {wide}"
        f" FROM range(5000)) TO '{tmp_path}/e.parquet' (FORMAT parquet)"
    )
    read = project(tmp_path, "  events: {path: e.parquet}\n")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("A",), None, columns("wide_7:number")),))
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        scanned = _scanned_columns(engine, read, needs, profiles)
    assert "wide_7" in scanned
    assert not {name for name in scanned if name.startswith("wide_")} - {"wide_7"}


def _scanned_columns(engine, read, needs, folder: Path) -> set[str]:  # type: ignore[no-untyped-def]
    """The columns that Parquet scans read while staging, from the profile of every statement."""
    connection = engine._connection
    original = connection.run
    found: set[str] = set()
    profile = folder / "profile.json"
    connection.run("PRAGMA enable_profiling = 'json'")
    connection.run(f"PRAGMA profiling_output = '{profile}'")

    def run(statement, parameters=()):  # type: ignore[no-untyped-def]
        result = original(statement, parameters)
        if profile.exists() and profile.stat().st_size:
            _collect(json.loads(profile.read_text()), found)
        return result

    connection.run = run
    engine.stage(read.config.sources, needs)
    return found


def _collect(node: object, found: set[str]) -> None:
    if isinstance(node, dict):
        if "PARQUET" in str(node.get("operator_name", "")).upper():
            shown = node.get("extra_info", {}).get("Projections", [])
            found.update([shown] if isinstance(shown, str) else shown)
        for child in node.get("children", []):
            _collect(child, found)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    write_lines(tmp_path / "e.jsonl", [event("m1")])
    with staged(tmp_path, "  events: {path: e.jsonl}\n"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["e.jsonl"]


def test_a_sort_that_does_not_fit_the_memory_spills(tmp_path: Path) -> None:
    duckdb.sql(
        "COPY (SELECT 'm' || range AS message_id, 'u' || (range % 50000) AS user_id, 'Event ' || (range % 7) AS event,"
        " TIMESTAMP '2026-01-01' + to_seconds((range * 7919) % 20000000) AS timestamp, md5(range::VARCHAR) AS note"
        f" FROM range(1500000)) TO '{tmp_path}/e.parquet' (FORMAT parquet)"
    )
    read = project(tmp_path, "  events: {path: e.parquet}\nengine: {memory_limit: 250MB, threads: 2}\n")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("*",), None, columns("note:text")),))
    with open_engine(tmp_path, read.config.engine, ZONE) as engine:
        staging = engine.stage(read.config.sources, needs)
        assert staging.events_staged == 1500000
    assert not (tmp_path / ".engage" / "tmp").exists()
