"""States to be read by tests: each is attached to one database in memory that a process has, since opening another takes ten times as long."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

STATE = ".engage/state.duckdb"


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which the tables of a database file have their plain names. One at a time; nothing else may have the file open."""
    connection = _shared()
    connection.execute(f"ATTACH '{path}' AS read_now (READ_ONLY)")
    try:
        connection.execute("USE read_now")
        yield connection
    finally:
        connection.execute("USE memory")
        connection.execute("DETACH read_now")


def rows_of_state(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the state of a project."""
    with reading(folder / STATE) as connection:
        return connection.execute(query).fetchall()


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})
