"""What new events cost where many are there already."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.data import Shape, write_appended
from benchmarks.measurements.fifty import different
from benchmarks.product import Build, Project
from benchmarks.questions import NINETY
from benchmarks.results import ENGAGE, Row, compared, of_build, of_cost, of_process
from benchmarks.setting import Setting, definitions
from benchmarks.systems.call import ask

NAMES = tuple(question.name for question in NINETY.questions())
FULL = f"{ENGAGE}, store rebuild and first build"
DAY = timedelta(days=1)


def one_per_cent(setting: Setting) -> list[Row]:
    """A build after one per cent of new events, beside making the store and the first build together."""
    return _after(setting, "one_per_cent", setting.history, setting.events // 100, "one per cent more")


def fifty_thousand(setting: Setting) -> list[Row]:
    """A build after 50,000 new events on a quarter of the history (its last half year) and on all of it.

    Events are equally dense in both, so that ninety days hold the same.
    """
    found, builds = [], {}
    for title, files in {"a quarter": setting.history[-(len(setting.history) // 4 or 1) :], "all": setting.history}.items():
        events = setting.events * len(files) // len(setting.history)
        rows = _after(setting, f"fifty_thousand: {events:,}", files, 50_000, "50,000 more")
        found += rows
        builds[title] = next(row for row in rows if row.system.endswith("50,000 more"))
    both = [replace(row, measurement="fifty_thousand", system=f"{ENGAGE}, {title}") for title, row in builds.items()]
    return found + compared(both, f"{ENGAGE}, a quarter")


def _after(setting: Setting, measurement: str, files: list[Path], more: int, title: str) -> list[Row]:
    """The store made, a first build, a build with nothing new, and one after `more` events of the next day, whose answers are checked."""
    data = setting.linked("growing", files)
    project = Project.make(setting.place("projects") / "growing", str(data / "*.parquet"), definitions())
    rebuilt = project.rebuild_store()
    first = project.build(setting.as_of, NAMES)
    nothing_new = project.build(setting.as_of + DAY / 24, NAMES)
    write_appended(Shape(setting.events, setting.users), data, 0, more)
    grown = project.build(setting.as_of + DAY, NAMES)
    by_hand = ask("duckdb_parquet", NINETY.name, data / "*.parquet", setting.as_of + DAY)
    rows = [
        _together(measurement, rebuilt.cpu if not rebuilt.failed else 0, first),
        of_process(measurement, f"{ENGAGE} store rebuild", rebuilt),
        of_build(measurement, f"{ENGAGE}, first build", first, _stages(first)),
        of_build(measurement, f"{ENGAGE}, nothing new", nothing_new, _stages(nothing_new)),
        of_build(measurement, f"{ENGAGE}, {title}", grown, _stages(grown)),
        of_cost(measurement, "hand-written SQL, Parquet", by_hand, f"{title}; to check the answers"),
    ]
    answers = {} if grown.usage.failed or by_hand.problem else {ENGAGE: project.answers(NAMES), "hand-written SQL": by_hand.answers}
    return compared(rows, FULL) + different(measurement, answers)


def _stages(build: Build) -> str:
    return ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in build.stages.items())


def _together(measurement: str, store: float, first: Build) -> Row:
    if first.usage.failed:
        return Row(measurement, FULL, problem=first.usage.problem)
    evaluating = None if first.evaluating is None else first.evaluating + store
    return Row(measurement, FULL, evaluating, first.usage.cpu + store, note="no event store" if not store else "")
