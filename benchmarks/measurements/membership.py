"""A build in which a million memberships change: half of the users leave an audience, and the others enter it."""

from datetime import timedelta

from benchmarks.product import Project
from benchmarks.results import BY_HAND, ENGAGE, Row, compared, of_build, of_cost
from benchmarks.setting import Setting
from benchmarks.systems.call import call

_DRAWN = "{random: {percent: 50, salt: benchmark}}"


def membership(setting: Setting) -> list[Row]:
    """A first build with half of the users, and a second with the others, which changes everybody."""
    folder = setting.place("projects") / "membership"
    project = Project.make(folder, setting.parquet, [f"audience: half\nmembers: {_DRAWN}\n"])
    project.rebuild_store()
    entered = project.build(setting.as_of)
    (folder / "campaigns" / "audiences" / "benchmark.yaml").write_text(f"audience: half\nmembers: {{not: {_DRAWN}}}\n")
    changed = project.build(setting.as_of + timedelta(hours=1))
    again = project.build(setting.as_of + timedelta(hours=2))
    by_hand = call("change_members", database=str(setting.database), out=str(setting.place("trial")))
    rows = [
        of_build("membership", f"{ENGAGE}, half enter", entered, _sizes(entered.sizes)),
        of_build("membership", f"{ENGAGE}, everybody changes", changed, _sizes(changed.sizes)),
        of_build("membership", f"{ENGAGE}, nobody changes", again, _sizes(again.sizes)),
        of_cost("membership", BY_HAND, by_hand, "everybody changes: a full join, a MERGE, and the changes as JSONL"),
    ]
    return compared(rows, BY_HAND)


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{size:,} members" for size in sizes.values())
