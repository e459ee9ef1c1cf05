"""Have a system do a task in its own process, and read back what it cost."""

import json
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.answers import Answer
from benchmarks.process import run


@dataclass(frozen=True, slots=True)
class Cost:
    """What a system cost. `cpu` and `wall` are seconds of the questions alone; `process` is seconds of processor of the whole process.

    The whole process also imports and connects; what checks answers is left out of all three. `peak_mib` is MiB of memory at
    the peak. `problem` says why there are no numbers.
    """

    cpu: float = 0
    wall: float = 0
    process: float = 0
    peak_mib: float = 0
    each: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    problem: str = ""


def call(task: str, **given: object) -> Cost:
    """Do a task of benchmarks.systems.worker."""
    usage = run([sys.executable, "-m", "benchmarks.systems.worker", json.dumps({"task": task, **given})])
    if usage.failed:
        return Cost(problem=usage.problem)
    said = json.loads(usage.output.strip().splitlines()[-1])
    answers = {name: Answer(*numbers) for name, numbers in said["answers"].items()}
    return Cost(said["cpu"], said["wall"], usage.cpu - said["checking"], said["peak_mib"], said["each"], answers)


def ask(system: str, mix: str, data: Path | str, as_of: datetime, names: tuple[str, ...] = ()) -> Cost:
    """Ask the questions of a mix, or those that are named. `system` is duckdb_store, duckdb_parquet, polars or chdb."""
    return call(system, mix=mix, names=list(names), data=str(data), as_of=as_of.isoformat())


def store_keys(database: Path) -> dict[str, int]:
    """The key of each event name in a database of the store's layout."""
    from benchmarks.systems.duckdb_queries import database_keys

    return database_keys(database)
