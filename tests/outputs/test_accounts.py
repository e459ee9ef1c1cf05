"""Audiences of accounts, built: members are account ids, changes are told as calls about accounts, beside audiences of users."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from engage_cli import __version__
from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.errors import UsageError
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.folder import write_folder
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from engage_cli.service.workspace import load
from engage_cli.state.check import check_state
from engage_cli.state.outbox import run_files
from engage_cli.state.runs import last_run
from engage_cli.state.store import open_state
from tests.support.product import members_of_all

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CONFIG = """
project: teams
sources:
  events: {path: "events*.csv"}
  profiles: {path: profiles.csv}
  accounts: {path: accounts.csv}
  memberships: {path: memberships.csv}
destinations:
  crm: {type: events, call: identify}
  hook: {type: events, call: track}
"""
AUDIENCES = """
audience: active
of: accounts
members: {event: Login, within: 7 days, count: {gte: 2}}
with: [plan, account_id]
sync: [crm, hook]
---
audience: active_people
members: {event: Login, within: 7 days}
with: [plan]
---
audience: in_active
members: {any_account: {audience: active}}
---
audience: paying
of: accounts
members: {trait: plan, eq: pro}
"""
EVENTS = "message_id,user_id,event,timestamp\n1,ana,Login,2026-11-22T10:00:00Z\n2,ben,Login,2026-11-22T11:00:00Z\n3,x,Login,2026-11-01T11:00:00Z\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`x` is a user and an account; `qu"ote` is an id that JSON has to escape."""
    texts = {
        "engage.yaml": CONFIG,
        "campaigns/audiences/a.yaml": AUDIENCES,
        "events.csv": EVENTS,
        "profiles.csv": "user_id,plan\nana,free\nx,pro\n" + "".join(f"idle_{number},free\n" for number in range(20)),
        "accounts.csv": 'account_id,plan\n"qu""ote",pro\nx,pro\nempty,\n',
        "memberships.csv": 'user_id,account_id\nana,"qu""ote"\nben,"qu""ote"\nben,"qu""ote"\nx,x\nben,x\n',
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def build(folder: Path, as_of: datetime = NOW, *names: str, dry_run: bool = False) -> BuildResult:
    return build_audiences(folder, names, as_of=as_of, file_format="jsonl", dry_run=dry_run, verbose=True, progress=SILENT)


def members(folder: Path, audience: str) -> list[dict[str, object]]:
    path = folder / "out" / "audiences" / audience / "members.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def calls(folder: Path, result: BuildResult, path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "out" / "runs" / str(result.run) / path).read_text().splitlines()]


def sizes(result: BuildResult) -> dict[str, tuple[int, int, int]]:
    return {one.name: (one.size, one.entered, one.exited) for one in result.audiences}


def test_members_are_account_ids_with_the_traits_of_accounts(folder: Path) -> None:
    result = build(folder)
    assert sizes(result) == {"active": (1, 1, 0), "active_people": (2, 2, 0), "in_active": (2, 2, 0), "paying": (2, 2, 0)}
    assert members(folder, "active") == [{"account_id": 'qu"ote', "entered_at": "2026-11-23T10:00:00Z", "plan": "pro"}]
    assert [row["account_id"] for row in members(folder, "paying")] == ['qu"ote', "x"]
    assert [row["user_id"] for row in members(folder, "in_active")] == ["ana", "ben"]
    assert members(folder, "active_people")[0] == {"user_id": "ana", "entered_at": "2026-11-23T10:00:00Z", "plan": "free"}


def test_changes_are_calls_about_accounts(folder: Path) -> None:
    result = build(folder)
    (track,) = calls(folder, result, "audiences/active.jsonl")
    assert track.pop("messageId")
    assert track == {
        "type": "track",
        "event": "Audience Entered",
        "timestamp": "2026-11-23T10:00:00Z",
        "properties": {"audience_key": "active", "active": True, "run": result.run},
        "context": {"groupId": 'qu"ote', "traits": {"plan": "pro"}},
    }
    assert {**calls(folder, result, "syncs/hook/active.jsonl")[0], "messageId": ""} == {**track, "messageId": ""}
    (group,) = calls(folder, result, "syncs/crm/active.jsonl")
    assert group.pop("messageId")
    assert group == {
        "type": "group",
        "groupId": 'qu"ote',
        "timestamp": "2026-11-23T10:00:00Z",
        "traits": {"active": True, "plan": "pro"},
    }
    assert calls(folder, result, "audiences/paying.jsonl")[0]["context"] == {"groupId": 'qu"ote'}
    assert [call["userId"] for call in calls(folder, result, "audiences/in_active.jsonl")] == ["ana", "ben"]
    manifest = json.loads((folder / "out" / "runs" / str(result.run) / "manifest.json").read_text())
    assert {file["path"]: file["call"] for file in manifest["files"]} == {
        "audiences/active.jsonl": "track",
        "audiences/active_people.jsonl": "track",
        "audiences/in_active.jsonl": "track",
        "audiences/paying.jsonl": "track",
        "syncs/crm/active.jsonl": "group",
        "syncs/hook/active.jsonl": "track",
    }


def test_accounts_come_and_go_with_their_users_beside_audiences_of_users(folder: Path) -> None:
    """Later runs look at few users again for audiences of users, and at all accounts."""
    build(folder)
    new = "message_id,user_id,event,timestamp\n4,x,Login,2026-11-23T11:00:00Z\n5,x,Login,2026-11-23T11:00:00Z\n"
    (folder / "events_2.csv").write_text(new)
    later = build(folder, NOW + timedelta(hours=2))
    assert sizes(later) == {"active": (2, 1, 0), "active_people": (3, 1, 0), "in_active": (3, 1, 0), "paying": (2, 0, 0)}
    assert later.looked is not None and later.looked.audiences == ("active_people",)
    assert calls(folder, later, "audiences/active.jsonl")[0]["context"] == {"groupId": "x", "traits": {"plan": "pro"}}
    (folder / "memberships.csv").write_text("user_id,account_id\nx,x\n")
    (folder / "accounts.csv").write_text("account_id,plan\nx,free\n")
    last = build(folder, NOW + timedelta(hours=3))
    assert sizes(last) == {"active": (1, 0, 1), "active_people": (3, 0, 0), "in_active": (1, 0, 2), "paying": (0, 0, 2)}
    (gone,) = calls(folder, last, "audiences/active.jsonl")
    assert (gone["event"], gone["context"]) == ("Audience Exited", {"groupId": 'qu"ote', "traits": {}})
    assert [row["account_id"] for row in members(folder, "active")] == ["x"]
    assert sizes(build(folder, NOW + timedelta(hours=3))) == {name: (size, 0, 0) for name, (size, _, _) in sizes(last).items()}


def test_a_user_and_an_account_of_one_id_are_two(folder: Path) -> None:
    """Of `x` the account stays in `paying` and the user enters an audience in the same run."""
    build(folder, NOW, "paying")
    result = build(folder, NOW + timedelta(hours=1), "paying", "active_people")
    assert sizes(result) == {"active_people": (2, 2, 0), "paying": (2, 0, 0)}
    with duckdb.connect(str(folder / ".engage" / "state.duckdb"), read_only=True) as state:
        rows = state.execute("SELECT audience, user_id, exited_at FROM membership ORDER BY ALL").fetchall()
    assert rows == [("active_people", "ana", None), ("active_people", "ben", None), ("paying", 'qu"ote', None), ("paying", "x", None)]


def test_a_committed_run_is_written_again_byte_for_byte(folder: Path) -> None:
    assert_written_again(folder, build(folder))


def assert_written_again(folder: Path, result: BuildResult) -> None:
    """The last run's folder, made anew of the state, has the same bytes."""
    out = folder / "out" / "runs" / str(result.run)
    before = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}

    def again(engine: Engine) -> None:
        state = open_state(engine, folder / ".engage" / "state.duckdb", tool_version=__version__)
        run = last_run(state)
        assert run is not None
        stage_committed_changes(engine, run.number)
        write_folder(engine, run, run_files(engine, run.number), folder / "again")

    in_engine(folder, again)
    written = folder / "again" / "runs" / f"{result.run}.part"
    assert {path.relative_to(written).as_posix(): path.read_bytes() for path in sorted(written.rglob("*")) if path.is_file()} == before


def in_engine(folder: Path, work: Callable[[Engine], None]) -> None:
    config = load(folder).config
    with open_engine(folder, config.engine, config.timezone, None, None) as engine:
        work(engine)


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_audience_keeps_its_kind(folder: Path, dry_run: bool) -> None:
    build(folder)
    path = folder / "campaigns" / "audiences" / "a.yaml"
    path.write_text(path.read_text().replace("audience: paying\nof: accounts", "audience: paying"))
    with pytest.raises(UsageError, match="`paying` was built as an audience of accounts, and is now one of users") as raised:
        build(folder, NOW + timedelta(hours=1), dry_run=dry_run)
    assert raised.value.hint == "give the audience of users a name of its own"
    assert sizes(build(folder, NOW + timedelta(hours=1), "active"))["active"] == (1, 0, 0)


def test_a_dry_run_counts_the_same_and_writes_nothing(folder: Path) -> None:
    assert sizes(build(folder, dry_run=True)) == sizes(build(folder))


def test_audiences_whose_names_differ_by_what_relations_are_called_are_apart(folder: Path) -> None:
    """Inside, `a_users` is both the users that `a` asks about and an audience."""
    path = folder / "campaigns" / "audiences" / "a.yaml"
    either = ["audience: a\nof: accounts\nmembers: {any_user: {trait: user_id, eq: ana}}\n"]
    either.append("audience: a_users\nof: accounts\nmembers: {any_user: {trait: user_id, eq: x}}\n")
    path.write_text("---\n".join(either))
    assert members_of_all(folder, NOW) == {"a": ['qu"ote'], "a_users": ["x"]}
    path.write_text("---\n".join(reversed(either)))
    assert members_of_all(folder, NOW) == {"a": ['qu"ote'], "a_users": ["x"]}


def users_told(folder: Path, result: BuildResult) -> list[tuple[object, object]]:
    path = folder / "out" / "runs" / str(result.run) / "syncs" / "people" / "active.jsonl"
    return [(call["userId"], call["traits"]) for call in calls(folder, result, "syncs/people/active.jsonl")] if path.exists() else []


def test_a_destination_may_be_told_of_each_user_of_an_account(folder: Path) -> None:
    """A newcomer joins, and Ben goes over to another account, while theirs stays in the audience."""
    config = folder / "engage.yaml"
    config.write_text(config.read_text() + "  people: {type: events, call: identify, each: user}\n")
    definitions = folder / "campaigns" / "audiences" / "a.yaml"
    definitions.write_text(definitions.read_text().replace("sync: [crm, hook]", "sync: [crm, people]"))
    first = build(folder)
    assert users_told(folder, first) == [("ana", {"active": True}), ("ben", {"active": True})]
    manifest = json.loads((folder / "out" / "runs" / str(first.run) / "manifest.json").read_text())
    assert [(file["call"], file["rows"]) for file in manifest["files"] if file["destination"] == "people"] == [("identify", 2)]
    staff = 'user_id,account_id\nana,"qu""ote"\n{}new,"qu""ote"\nx,x\nben,x\n'
    (folder / "memberships.csv").write_text(staff.format('ben,"qu""ote"\n'))
    assert users_told(folder, build(folder, NOW + timedelta(hours=1))) == [("new", {"active": True})]
    new = "message_id,user_id,event,timestamp\n4,new,Login,2026-11-23T11:00:00Z\n"
    (folder / "events_2.csv").write_text(new)
    (folder / "memberships.csv").write_text(staff.format(""))
    third = build(folder, NOW + timedelta(hours=2))
    assert sizes(third)["active"] == (1, 0, 0)
    assert users_told(folder, third) == [("ben", {"active": False})]
    full = build_audiences(folder, (), as_of=NOW + timedelta(hours=2), file_format="jsonl", full=True, progress=SILENT)
    assert users_told(folder, full) == [("ana", {"active": True}), ("new", {"active": True})]
    assert_written_again(folder, full)
    (folder / "memberships.csv").write_text("user_id,account_id\nx,x\n")
    assert users_told(folder, build(folder, NOW + timedelta(hours=3))) == [("ana", {"active": False}), ("new", {"active": False})]
    in_engine(folder, lambda engine: assert_sound(engine, folder))


def assert_sound(engine: Engine, folder: Path) -> None:
    assert check_state(open_state(engine, folder / ".engage" / "state.duckdb", tool_version=__version__)) == []
