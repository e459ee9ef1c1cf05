"""`trait build`: what is kept of values and since when, what destinations are told, once, and what it says of earlier instants."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engage_cli.errors import UsageError
from engage_cli.service.build import build_audiences
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from engage_cli.service.results.traits import TraitBuildResult
from engage_cli.service.trait_build import build_traits
from engage_cli.service.traits import export
from engage_cli.source import InvalidError
from engage_cli.state.check import check_state
from engage_cli.state.store import open_published
from tests.state.engine import make_engine
from tests.state.processes import run_killed
from tests.state.support import memory_folder
from tests.support.kills import stride

CONFIG = """\
project: shop
sources:
  events: {path: events.csv}
  profiles: {path: profiles.csv}
  accounts: {path: accounts.csv}
  memberships: {path: members.csv}
destinations: {crm: {type: events, call: identify}, hub: {type: events, call: track}, late: {type: events, call: identify}}
"""
EVENTS = """\
message_id,user_id,event,timestamp,revenue
m1,ana,Order,2026-11-20T10:00:00Z,5
m2,ben,Order,2026-11-21T10:00:00Z,7.5
m3,ana,Order,2026-11-22T10:00:00Z,2
m4,dan,Order,2026-11-25T10:00:00Z,1
"""
TRAITS = """\
trait: revenue
compute: sum
event: Order
property: revenue
within: 3 days
sync: [crm, hub]
---
trait: last_amount
compute: last
event: Order
property: revenue
within: 3 days
sync: [crm]
---
trait: run
of: accounts
compute: count
event: Order
sync: [hub, crm]
---
trait: level
sql: select user_id, cast(level as integer) as value from profiles
---
trait: rfm
rfm: {event: Order, property: revenue}
"""
PROFILES = "user_id,level\nana,1\nben,2\ncleo,3\n"


def project_in(folder: Path) -> Path:
    (folder / "campaigns").mkdir(parents=True)
    for name, text in (
        ("engage.yaml", CONFIG),
        ("events.csv", EVENTS),
        ("profiles.csv", PROFILES),
        ("accounts.csv", "account_id\nacme\n"),
        ("members.csv", "user_id,account_id\nana,acme\nben,acme\n"),
        ("campaigns/traits.yaml", TRAITS),
        ("campaigns/audiences.yaml", "audience: second_level\nmembers: {trait: level, eq: 2}\n"),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path / "shop")


def day(number: int) -> datetime:
    """Noon of a day of the test's month."""
    return datetime(2026, 11, number, 12, tzinfo=UTC)


def build(folder: Path, number: int, *names: str, **options: Any) -> TraitBuildResult:
    return build_traits(folder, names, as_of=day(number), progress=SILENT, **options)


def told(folder: Path, run: str | None) -> dict[str, list[dict[str, Any]]]:
    """The calls of a run's folder, by file."""
    assert run is not None
    found = sorted((folder / "out" / "runs" / run).rglob("*.jsonl"))
    return {
        path.relative_to(folder / "out" / "runs" / run / "syncs").as_posix(): [json.loads(line) for line in path.read_text().splitlines()]
        for path in found
    }


def values(folder: Path, *, rows: str = "trait, subject_id, value, since, until, run, until_run") -> list[tuple[Any, ...]]:
    with make_engine(folder) as engine:
        state = open_published(engine, folder / ".engage" / "state.duckdb")
        assert state is not None
        assert check_state(state) == []
        return [tuple(row) for row in engine.rows(f"SELECT {rows} FROM state.main.trait_value ORDER BY ALL")]


def history(folder: Path, trait: str) -> list[tuple[Any, ...]]:
    """(subject, value, day from which, day until which) of a trait."""
    rows = values(folder, rows="trait, subject_id, value, day(since), day(until)")
    return [row[1:] for row in rows if row[0] == trait]


def calls(found: dict[str, list[dict[str, Any]]], file: str, key: str = "traits") -> list[tuple[str, Any]]:
    return [(call.get("userId") or call.get("groupId") or call["context"]["groupId"], call[key]) for call in found[file]]


def test_the_first_build_tells_every_value_and_keeps_it(project: Path) -> None:
    result = build(project, 21)
    assert {one.name: (one.values, one.changed, one.cleared) for one in result.traits} == {
        "last_amount": (2, 2, 0),
        "level": (3, 3, 0),
        "revenue": (3, 3, 0),
        "rfm": (2, 2, 0),
        "run": (1, 1, 0),
    }
    found = told(project, result.run)
    assert calls(found, "crm/traits/revenue.jsonl") == [("ana", {"revenue": 5}), ("ben", {"revenue": 7.5}), ("cleo", {"revenue": 0})]
    assert calls(found, "crm/traits/run.jsonl") == [("acme", {"run": 2})]
    assert {call["type"] for call in found["crm/traits/run.jsonl"]} == {"group"}
    assert calls(found, "hub/traits/run.jsonl", "properties") == [("acme", {"trait_key": "run", "run": result.run, "value": 2})]
    first = found["hub/traits/revenue.jsonl"][0]
    assert first["event"] == "Trait Computed"
    assert first["properties"] == {"trait_key": "revenue", "run": result.run, "revenue": 5}
    assert history(project, "revenue") == [("ana", "5", 21, None), ("ben", "7.5", 21, None), ("cleo", "0", 21, None)]


def test_only_what_changes_is_told_and_what_is_no_more_is_taken_back(project: Path) -> None:
    build(project, 21)
    result = build(project, 24)
    found = told(project, result.run)
    assert sorted(found) == [
        "crm/traits/last_amount.jsonl",
        "crm/traits/revenue.jsonl",
        "crm/traits/run.jsonl",
        "hub/traits/revenue.jsonl",
        "hub/traits/run.jsonl",
    ]
    assert calls(found, "crm/traits/revenue.jsonl") == [("ana", {"revenue": 2}), ("ben", {"revenue": 0})]
    assert calls(found, "crm/traits/last_amount.jsonl") == [("ana", {"last_amount": "2"}), ("ben", {"last_amount": None})]
    result = build(project, 25)
    found = told(project, result.run)
    assert calls(found, "crm/traits/last_amount.jsonl") == [("ana", {"last_amount": None}), ("dan", {"last_amount": "1"})]
    assert history(project, "last_amount") == [
        ("ana", '"2"', 24, 25),
        ("ana", '"5"', 21, 24),
        ("ben", '"7.5"', 21, 24),
        ("dan", '"1"', 25, None),
    ]


def test_the_same_instant_again_is_no_run_and_says_so(project: Path) -> None:
    first = build(project, 21)
    again = build(project, 21)
    assert first.run is not None and again.run is None
    assert all(one.unchanged for one in again.traits)
    assert {one.name: one.values for one in again.traits} == {one.name: one.values for one in first.traits}
    assert len(list((project / "out" / "runs").iterdir())) == 1


def test_a_clock_never_goes_back_but_a_dry_run_looks_anywhere(project: Path) -> None:
    build(project, 24, "revenue")
    with pytest.raises(UsageError, match=r"`revenue` was built as of 2026-11-24T12:00:00Z, which is after .*; a trait only moves forward"):
        build(project, 21)
    assert build(project, 21, "level").run is not None, "each trait has a clock of its own"
    before = values(project)
    looked = build(project, 21, dry_run=True)
    assert looked.run is None and looked.would_change
    assert values(project) == before


def test_an_edited_trait_is_built_again_at_the_same_instant(project: Path) -> None:
    build(project, 21)
    path = project / "campaigns" / "traits.yaml"
    path.write_text(
        path.read_text().replace("description: x", "").replace("within: 3 days\nsync: [crm, hub]", "within: 1 hour\nsync: [crm, hub]")
    )
    result = build(project, 21)
    assert {one.name: one.changed for one in result.traits if not one.unchanged} == {"revenue": 2}
    assert calls(told(project, result.run), "crm/traits/revenue.jsonl") == [("ana", {"revenue": 0}), ("ben", {"revenue": 0})]


def test_a_destination_that_comes_later_is_told_all_that_there_is_and_one_that_was_away_what_it_lacks(project: Path) -> None:
    path = project / "campaigns" / "traits.yaml"
    text = path.read_text()
    build(project, 21, "revenue")
    path.write_text(text.replace("sync: [crm, hub]\n", "sync: [hub, late]\n"))
    found = told(project, build(project, 24, "revenue").run)
    assert calls(found, "late/traits/revenue.jsonl") == [("ana", {"revenue": 2}), ("ben", {"revenue": 0}), ("cleo", {"revenue": 0})]
    assert calls(found, "hub/traits/revenue.jsonl", "properties")[0][1]["revenue"] == 2
    path.write_text(text)
    found = told(project, build(project, 26, "revenue").run)
    in_step = [(user, properties["revenue"]) for user, properties in calls(found, "hub/traits/revenue.jsonl", "properties")]
    assert in_step == [("ana", 0), ("dan", 1)]
    assert calls(found, "crm/traits/revenue.jsonl") == [("ana", {"revenue": 0}), ("ben", {"revenue": 0}), ("dan", {"revenue": 1})]
    values(project)


def test_full_tells_everything_again(project: Path) -> None:
    build(project, 24)
    result = build(project, 24, "last_amount", full=True)
    assert calls(told(project, result.run), "crm/traits/last_amount.jsonl") == [("ana", {"last_amount": "2"})]
    assert [one.changed for one in result.traits] == [0]


def test_somebody_who_is_in_no_source_any_more_keeps_no_value_and_nobody_is_told(project: Path) -> None:
    build(project, 21, "revenue")
    (project / "profiles.csv").write_text(PROFILES.replace("cleo,3\n", ""))
    result = build(project, 22, "revenue")
    assert "cleo" not in {user for user, _ in calls(told(project, result.run), "crm/traits/revenue.jsonl")}
    assert ("cleo", "0", 21, 22) in history(project, "revenue")


def test_a_trait_keeps_its_kind(project: Path) -> None:
    build(project, 21, "run")
    path = project / "campaigns" / "traits.yaml"
    path.write_text(path.read_text().replace("of: accounts\n", ""))
    with pytest.raises(UsageError, match="`run` was built as a trait of accounts, and is now one of users"):
        build(project, 22, "run")


def test_a_destination_of_lists_takes_no_values(project: Path) -> None:
    config = project / "engage.yaml"
    config.write_text(config.read_text().replace("crm: {type: events, call: identify}", "crm: {type: list, columns: {email: email}}"))
    with pytest.raises(InvalidError) as invalid:
        build(project, 21)
    assert {issue.message for issue in invalid.value.issues} == {"the destination `crm` takes people onto lists, and not values of traits"}


# ---- earlier instants ----------------------------------------------------------------------------------------------


def members(folder: Path, number: int) -> list[str | None]:
    shown = preview(folder, "second_level", as_of=day(number), progress=SILENT)
    return [row[0] for row in shown.sample]


def test_an_undated_trait_as_of_an_earlier_instant_is_what_was_recorded(project: Path) -> None:
    build(project, 22, "level")
    (project / "profiles.csv").write_text("user_id,level\nana,2\nben,3\ncleo,2\n")
    build(project, 24, "level")
    assert members(project, 21) == ["cleo", "ana"], "before the first build only the present is known"
    assert members(project, 22) == ["ben"]
    assert members(project, 23) == ["ben"]
    assert sorted(filter(None, members(project, 24))) == ["ana", "cleo"]
    assert sorted(filter(None, members(project, 26))) == ["ana", "cleo"]
    lines = export(project, ["level"], as_of=day(23), progress=SILENT).lines
    assert list(lines) == ["user_id,level", "ana,1", "ben,2", "cleo,3"]
    looked = build_audiences(project, (), as_of=day(23), dry_run=True, progress=SILENT)
    assert [one.size for one in looked.audiences] == [1]


def test_scores_as_of_an_earlier_instant_are_what_was_recorded(project: Path) -> None:
    build(project, 22, "rfm")
    then = export(project, ["rfm"], as_of=day(22), progress=SILENT).lines
    (project / "events.csv").write_text(EVENTS + "m5,dan,Order,2026-11-19T10:00:00Z,100\n")
    build(project, 26, "rfm")
    assert list(export(project, ["rfm"], as_of=day(23), progress=SILENT).lines)[:4] == list(then)[:4]


# ---- killed runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


def later_build(folder: Path) -> None:
    build(folder, 25)


def everything(folder: Path) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()}
    return files, values(folder)


def test_a_build_killed_at_any_point_and_run_again_is_an_undisturbed_one(memory: Path) -> None:
    base = project_in(memory / "base")
    build(base, 21)
    undisturbed = memory / "undisturbed"
    shutil.copytree(base, undisturbed)
    later_build(undisturbed)
    expected = everything(undisturbed)
    for point in range(1, 100, stride(6)):
        folder = memory / f"killed_at_{point}"
        shutil.copytree(base, folder)
        if not run_killed(later_build, folder, crash_at=str(point)):
            break
        later_build(folder)
        assert everything(folder) == expected, f"killed at point {point}"
    assert point > 15
