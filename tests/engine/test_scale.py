"""Only what is needed is read, in little memory, whatever the size: by DuckDB's own account."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.connection import Connection
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import EventNeed, Needs
from tests.inputs.support import AS_OF, ZONE, columns, project, staged

HEAD = "'m' || i AS message_id, 'u' || (i % 1000) AS user_id"


@dataclass
class Scan:
    """What one statement read of Parquet: its columns, and how many bytes."""

    columns: set[str]
    bytes: int


def columns_read(profile: dict[str, Any]) -> set[str]:
    """The columns that the Parquet scans of a profile read."""
    found: set[str] = set()
    if "PARQUET" in str(profile.get("operator_name", "")):
        shown = profile["extra_info"].get("Projections", [])
        found |= {shown} if isinstance(shown, str) else set(shown)
    return found.union(*(columns_read(child) for child in profile.get("children", [])))


def scans_of(folder: Path, sources: str, needs: Needs, monkeypatch: pytest.MonkeyPatch) -> dict[str, Scan]:
    """What every statement of a staging that makes a table read, by the table's name."""
    found: dict[str, Scan] = {}
    plain, output = Connection.run, folder / "profile.json"

    def run(self: Connection, statement: str, parameters: Any = ()) -> Any:
        made = re.match(r'\s*CREATE (?:OR REPLACE )?(?:TEMP )?TABLE (?:"fresh"\.main\.)?"?(\w+)"?', statement)
        if made is None:
            return plain(self, statement, parameters)
        plain(self, "PRAGMA enable_profiling = 'json'")
        plain(self, f"PRAGMA profiling_output = '{output}'")
        result = plain(self, statement, parameters).fetchall()
        plain(self, "PRAGMA disable_profiling")
        profile = json.loads(output.read_text())
        found[made[1]] = Scan(columns_read(profile), profile["total_bytes_read"])
        return result

    monkeypatch.setattr(Connection, "run", run)
    read = project(folder, sources)
    with open_engine(folder, read.config.engine, ZONE) as engine:
        engine.stage(read.config.sources, needs)
    monkeypatch.undo()
    return found


def test_the_scan_of_a_wide_file_reads_the_needed_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ", ".join(f"md5(CAST(i + {number} AS VARCHAR)) AS wide_{number}" for number in range(20))
    rows = f"SELECT {HEAD}, CASE WHEN i < 100000 THEN 'Old' ELSE 'New' END AS event, TIMESTAMP '2026-01-01' + to_minutes(i) AS timestamp, {wide}"
    duckdb.sql(f"COPY ({rows} FROM range(200000) AS r(i)) TO '{tmp_path}/e.parquet' (FORMAT parquet, ROW_GROUP_SIZE 10000)")
    file_size = (tmp_path / "e.parquet").stat().st_size
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("New", "Old"), None, columns("wide_7:text")),))
    scans = scans_of(tmp_path, "  events: {path: e.parquet}\n", needs, monkeypatch)
    assert {name for name in scans["events"].columns if "wide_" in name} == {"wide_7"}
    assert not any("wide_" in name for table, scan in scans.items() if table != "events" for name in scan.columns)
    assert scans["events"].bytes < file_size / 8, "one wide column of twenty"


def test_a_property_of_a_struct_reads_that_field_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = f"SELECT {HEAD}, 'A' AS event, TIMESTAMP '2026-01-01' AS timestamp, {{'a': i, 'b': md5(CAST(i AS VARCHAR))}} AS properties"
    duckdb.sql(f"COPY ({rows} FROM range(50000) AS r(i)) TO '{tmp_path}/e.parquet'")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("A",), None, columns("a:number")),))
    scan = scans_of(tmp_path, "  events: {path: e.parquet}\n", needs, monkeypatch)["events"]
    assert {name for name in scan.columns if "properties" in name} == {"properties.a"}


def test_properties_are_not_read_where_nothing_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = f"SELECT {HEAD}, 'A' AS event, TIMESTAMP '2026-01-01' AS timestamp, '{{}}' AS properties"
    duckdb.sql(f"COPY ({rows} FROM range(50000) AS r(i)) TO '{tmp_path}/e.parquet'")
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("B",), None, columns("a:number")),))
    scans = scans_of(tmp_path, "  events: {path: e.parquet}\n", needs, monkeypatch)
    assert "user_id" in scans["users"].columns
    assert not any("properties" in name for table, scan in scans.items() if table != "events" for name in scan.columns)


def test_more_than_fits_into_memory_is_staged_all_the_same(tmp_path: Path) -> None:
    """Half a million events with long properties and copies, as Parquet and as lines, in half a gigabyte."""
    rows = f"SELECT {HEAD}, 'A' AS event, TIMESTAMP '2026-01-01' + to_seconds(i) AS timestamp, {{'t': repeat(md5(CAST(i AS VARCHAR)), 12)}} AS properties"
    duckdb.sql(f"COPY ({rows} FROM range(400000) AS r(i)) TO '{tmp_path}/e.parquet'")
    duckdb.sql(f"COPY ({rows} FROM range(300000, 500000) AS r(i)) TO '{tmp_path}/e.jsonl' (FORMAT json)")
    read = project(tmp_path, '  events: [{path: "e.parquet"}, {path: "e.jsonl"}]\n')
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("*",), None, columns("t:text")),), whole=frozenset({"*"}))
    with open_engine(tmp_path, EngineSettings("500MB", 2, "tmp"), ZONE) as engine:
        staging = engine.stage(read.config.sources, needs)
        assert (staging.events_read, staging.duplicates, staging.events_staged, staging.users) == (600_000, 100_000, 500_000, 1000)
        assert engine.rows('SELECT count(*), count(DISTINCT message_id), count("t:text") FROM events') == [(500_000, 500_000, 500_000)]
        assert engine.rows("SELECT count(*) > 0 FROM duckdb_temporary_files()") == [(True,)], "it did not fit"
    assert not (tmp_path / "tmp").exists()


def test_events_are_in_order(tmp_path: Path) -> None:
    rows = f"SELECT {HEAD}, 'E' || (i % 7) AS event, TIMESTAMP '2026-01-01' + to_seconds((i * 7919) % 100000) AS timestamp"
    duckdb.sql(f"COPY ({rows} FROM range(200000) AS r(i)) TO '{tmp_path}/e.parquet'")
    with staged(tmp_path, "  events: {path: e.parquet}\n") as (engine, _):
        assert engine.rows(
            "SELECT count(*) FROM (SELECT event_key, ts, message_id, lag(event_key) OVER w AS k, lag(ts) OVER w AS t, lag(message_id) OVER w AS m"
            " FROM fresh.events WINDOW w AS (ORDER BY rowid)) WHERE k IS NOT NULL AND (k, t) > (event_key, ts)"
        ) == [(0,)]
        assert engine.rows("SELECT event FROM event_names ORDER BY event_key") == [(f"E{number}",) for number in range(7)]
