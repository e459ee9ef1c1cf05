"""SQL written by hand, run by DuckDB: on Parquet files, and on the store's layout."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.answers import Answer, answer_sql
from benchmarks.process import THREADS
from benchmarks.questions import Question
from benchmarks.rendering.sql import Layout, question_sql, raw_layout, store_layout
from benchmarks.systems.clock import Clock


def ask_parquet(questions: tuple[Question, ...], files: str, as_of: datetime) -> Clock:
    """Ask the questions of Parquet files with the raw columns; `files` is a glob."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        return _ask(connection, questions, raw_layout(f"read_parquet('{files}')", as_of), as_of)


def ask_store(questions: tuple[Question, ...], database: str, as_of: datetime) -> Clock:
    """Ask the questions of a database in the layout of the event store."""
    with duckdb.connect(database, read_only=True, config={"threads": THREADS}) as connection:
        return _ask(connection, questions, store_layout(event_keys(connection)), as_of)


def ask_texts(queries: Mapping[str, str], database: str) -> Clock:
    """Ask queries that are already written, each a SELECT of `user_id`."""
    clock = Clock()
    with duckdb.connect(database, read_only=True, config={"threads": THREADS}) as connection:
        for name, query in queries.items():
            _ask_one(connection, clock, name, query)
    return clock


def event_keys(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The key of each event name, which a person would look up once and write into the query."""
    return dict(connection.execute("SELECT event, event_key FROM event_names").fetchall())


def database_keys(database: Path) -> dict[str, int]:
    """The same, of a database file."""
    with duckdb.connect(database, read_only=True) as connection:
        return event_keys(connection)


def _ask(connection: duckdb.DuckDBPyConnection, questions: tuple[Question, ...], layout: Layout, as_of: datetime) -> Clock:
    clock = Clock()
    for question in questions:
        _ask_one(connection, clock, question.name, question_sql(question, layout, as_of))
    return clock


def _ask_one(connection: duckdb.DuckDBPyConnection, clock: Clock, name: str, query: str) -> None:
    with clock.question(name):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {query}")
    with clock.check():
        row = connection.execute(answer_sql("answer")).fetchone()
        assert row is not None
        clock.answers[name] = Answer(*row)
