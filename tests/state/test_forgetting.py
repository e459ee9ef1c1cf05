"""Every table of the state that has people's rows is purged of somebody who was forgotten."""

import pytest

from engage_cli.definitions.forgotten import STATE_ID, Forgotten, hash_of
from engage_cli.state.forgetting import is_purged, purge, rows_of
from tests.state.support import Project, at, audience

NOBODY_S = {
    *("revision", "run", "input_file", "audience_clock", "run_file", "member_file", "pending", "sync", "forgotten", "migration"),
    *("journey", "journey_version", "journey_hand", "journey_pause", "seen_event", "trait_clock", "template_edition", "broadcast"),
}
"""The tables that no person has a row in."""
ANA = Forgotten({STATE_ID: frozenset({hash_of("ana")})})
IDS = {"user_id", "alias", "subject_id", "instance"}
VALUES = {"VARCHAR": "'{}'", "INTEGER": "1", "BIGINT": "1", "TIMESTAMP": "TIMESTAMP '2026-11-20'", "BOOLEAN": "TRUE"}


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path / "project", audience("vip", sync=["crm"]))
    project.run(at(10), {"vip": ["ana", "ben"]})
    return project


def columns_of(state) -> dict[str, dict[str, str]]:
    rows = state.engine.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'state' ORDER BY column_index"
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def test_each_table_has_rows_of_people_or_of_nobody(project):
    with project.state() as state:
        tables = columns_of(state)
        personal = {table for table, columns in tables.items() if IDS & columns.keys()}
        assert tables.keys() == NOBODY_S | personal
        assert not NOBODY_S & personal


def test_a_row_of_theirs_in_any_table_goes_and_those_of_others_stay(project):
    with project.state() as state:
        engine = state.engine
        tables = {name: columns for name, columns in columns_of(state).items() if IDS & columns.keys()}
        for table, columns in tables.items():
            for user, instance in (("ana", 101), ("ben", 102)):
                own = {
                    "user_id": f"'{user}'",
                    "alias": f"'{user}-before'",
                    "subject_id": f"'{user}'",
                    "instance": str(instance),
                    "audience": "'none'",
                    "source": "'none'",
                }
                values = [own.get(name, VALUES.get(kind, f"CAST(NULL AS {kind})")) for name, kind in columns.items()]
                values = [value.replace('CAST(NULL AS MAP(VARCHAR, STRUCT("value" JSON, since TIMESTAMP)))', "MAP {}") for value in values]
                values = [value.replace("CAST(NULL AS VARCHAR[])", "CAST([] AS VARCHAR[])") for value in values]
                engine.execute(f"INSERT INTO state.main.{table} VALUES ({', '.join(values)})")
        before = rows_of(state, ANA)
        assert before.keys() == tables.keys()
        assert not is_purged(state, ANA)
        assert purge(state, ANA)
        assert rows_of(state, ANA) == {}
        assert is_purged(state, ANA)
        assert rows_of(state, Forgotten({STATE_ID: frozenset({hash_of("ben")})})).keys() == tables.keys()
        assert "ana" not in repr([engine.rows(f"SELECT * FROM state.main.{table}") for table in tables])
        assert not purge(state, ANA)
