"""What a journey sets is a trait of the user in every condition, from its instant on, also where no journey asks."""

from datetime import UTC, datetime
from pathlib import Path

from engage_cli.service.build import build_audiences
from engage_cli.service.explain import explain
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys

FILES = {
    "engage.yaml": """\
project: shop
sources:
  events: {path: events.csv}
  profiles:
    - {path: profiles.csv}
    - {path: log.csv, columns: {timestamp: set_at}}
""",
    "events.csv": """\
message_id,user_id,event,timestamp
m1,ana,Order,2026-11-20T10:00:00Z
m2,ben,Order,2026-11-22T10:00:00Z
m3,cleo,Order,2026-11-20T12:00:00Z
""",
    "profiles.csv": "user_id,tier\nana,silver\nben,silver\ncleo,silver\ndan,gold\n",
    "log.csv": "user_id,tier,set_at\ncleo,bronze,2026-11-21T00:00:00Z\n",
    "campaigns/journeys/tier.yaml": """\
journey: raise
status: live
entry: {on: {event: Order}, since: 2026-11-01}
steps:
  - set: tier
    to: gold
""",
    "campaigns/audiences/gold.yaml": "audience: gold\nmembers: {trait: tier, eq: gold}\n",
}


def project_in(folder: Path) -> Path:
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def members(folder: Path, as_of: datetime) -> set[str | None]:
    return {row[0] for row in preview(folder, "gold", as_of=as_of, progress=SILENT).sample}


def test_conditions_see_what_a_journey_set_from_its_instant_on(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    assert members(folder, day(23)) == {"dan"}
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    assert members(folder, day(20, 9)) == {"dan"}
    assert members(folder, day(20, 13)) == {"dan", "ana", "cleo"}, "cleo's own row comes only later"
    assert members(folder, day(21)) == {"dan", "ana"}, "the log of the source set it later"
    assert members(folder, day(23)) == {"dan", "ana", "ben"}
    assert explain(folder, "gold", "ben", as_of=day(23), progress=SILENT).member
    assert not explain(folder, "gold", "ben", as_of=day(21), progress=SILENT).member


def test_a_build_finds_who_was_set_since_the_one_before(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    assert [one.size for one in build_audiences(folder, (), as_of=day(21), progress=SILENT).audiences] == [1]
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    [built] = build_audiences(folder, (), as_of=day(23), progress=SILENT).audiences
    assert (built.size, built.entered, built.exited) == (3, 2, 0)
