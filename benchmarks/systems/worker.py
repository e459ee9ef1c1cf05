"""One system at one task in a process of its own: `python -m benchmarks.systems.worker '{"task": …}'`, for benchmarks.systems.call.

A library is imported by the task that uses it, so that none pays for another.
"""

import json
import sys
from datetime import datetime
from typing import Any

from benchmarks.questions import MIXES, Question
from benchmarks.systems.clock import Clock


def perform(task: str, **given: Any) -> Clock:
    """Do one task; `given` are its arguments as JSON has them. KeyError for an unknown task."""
    if task in ("make_store", "sort_parquet"):
        from benchmarks.systems import layouts

        return layouts.make_store(**given) if task == "make_store" else layouts.sort_parquet(**given)
    if task == "change_members":
        from benchmarks.systems.members import change_members

        return change_members(**given)
    if task == "resolve_identities":
        from benchmarks.systems.identities import resolve_identities

        return resolve_identities(**given)
    if task in ("move_positions", "tick_often"):
        from benchmarks.systems import ticks

        return ticks.move_positions(**given) if task == "move_positions" else ticks.tick_often(**given)
    if task in ("write_manifest", "copy_rows", "render_loop"):
        from benchmarks.systems import manifests

        return {"write_manifest": manifests.write_manifest, "copy_rows": manifests.copy_rows, "render_loop": manifests.render_loop}[task](
            **given
        )
    if task == "choose_recipients":
        from benchmarks.systems.broadcasts import choose_recipients

        return choose_recipients(**given)
    if task == "ask_texts":
        from benchmarks.systems.duckdb_queries import ask_texts

        return ask_texts(given["queries"], given["database"])
    return _ask(task, _questions(given["mix"], given["names"]), given["data"], datetime.fromisoformat(given["as_of"]))


def _ask(task: str, questions: tuple[Question, ...], data: str, as_of: datetime) -> Clock:
    match task:
        case "duckdb_store":
            from benchmarks.systems.duckdb_queries import ask_store

            return ask_store(questions, data, as_of)
        case "duckdb_parquet":
            from benchmarks.systems.duckdb_queries import ask_parquet

            return ask_parquet(questions, data, as_of)
        case "polars":
            from benchmarks.systems import polars_queries

            return polars_queries.ask(questions, data, as_of)
        case "chdb":
            from benchmarks.systems import chdb_queries

            return chdb_queries.ask(questions, data, as_of)
    raise KeyError(task)


def _questions(mix: str, names: list[str]) -> tuple[Question, ...]:
    return tuple(question for question in MIXES[mix].questions() if not names or question.name in names)


if __name__ == "__main__":
    print(json.dumps(perform(**json.loads(sys.argv[1])).report()))
