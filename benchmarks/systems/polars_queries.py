"""Lazy queries of Polars on Parquet files, on its streaming engine."""

from datetime import datetime

import polars as pl

from benchmarks.answers import Answer
from benchmarks.questions import Question
from benchmarks.rendering.frames import question_frame
from benchmarks.systems.clock import Clock


def ask(questions: tuple[Question, ...], files: str, as_of: datetime) -> Clock:
    """Ask the questions of Parquet files with the raw columns; `files` is a glob."""
    clock = Clock()
    for question in questions:
        with clock.question(question.name):
            members = question_frame(question, pl.scan_parquet(files), as_of).collect(engine="streaming")
        with clock.check():
            clock.answers[question.name] = _answer(members)
    return clock


def _answer(members: pl.DataFrame) -> Answer:
    """The sums of benchmarks.answers.answer_sql."""
    mixed = (members["user_id"].str.slice(1).cast(pl.Int64) * 2654435761 + 12345) % 4294967291
    return Answer(members.height, int(mixed.sum()), int(((mixed * (mixed % 251)) % 1000003).sum()))
