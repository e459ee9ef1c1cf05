"""A store that grew by a hundred daily files, each taken in by its own run, beside one that was made at once."""

from datetime import timedelta

from benchmarks.data import Shape, write_appended
from benchmarks.measurements.growth import NAMES
from benchmarks.product import Project
from benchmarks.results import ENGAGE, Row, cheapest, compared, of_build, of_process
from benchmarks.setting import Setting, definitions

AT_ONCE = f"{ENGAGE}, store made at once"


def hundred_appends(setting: Setting) -> list[Row]:
    """The runs that take in a file each, then the fifty audiences on both stores. The history is the last quarter."""
    name = "hundred_appends"
    data = setting.linked("appending", setting.history[-(len(setting.history) // 4 or 1) :])
    project = Project.make(setting.place("projects") / "appending", str(data / "*.parquet"), definitions())
    made = project.rebuild_store()
    note = "no event store" if made.failed else ""
    daily = []
    for day in range(setting.appends):
        write_appended(Shape(setting.events, setting.users), data, day, max(1, setting.events // 400))
        daily.append(project.build(setting.as_of + timedelta(days=day + 1), NAMES[:1]))
        if daily[-1].usage.failed:
            return [of_build(name, f"{ENGAGE}, day {day}", daily[-1], note)]
    end = setting.as_of + timedelta(days=setting.appends, hours=1)
    grown = cheapest([project.build(end, NAMES, dry_run=True) for _ in range(setting.repeat)])
    rebuilt = project.rebuild_store()
    at_once = cheapest([project.build(end, NAMES, dry_run=True) for _ in range(setting.repeat)])
    rows = [
        of_build(name, f"{ENGAGE}, the first of {len(daily)} appends", daily[0], note),
        of_build(name, f"{ENGAGE}, the last of {len(daily)} appends", daily[-1], note),
        _sum(name, [build.usage.cpu for build in daily], [build.usage.wall for build in daily]),
        of_process(name, f"{ENGAGE} store rebuild, all files", rebuilt),
        of_build(name, f"{ENGAGE}, store grown by appends", grown, note),
        of_build(name, AT_ONCE, at_once, note),
    ]
    if grown.sizes != at_once.sizes and not (grown.usage.failed or at_once.usage.failed):
        rows.append(Row(name, "ANSWERS DIFFER", problem=f"sizes by appends {grown.sizes}, at once {at_once.sizes}"))
    return compared(rows, AT_ONCE)


def _sum(name: str, cpu: list[float], wall: list[float]) -> Row:
    return Row(name, f"{ENGAGE}, all {len(cpu)} appends", process=sum(cpu), wall=sum(wall))
