"""States as earlier versions of the schema had them: made by the migrations of that time, with the rows of a state of today as far as its
tables and columns went."""

from pathlib import Path

from engage_cli.state.migrations import MIGRATIONS
from engage_cli.state.store import open_state
from tests.state.engine import make_engine

FIRST_WITH_JOURNEYS = 4


def make_earlier(newest: Path, path: Path, version: int) -> None:
    """Make the state at `path` in an earlier version, with what the state file `newest` knows that it had a place for."""
    with make_engine(path.parent) as engine:
        state = open_state(engine, path, tool_version="1.0.0", migrations=MIGRATIONS[:version])
        engine.attach(newest, "newest", read_only=True)
        for table, columns in engine.rows(_COMMON):
            listed = ", ".join(f'"{column}"' for column in columns)
            engine.execute(f"DELETE FROM state.main.{table}")
            engine.execute(f"INSERT INTO state.main.{table} ({listed}) SELECT {listed} FROM newest.main.{table} ORDER BY rowid")
        engine.detach("newest")
        state.close()


_COMMON = """
    SELECT table_name, list(e.column_name ORDER BY e.column_index) FROM duckdb_columns() AS e
    JOIN duckdb_columns() AS n USING (table_name, column_name)
    WHERE e.database_name = 'state' AND n.database_name = 'newest' AND table_name <> 'migration'
    GROUP BY table_name ORDER BY table_name
"""
