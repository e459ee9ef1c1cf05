"""SQL written by hand, run by chDB (ClickHouse as a library) on Parquet files."""

from datetime import datetime
from importlib import import_module
from typing import Any

from benchmarks.answers import Answer, answer_sql
from benchmarks.process import THREADS
from benchmarks.questions import Question
from benchmarks.rendering.sql import clickhouse_layout, question_sql
from benchmarks.systems.clock import Clock


def ask(questions: tuple[Question, ...], files: str, as_of: datetime) -> Clock:
    """Ask the questions of Parquet files with the raw columns; `files` is a glob."""
    clock = Clock()
    layout = clickhouse_layout(f"file('{files}', Parquet)", as_of)
    session: Any = import_module("chdb.session").Session()  # it has no types
    for setting in (f"max_threads = {THREADS}", "session_timezone = 'UTC'"):
        session.query(f"SET {setting}")
    for question in questions:
        session.query("DROP TABLE IF EXISTS answer")
        with clock.question(question.name):
            session.query(f"CREATE TABLE answer ENGINE = Memory AS {question_sql(question, layout, as_of)}")
        with clock.check():
            text = str(session.query(answer_sql("answer", whole="Int64"), "CSV"))
            clock.answers[question.name] = Answer(*map(int, text.split(",")))
    session.close()
    return clock
