"""Members whose profile gets another id stay members, and nobody is told of a change that is none."""

import json
from datetime import timedelta
from pathlib import Path

from engage_cli import __version__
from engage_cli.service.explain import explain
from engage_cli.service.progress import SILENT
from engage_cli.state.check import check_state
from engage_cli.state.store import open_state
from tests.identity.shop import AS_OF, Shop, build, members
from tests.state.engine import make_engine

DAY = timedelta(days=1)
ANYBODY = "audience: anybody\nanonymous: include\nmembers: {event: Viewed}\n"


def shop(folder: Path, *lines: str, limits: tuple[int, int, int] = (1, 5, 100)) -> None:
    """A shop with one audience, of everybody who viewed something; each line is (user, device, day)."""
    Shop((), (("nobody", None, "free"),), ()).write(folder, limits=limits)
    (folder / "campaigns/audiences/a.yaml").write_text(ANYBODY)
    view(folder, 0, *lines)


def view(folder: Path, number: int, *lines: str) -> None:
    """A further file of events."""
    rows = []
    for line in lines:
        user, device, day = line.split()
        rows.append(
            {"user_id": user.strip("-"), "anonymous_id": device.strip("-"), "event": "Viewed", "timestamp": f"2026-11-{day}T10:00:00Z"}
        )
    (folder / f"events/{number}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def told(folder: Path) -> list[tuple[str, str]]:
    """(event, user) of every change that was ever told, in order."""
    found = []
    for path in sorted((folder / "out/runs").rglob("*.jsonl")):
        found += [(row["event"], row["userId"]) for row in map(json.loads, path.read_text().splitlines())]
    return found


def state(folder: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query of the state, which must be sound."""
    with make_engine(folder) as engine:
        opened = open_state(engine, folder / ".engage/state.duckdb", tool_version=__version__)
        assert check_state(opened) == []
        return engine.rows(query)


STAYS = "SELECT user_id, exited_at IS NULL FROM state.main.membership ORDER BY ALL"
ALIASES = "SELECT alias, user_id FROM state.main.alias ORDER BY ALL"


def test_a_device_that_turns_out_to_be_a_user_neither_exits_nor_enters(tmp_path):
    shop(tmp_path, "- phone 01")
    build(tmp_path, AS_OF - 2 * DAY)
    view(tmp_path, 1, "ana phone 02")
    [changed] = build(tmp_path, AS_OF - DAY).audiences
    assert (changed.size, changed.entered, changed.exited) == (1, 0, 0)
    assert told(tmp_path) == [("Audience Entered", "phone")]
    assert members(tmp_path) == {"anybody": ["ana"]}
    assert state(tmp_path, STAYS) == [("phone", True)]
    assert state(tmp_path, ALIASES) == [("phone", "ana")]
    told_since = explain(tmp_path, "anybody", "ana", as_of=AS_OF, progress=SILENT).since
    assert told_since == AS_OF - 2 * DAY


def test_who_leaves_under_another_id_is_told_by_the_one_that_was_told_before(tmp_path):
    shop(tmp_path, "- phone 01")
    (tmp_path / "campaigns/audiences/a.yaml").write_text(
        "audience: anybody\nanonymous: include\nmembers: {event: Viewed, within: 18 days}\n"
    )
    build(tmp_path, AS_OF - 3 * DAY)
    view(tmp_path, 1, "ana phone 02")
    build(tmp_path, AS_OF - 2 * DAY)
    build(tmp_path, AS_OF + DAY)
    assert told(tmp_path) == [("Audience Entered", "phone"), ("Audience Exited", "phone")]
    assert members(tmp_path) == {"anybody": []}


def test_of_two_members_who_are_one_person_the_stay_under_the_profile_s_id_goes_on(tmp_path):
    shop(tmp_path, "- phone 01", "ana - 03")
    build(tmp_path, AS_OF - 2 * DAY)
    view(tmp_path, 1, "ana phone 04")
    [changed] = build(tmp_path, AS_OF - DAY).audiences
    assert (changed.size, changed.entered, changed.exited) == (1, 0, 1)
    assert told(tmp_path)[-1] == ("Audience Exited", "phone")
    assert state(tmp_path, STAYS) == [("ana", True), ("phone", False)]
    assert [(one.entered, one.exited) for one in build(tmp_path, AS_OF).audiences] == [(0, 0)]


def test_a_rename_is_remembered_when_the_file_that_showed_it_is_gone(tmp_path):
    shop(tmp_path, "- phone 01")
    config = (tmp_path / "engage.yaml").read_text()
    (tmp_path / "engage.yaml").write_text(config.replace('"events/*.jsonl"', '"events/*.jsonl", on_missing_file: drop'))
    build(tmp_path, AS_OF - 3 * DAY)
    view(tmp_path, 1, "ana phone 02")
    view(tmp_path, 2, "ana - 03")
    build(tmp_path, AS_OF - 2 * DAY)
    for number in (0, 1):
        (tmp_path / f"events/{number}.jsonl").unlink()
    build(tmp_path, AS_OF - DAY)
    assert told(tmp_path) == [("Audience Entered", "phone")]
    assert members(tmp_path) == {"anybody": ["ana"]}


def test_an_earlier_user_id_that_comes_late_renames_a_profile(tmp_path):
    shop(tmp_path, "ben phone 05", limits=(2, 5, 100))
    build(tmp_path, AS_OF - 2 * DAY)
    view(tmp_path, 1, "ana phone 02")
    build(tmp_path, AS_OF - DAY)
    view(tmp_path, 2, "- phone 01")
    build(tmp_path, AS_OF)
    assert members(tmp_path) == {"anybody": ["ana"]}
    assert told(tmp_path) == [("Audience Entered", "ben")]
    assert state(tmp_path, ALIASES) == [("ben", "ana")]
