"""A hundred million events of five million users with 1 GB of memory for the engine: whether it goes through, and what it takes."""

from dataclasses import replace

from benchmarks.product import Project
from benchmarks.questions import MIXES
from benchmarks.results import BY_HAND, ENGAGE, Row, compared, of_build, of_cost, of_process
from benchmarks.setting import PROPERTIES, Setting, definitions
from benchmarks.systems.call import call


def hundred_million(setting: Setting) -> list[Row]:
    """Making the store, then the fifty audiences of each mix. `peak_mib` is of the whole process."""
    large = replace(setting, events=100_000_000, users=5_000_000, files=50)
    project = Project.make(large.place("projects") / "hundred_million", large.parquet, definitions(), memory="1GB")
    trial = large.place("trial") / "store.duckdb"
    by_hand = call("make_store", files=large.parquet, database=str(trial), properties=PROPERTIES, memory="1GB")
    trial.unlink(missing_ok=True)
    ingested = [
        of_process("hundred_million: ingest", f"{ENGAGE} store rebuild", project.rebuild_store(), "memory_limit: 1GB"),
        of_cost("hundred_million: ingest", BY_HAND, by_hand, "checks nothing; memory_limit: 1GB"),
    ]
    rows = compared(ingested, BY_HAND)
    for name, mix in MIXES.items():
        build = project.build(setting.as_of, [question.name for question in mix.questions()], dry_run=True)
        rows.append(of_build("hundred_million", f"{ENGAGE}, fifty {name}", build, "--dry-run; memory_limit: 1GB"))
    return rows
