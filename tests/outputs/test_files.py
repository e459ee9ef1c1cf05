"""What the files hold, in each format, and when they are written."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from engage_cli.outputs.members import FORMATS
from engage_cli.outputs.syncs import WHAT_CHANGED, find_syncs
from engage_cli.outputs.write import write_run
from engage_cli.state.membership import find_changes, make_rows
from engage_cli.state.runs import plan_run
from engage_cli.state.store import State, open_state
from tests.state.engine import make_engine
from tests.state.support import FILES, Project, at, audience, give_members_of

HOSTILE = ['a"b', "x,y", "line\nbreak", "'; --", "../up", "\u202e", "ünï\U0001f600", "\x01", "nul\x00", "=1+1", ""]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, audience("vip", traits=["email", "score", "tags", "ok"], sync=["crm", "hub"]), audience("plain"))


TRAITS = {
    "u1": {"email": '"a@x"', "score": "12.0", "tags": '["a", "b"]', "ok": "true"},
    "u2": {"email": '"b\\n\\"x\\""', "score": "-0.5"},
}


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.decode().splitlines()]


def test_members_as_jsonl_keep_the_types_of_traits(project: Project) -> None:
    project.run(at(10), {"vip": ["u2", "u1", "u3"], "plain": ["u9"]}, TRAITS)
    tree = project.tree()
    missing = {"email": None, "score": None, "tags": None, "ok": None}
    since = {"entered_at": "2026-11-23T10:00:00Z"}
    assert lines(tree["audiences/vip/members.jsonl"]) == [
        {"user_id": "u1", **since, "email": "a@x", "score": 12.0, "tags": ["a", "b"], "ok": True},
        {"user_id": "u2", **since, **missing, "email": 'b\n"x"', "score": -0.5},
        {"user_id": "u3", **since, **missing},
    ]
    assert lines(tree["audiences/plain/members.jsonl"]) == [{"user_id": "u9", **since}]


def test_members_as_csv_hold_texts(project: Project) -> None:
    project.run(at(10), {"vip": ["u1", "u2"]}, TRAITS, file_format="csv")
    rows = list(csv.reader(io.StringIO(project.tree()["audiences/vip/members.csv"].decode(), newline="")))
    assert rows == [
        ["user_id", "entered_at", "email", "score", "tags", "ok"],
        ["u1", "2026-11-23T10:00:00Z", "a@x", "12", '["a", "b"]', "true"],
        ["u2", "2026-11-23T10:00:00Z", 'b\n"x"', "-0.5", "", ""],
    ]


def test_members_as_parquet_have_a_typed_instant(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"]}, TRAITS, file_format="parquet")
    with make_engine(project.folder) as engine:
        path = str(project.outputs / "audiences/vip/members.parquet")
        described = engine.rows("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", [path])
        rows = engine.rows("SELECT user_id, entered_at, email, score, tags FROM read_parquet(?)", [path])
    assert described == [
        ("user_id", "VARCHAR"),
        ("entered_at", "TIMESTAMP"),
        *((name, "VARCHAR") for name in ("email", "score", "tags", "ok")),
    ]
    assert rows == [("u1", at(10).replace(tzinfo=None), "a@x", "12", '["a", "b"]')]


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_empty_audience_has_a_file_too(project: Project, file_format: str) -> None:
    project.run(at(10), {}, {}, file_format=file_format)
    assert f"audiences/plain/members.{file_format}" in project.tree()
    assert not [path for path in project.tree() if path.startswith("runs/")]


def test_changes_are_track_calls_of_segments_spec(project: Project) -> None:
    _, first = project.run(at(10), {"vip": ["u1", "u2"]}, TRAITS)
    _, second = project.run(at(11), {"vip": ["u2", "u3"]}, TRAITS)
    assert first.run is not None
    assert second.run is not None
    [entered, _] = lines(project.tree()[f"{first.folder}/audiences/vip.jsonl"])
    cause = f"track:{first.run.name}:vip:entered:u1"
    assert entered == {
        "type": "track",
        "event": "Audience Entered",
        "userId": "u1",
        "messageId": hashlib.md5(cause.encode()).hexdigest(),
        "timestamp": "2026-11-23T10:00:00Z",
        "properties": {"audience_key": "vip", "vip": True, "run": first.run.name},
        "context": {"traits": {"email": "a@x", "score": 12.0, "tags": ["a", "b"], "ok": True}},
    }
    left, came = lines(project.tree()[f"{second.folder}/audiences/vip.jsonl"])
    assert (left["event"], left["userId"], left["properties"]["vip"]) == ("Audience Exited", "u1", False)
    assert left["context"]["traits"]["email"] == "a@x"
    assert (came["event"], came["userId"], came["context"]) == ("Audience Entered", "u3", {"traits": {}})


def test_a_destination_gets_its_call(project: Project) -> None:
    _, written = project.run(at(10), {"vip": ["u1"], "plain": ["u1"]}, TRAITS)
    tree = project.tree()
    [identify] = lines(tree[f"{written.folder}/syncs/crm/vip.jsonl"])
    traits = {"vip": True, "email": "a@x", "score": 12.0, "tags": ["a", "b"], "ok": True}
    assert (identify["type"], identify["userId"], identify["traits"]) == ("identify", "u1", traits)
    assert list(identify) == ["type", "userId", "messageId", "timestamp", "traits"]
    assert tree[f"{written.folder}/syncs/hub/vip.jsonl"] == tree[f"{written.folder}/audiences/vip.jsonl"]
    assert not [path for path in tree if "syncs" in path and "plain" in path]
    _, written = project.run(at(11), {"plain": ["u1"]}, {})
    [identify] = lines(project.tree()[f"{written.folder}/syncs/crm/vip.jsonl"])
    assert identify["traits"] == {"vip": False}


def test_a_trait_of_the_audiences_own_name_does_not_contradict_it(tmp_path: Path) -> None:
    project = Project(tmp_path, audience("vip", traits=["vip", "user_id", "Entered_At"], sync=["crm"]), audience("run"))
    _, written = project.run(at(10), {"vip": ["u1"], "run": ["u1"]}, {"u1": {"vip": '"no"', "user_id": '"u1"', "Entered_At": '"x"'}})
    tree = project.tree()
    assert lines(tree["audiences/vip/members.jsonl"]) == [{"user_id": "u1", "entered_at": "2026-11-23T10:00:00Z", "vip": "no"}]
    assert b'"traits":{"vip":true}' in tree[f"{written.folder}/syncs/crm/vip.jsonl"]
    [track] = lines(tree[f"{written.folder}/audiences/run.jsonl"])
    assert written.run is not None
    assert track["properties"] == {"audience_key": "run", "run": written.run.name}


def test_the_manifest_accounts_for_every_file(project: Project) -> None:
    _, written = project.run(at(10), {"vip": ["u1", "u2"], "plain": ["u1"]}, TRAITS)
    assert written.run is not None
    tree = {path.removeprefix(f"{written.folder}/"): text for path, text in project.tree().items() if path.startswith("runs/")}
    manifest = json.loads(tree.pop("manifest.json"))
    listed = manifest.pop("files")
    assert [file["path"] for file in listed] == sorted(tree)
    for file in listed:
        content = tree[file["path"]]
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["rows"] == len(content.splitlines())
    assert manifest == {
        "run": written.run.name,
        "run_id": written.run.run_id,
        "previous_run_id": None,
        "command": "audience build",
        "as_of": "2026-11-23T10:00:00Z",
        "engage_version": "1.2.3",
        "definitions": written.run.definitions,
        "inputs": written.run.inputs,
    }


@pytest.mark.parametrize("file_format", FORMATS)
def test_hostile_ids_and_values_come_out_as_they_went_in(tmp_path: Path, file_format: str) -> None:
    project = Project(tmp_path, audience("vip", traits=['["a\\"b\'.c"]'], sync=["crm"]))
    traits = {user: {'["a\\"b\'.c"]': json.dumps(user)} for user in HOSTILE}
    _, written = project.run(at(10), {"vip": HOSTILE}, traits, file_format=file_format)
    calls = lines(project.tree()[f"{written.folder}/audiences/vip.jsonl"])
    assert [call["userId"] for call in calls] == sorted(HOSTILE, key=str.encode)
    assert all(call["context"]["traits"] == {'["a\\"b\'.c"]': call["userId"]} for call in calls)
    assert len({call["messageId"] for call in calls}) == len(HOSTILE)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, file_format: str) -> None:
    users = [f"user_{n}" for n in range(400)]
    trees = []
    for name, order in (("one", users), ("other", users[::-1])):
        project = Project(tmp_path / name, audience("vip", traits=["email"], sync=["crm"]))
        project.run(at(10), {"vip": order}, {user: {"email": f'"{user}@x"'} for user in order}, file_format=file_format)
        project.run(at(11), {"vip": order[:-1]}, {user: {"email": f'"{user}@y"'} for user in order}, file_format=file_format)
        trees.append(project.tree())
    first = [path for path in trees[0] if "T110000Z" not in path and "members" not in path]
    assert {path: trees[0][path] for path in first} == {path: trees[1][path] for path in first}


def test_more_rows_than_a_row_group_are_written_the_same_with_any_number_of_threads(tmp_path: Path) -> None:
    trees = []
    for threads in (1, 2, 4):
        project = Project(tmp_path / str(threads), audience("vip", sync=["crm"]), audience("rest"))
        with make_engine(project.folder, threads) as engine:
            written = _run_many(project, open_state(engine, project.state_path, tool_version="1"))
        trees.append({path: hashlib.sha256(text).hexdigest() for path, text in project.tree().items()})
        assert written == 200_000
    assert trees[0] == trees[1] == trees[2]


def _run_many(project: Project, state: State) -> int:
    plan = plan_run(state, command="c", as_of=at(10), tool_version="1", builds=project.builds(), files=FILES)
    give_members_of(state.engine, "SELECT 'vip' AS audience, 'u' || hash(range) AS user_id FROM range(200000)")
    changes = find_changes(state.engine, state, plan)
    make_rows(state.engine, plan, changes)
    built = list(project.audiences.values())
    syncs = find_syncs(
        state.engine, state, changes, run=plan.run.number, audiences=built, destinations=project.destinations, asked=WHAT_CHANGED
    )
    written = write_run(state, plan, changes, audiences=project.audiences, syncs=syncs, outputs=project.outputs, file_format="parquet")
    return written.members["vip"].rows


def test_member_files_that_are_as_they_should_be_are_not_touched(project: Project) -> None:
    members = {"vip": ["u1"], "plain": ["u2"]}
    project.run(at(10), members, TRAITS)
    stamps = {path: path.stat().st_mtime_ns for path in project.outputs.rglob("members.*")}
    _, written = project.run(at(11), members, TRAITS)
    assert written.rewritten == ()
    assert {path: path.stat().st_mtime_ns for path in project.outputs.rglob("members.*")} == stamps


@pytest.mark.parametrize("damage", ["missing", "other bytes", "same size"])
def test_a_damaged_member_file_is_written_again_without_a_run(project: Project, damage: str) -> None:
    members = {"vip": ["u1"], "plain": ["u2"]}
    project.run(at(10), members, TRAITS)
    tree, runs = project.tree(), project.dump()["run"]
    path = project.outputs / "audiences/plain/members.jsonl"
    match damage:
        case "missing":
            path.unlink()
        case "other bytes":
            path.write_text("edited by hand\n")
        case _:
            path.write_bytes(path.read_bytes().replace(b"u2", b"u7"))
    plan, written = project.run(at(10), members, TRAITS)
    assert plan.unchanged == ("vip",)
    assert written.run is None
    assert written.rewritten == ("audiences/plain/members.jsonl",)
    assert (project.tree(), project.dump()["run"]) == (tree, runs)
    assert project.run(at(10), members, TRAITS)[0].unchanged == ("plain", "vip")


def test_another_format_takes_the_place_of_the_one_before(project: Project) -> None:
    members = {"vip": ["u1"], "plain": ["u2"]}
    project.run(at(10), members, TRAITS, file_format="jsonl")
    before = project.tree()
    project.run(at(10), members, TRAITS, file_format="csv")
    assert [path for path in project.tree() if "members" in path] == ["audiences/plain/members.csv", "audiences/vip/members.csv"]
    project.run(at(10), members, TRAITS, file_format="jsonl")
    assert project.tree() == before


def test_traits_that_change_show_in_the_member_file_but_are_no_change_of_membership(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"]}, TRAITS)
    _, written = project.run(at(11), {"vip": ["u1"]}, {"u1": {"email": '"new@x"'}})
    assert written.folder is None
    assert written.rewritten == ("audiences/vip/members.jsonl",)
    assert b"new@x" in project.tree()["audiences/vip/members.jsonl"]
