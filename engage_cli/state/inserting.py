"""Rows that Python has, into a table of the state: in a few statements, for each costs as much as hundreds of rows."""

from collections.abc import Sequence
from typing import Any

from engage_cli.engine.base import Engine

_AT_ONCE = 500
"""Rows in a statement: its text and its parameters stay small."""


def insert_rows(engine: Engine, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of one width; `into` is a constant: `INSERT INTO <table>` or `INSERT OR REPLACE INTO <table>`."""
    for begin in range(0, len(rows), _AT_ONCE):
        some = rows[begin : begin + _AT_ONCE]
        row = f"({', '.join('?' * len(some[0]))})"
        engine.execute(f"{into} VALUES {', '.join([row] * len(some))}", [value for one in some for value in one])
