"""Data of unusual shape: one user with a million events, and events with sixty properties."""

from dataclasses import replace

from benchmarks.columns import WIDE, WIDE_KEYS
from benchmarks.data import Shape, write_history
from benchmarks.measurements.fifty import different, measure_questions
from benchmarks.measurements.sequences import sequences
from benchmarks.product import Project
from benchmarks.rendering.wide import wide_sql, wide_yaml
from benchmarks.results import BY_HAND, ENGAGE, Row, cheapest, compared, of_build, of_cost, of_process
from benchmarks.setting import PROPERTIES, Setting
from benchmarks.systems.call import call, store_keys


def heavy(setting: Setting) -> list[Row]:
    """The lifetime mix and the sequences where one user has a million of at most five million events."""
    events = min(setting.events, 5_000_000)
    odd = replace(setting, events=events, users=setting.users * events // setting.events, heavy=min(1_000_000, events // 2))
    rows = [of_process("heavy: ingest", f"{ENGAGE} store rebuild", odd.store)]
    rows += measure_questions(odd, "heavy: fifty_lifetime", "lifetime", by_hand_alone=True)
    return rows + sequences(odd, "heavy: sequences")


def wide(setting: Setting) -> list[Row]:
    """The store with sixty properties that audiences ask for, and an audience on each of 55; at most two million events."""
    shape = Shape(min(setting.events, 2_000_000), min(setting.users, 100_000), WIDE)
    files = str(write_history(shape, setting.place(f"wide-{shape.events}-{shape.users}"), 4)[0].parent / "events-*.parquet")
    database = setting.place("by-hand") / "wide.duckdb"
    made = call("make_store", files=files, database=str(database), properties=PROPERTIES + WIDE_KEYS)
    project = Project.make(setting.place("projects") / "wide", files, [wide_yaml(key) for key in WIDE_KEYS])
    rebuilt = project.rebuild_store()
    ingested = [of_process("wide: ingest", f"{ENGAGE} store rebuild", rebuilt), of_cost("wide: ingest", BY_HAND, made, "checks nothing")]
    if made.problem:
        return ingested
    keys = store_keys(database)
    by_hand = call("ask_texts", queries={f"wide_{key}": wide_sql(key, keys, setting.as_of) for key in WIDE_KEYS}, database=str(database))
    dry = cheapest([project.build(setting.as_of, dry_run=True) for _ in range(setting.repeat)])
    real = project.build(setting.as_of)
    answers = {} if by_hand.problem else {BY_HAND: by_hand.answers}
    if not real.usage.failed:
        answers[ENGAGE] = project.answers([f"wide_{key}" for key in WIDE_KEYS])
    rows = [of_build("wide", ENGAGE, dry, "--dry-run"), of_cost("wide", BY_HAND, by_hand)]
    return compared(ingested, BY_HAND) + compared(rows, BY_HAND) + different("wide", answers)
