"""What a journey sets is a trait of the user in every condition, from its instant on, also where no journey asks."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.errors import UsageError
from engage_cli.service.build import build_audiences
from engage_cli.service.explain import explain
from engage_cli.service.look import export as export_audience
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from engage_cli.service.results.traits import TraitValue
from engage_cli.service.tick import tick_journeys
from engage_cli.service.trait_build import build_traits
from engage_cli.service.traits import export, list_traits, show, sql

FILES = {
    "engage.yaml": """\
project: shop
sources:
  events: {path: events.csv}
  profiles:
    - {path: profiles.csv}
    - {path: log.csv, columns: {timestamp: set_at}}
  accounts: {path: accounts.csv}
  memberships: {path: members.csv}
""",
    "events.csv": """\
message_id,user_id,event,timestamp,tier
m1,ana,Order,2026-11-20T10:00:00Z,gold
m2,ben,Order,2026-11-22T10:00:00Z,
m3,cleo,Order,2026-11-20T12:00:00Z,
m4,dora,Order,2026-11-20T12:00:00Z,
""",
    "profiles.csv": "user_id,tier\nana,silver\nben,silver\ncleo,silver\ndan,gold\n",
    "log.csv": "user_id,tier,set_at\ncleo,bronze,2026-11-21T00:00:00Z\ndora,silver,2026-11-19T00:00:00Z\ndora,silver,2026-11-21T00:00:00Z\n",
    "campaigns/journeys/tier.yaml": """\
journey: raise
status: live
entry: {on: {event: Order}, since: 2026-11-01}
steps:
  - set: tier
    to: gold
""",
    "accounts.csv": "account_id\nacme\nzen\n",
    "members.csv": "user_id,account_id\nben,acme\ncleo,zen\n",
    "campaigns/audiences/gold.yaml": """\
audience: gold
members: {trait: tier, eq: gold}
with: [tier, orders_as]
---
audience: golden_accounts
of: accounts
members: {any_user: {trait: tier, eq: gold}}
---
trait: orders_as
compute: count
event: Order
where: {tier: {eq: {trait: tier}}}
""",
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
    assert members(folder, day(20, 13)) == {"dan", "ana", "cleo", "dora"}, "the rows of the log of cleo and dora come only later"
    assert members(folder, day(21)) == {"dan", "ana"}, "the log of the source set it later, for dora to what it had said before"
    assert members(folder, day(23)) == {"dan", "ana", "ben"}
    assert explain(folder, "gold", "ben", as_of=day(23), progress=SILENT).member
    assert not explain(folder, "gold", "ben", as_of=day(21), progress=SILENT).member


def test_a_build_finds_who_was_set_since_the_one_before(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    assert [one.size for one in build_audiences(folder, ["gold"], as_of=day(21), progress=SILENT).audiences] == [1]
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    [built] = build_audiences(folder, ["gold"], as_of=day(23), progress=SILENT).audiences
    assert (built.size, built.entered, built.exited) == (3, 2, 0)


def test_accounts_computed_traits_and_exports_see_it_too(tmp_path: Path) -> None:
    folder = project_in(tmp_path)

    def lines(as_of: datetime, *names: str) -> list[str]:
        return list(export(folder, names, as_of=as_of, progress=SILENT).lines)

    def accounts(as_of: datetime) -> list[str | None]:
        return [row[0] for row in preview(folder, "golden_accounts", as_of=as_of, progress=SILENT).sample]

    assert lines(day(23), "orders_as") == ["user_id,orders_as", "ana,0", "ben,0", "cleo,0", "dan,0", "dora,0"]
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    assert lines(day(23), "orders_as", "tier")[:3] == ["user_id,orders_as,tier", "ana,1,gold", "ben,0,gold"]
    assert lines(day(21), "tier") == ["user_id,tier", "ana,gold", "ben,silver", "cleo,bronze", "dan,gold", "dora,silver"]
    assert (accounts(day(20, 13)), accounts(day(23))) == (["zen"], ["acme"])
    members = export_audience(folder, "gold", as_of=day(23), progress=SILENT).lines
    assert list(members) == ["user_id,tier,orders_as", "ana,gold,1", "ben,gold,0", "dan,gold,0"]


def test_what_is_set_is_shown_and_listed_and_never_built(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    shown = {as_of: show(folder, "ana", (), as_of=as_of, progress=SILENT).values for as_of in (day(19), day(23))}
    assert shown == {
        day(19): (TraitValue("orders_as", "0"), TraitValue("tier", '"silver"')),
        day(23): (TraitValue("orders_as", "1"), TraitValue("tier", '"gold"')),
    }
    assert [(row.name, row.computed) for row in list_traits(folder)] == [
        ("orders_as", "count of Order"),
        ("tier", "set by the journey raise"),
    ]
    for asked in (
        lambda: build_traits(folder, ["tier"], as_of=day(23), progress=SILENT),
        lambda: sql(folder, "tier", as_of=None, progress=SILENT),
    ):
        with pytest.raises(UsageError, match="`tier` is not computed, but set by the journey raise"):
            asked()
    with pytest.raises(UsageError, match="there is no computed trait `teir`, and no journey sets it"):
        show(folder, "ana", ["teir"], as_of=None, progress=SILENT)


def test_a_build_of_traits_keeps_and_tells_what_follows_from_it(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    assert [one.changed for one in build_traits(folder, (), as_of=day(22), progress=SILENT).traits] == [5]
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    assert [(one.values, one.changed) for one in build_traits(folder, (), as_of=day(23), progress=SILENT).traits] == [(5, 1)]


def test_a_list_is_told_what_was_set_on_the_way_to_it(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    config, journey = folder / "engage.yaml", folder / "campaigns/journeys/tier.yaml"
    config.write_text(config.read_text() + "destinations: {ads: {type: list, columns: {id: user_id, tier: {trait: tier}}}}\n")
    journey.write_text(journey.read_text() + "  - {sync: ads, list: golds}\n  - delay: 1 day\n  - {set: tier, to: platinum}\n")
    tick_journeys(folder, (), as_of=day(20, 15), progress=SILENT)
    assert _told(folder) == ["id,tier", "ana,gold", "cleo,gold", "dora,gold"]
    tick_journeys(folder, (), as_of=day(22, 15), progress=SILENT)
    assert _told(folder) == ["id,tier", "ana,platinum", "ben,gold", "cleo,platinum", "dora,platinum"]


def test_scores_in_a_journey_rest_on_what_was_set_before_its_tick(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    tick_journeys(folder, (), as_of=day(21), progress=SILENT)
    (folder / "campaigns/traits.yaml").write_text(
        "trait: scores\nrfm: {event: Order, property: amount, where: {tier: {eq: {trait: tier}}}}\n"
    )
    (folder / "campaigns/journeys/scored.yaml").write_text(
        "journey: scored\nstatus: live\nentry: {on: {event: Order}, since: 2026-11-01}\n"
        "steps: [{split: [{name: scored, when: {trait: scores.recency, gte: 1}, steps: [{set: was, to: scored}]}]}]\n"
    )
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    assert list(export(folder, ["was"], as_of=day(23), progress=SILENT).lines) == [
        "user_id,was",
        "ana,scored",
        "ben,",
        "cleo,",
        "dan,",
        "dora,",
    ]


def _told(folder: Path) -> list[str]:
    """The lines of the last run's only file of adds."""
    runs = sorted((folder / "out" / "runs").iterdir())
    [adds] = runs[-1].rglob("adds.csv")
    return adds.read_text().splitlines()


def test_what_only_journeys_set_has_its_instant_beside_a_snapshot_too(tmp_path: Path) -> None:
    folder = project_in(tmp_path)
    (folder / "profiles.csv").write_text("user_id,plan\nana,free\nben,pro\n")
    (folder / "log.csv").unlink()
    config = folder / "engage.yaml"
    config.write_text(config.read_text().replace("    - {path: log.csv, columns: {timestamp: set_at}}\n", ""))
    (folder / "campaigns/journeys/golden.yaml").write_text(
        "journey: golden\nstatus: live\nentry: {when: {trait: tier, eq: gold}, since: 2026-11-01}\nsteps: [{delay: 1 day}]\n"
    )
    tick_journeys(folder, (), as_of=day(23), progress=SILENT)
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as state:
        entered = state.execute("SELECT user_id, entered_at FROM instance WHERE journey = 'golden' ORDER BY user_id").fetchall()
    assert [(user, at.replace(tzinfo=UTC)) for user, at in entered] == [
        ("ana", day(20, 10)),
        ("ben", day(22, 10)),
        ("cleo", day(20, 12)),
        ("dora", day(20, 12)),
    ]
