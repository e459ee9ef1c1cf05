"""A run killed anywhere, then run again, equals an undisturbed run. Real processes, really killed."""

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engage_cli import files
from engage_cli.outputs.folder import is_whole
from engage_cli.state.readers import standings
from tests.state.processes import run_killed, start
from tests.state.support import Project, Traits, at, audience, memory_folder
from tests.support.kills import stride

TRAITS: Traits = {"u1": {"email": '"a@x"'}, "u2": {"email": '"b@x"', "plan": '{"n": 1}'}, "u4": {"plan": '"pro"'}}
LATER: Traits = {**TRAITS, "u2": {"email": '"new@x"', "phone": '"07400 123456"'}, "u4": {"plan": '"pro"', "phone": '"+1 650 555 1212"'}}
FIRST = {"vip": ["u1", "u2"], "active": ["u1", "u2", "u3"]}
SECOND = {"vip": ["u2", "u4"], "active": ["u1", "u2", "u3"]}
LANES = 4
STRIDE = stride(4)
"""The crash points are dealt out to so many tests, which may run side by side."""
Tree = dict[str, bytes]
Snapshot = tuple[Tree, dict[str, list[tuple[Any, ...]]]]


def project_in(folder: Path) -> Project:
    return Project(folder, audience("vip", traits=["email", "plan"], sync=["crm", "hub", "ads"]), audience("active", sync=["ads"]))


def first_run(folder: Path) -> None:
    """The run that makes the state."""
    project_in(folder).run(at(10), FIRST, TRAITS, file_format="csv", wait=30)


def second_run(folder: Path) -> None:
    """Enters and exits, other identifiers on lists, another format, so that a member file of the old one has to go."""
    project_in(folder).run(at(11), SECOND, LATER, wait=30)


def lone_run(folder: Path) -> None:
    """The same of a project with one audience: fewer points, and the state is made on the way."""
    Project(folder, audience("vip")).run(at(10), {"vip": ["u1", "u2"]}, wait=30)


def snapshot(folder: Path) -> Snapshot:
    """All files and all rows of a project whose state is sound."""
    project = project_in(folder)
    return project.tree(), project.dump(sound=True)


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    first_run(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(after_first: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("undisturbed") / "project"
    shutil.copytree(after_first, folder)
    second_run(folder)
    return snapshot(folder)


def assert_readable(folder: Path, before: Tree, after: Tree) -> None:
    """What a reader may meet while nobody has recovered yet: whole files under final names, old or new, and a whole published state."""
    project = project_in(folder)
    for path, content in project.tree().items():
        if ".part" not in path:
            assert content in (before.get(path), after.get(path)), path
    for run in (project.outputs / "runs").glob("*"):
        if not run.name.endswith(".part"):
            assert is_whole(run, files.sha256_of(run / "manifest.json"))
    with project.published() as state:
        assert {name: standing.size for name, standing in standings(state).items()} in ({}, SIZES, {"vip": 2})


SIZES = {name: len(users) for name, users in SECOND.items()}


def kill_at_points(lane: int, folder: Path, run: Callable[[Path], None], base: Path | None, expected: Snapshot, before: Tree) -> int:
    """Kill `run` at the crash points of a lane, and run it again each time; how many points there were."""
    for point in count(lane * STRIDE + 1, LANES * STRIDE):
        project = folder / f"killed_at_{point}"
        if base is None:
            project.mkdir()
        else:
            shutil.copytree(base, project)
        if not run_killed(run, project, crash_at=str(point)):
            return point - 1
        assert_readable(project, before, expected[0])
        run(project)
        assert snapshot(project) == expected, f"killed at point {point}"
        shutil.rmtree(project)
    raise AssertionError


@pytest.mark.parametrize("lane", range(LANES))
def test_a_run_killed_at_any_point_and_run_again_is_an_undisturbed_one(
    lane: int, after_first: Path, undisturbed: Snapshot, memory: Path
) -> None:
    points = kill_at_points(lane, memory, second_run, after_first, undisturbed, project_in(after_first).tree())
    assert points > 45


@pytest.mark.parametrize("lane", range(LANES))
def test_the_first_run_killed_at_any_point_and_run_again_is_an_undisturbed_one(lane: int, memory: Path) -> None:
    lone_run(memory / "undisturbed")
    points = kill_at_points(lane, memory, lone_run, None, snapshot(memory / "undisturbed"), {})
    assert points > 40


def test_a_recovery_killed_too_is_finished_by_the_next(after_first: Path, undisturbed: Snapshot, memory: Path) -> None:
    chosen = random.Random(2026)
    for attempt in range(4):
        project = memory / f"attempt_{attempt}"
        shutil.copytree(after_first, project)
        points = [str(chosen.randint(1, 55)), *(str(chosen.randint(1, 30)) for _ in range(2))]
        for point in points:
            run_killed(second_run, project, crash_at=point)
        second_run(project)
        assert snapshot(project) == undisturbed, f"killed at points {points}"
        shutil.rmtree(project)


def test_a_run_killed_at_any_moment_and_run_again_is_an_undisturbed_one(after_first: Path, undisturbed: Snapshot, memory: Path) -> None:
    chosen = random.Random(2026)
    for attempt in range(8):
        project = memory / f"attempt_{attempt}"
        shutil.copytree(after_first, project)
        process = start(second_run, project)
        time.sleep(chosen.uniform(0.02, 0.6))
        process.kill()
        process.join()
        second_run(project)
        assert snapshot(project) == undisturbed
        shutil.rmtree(project)


@pytest.mark.parametrize("lost", ["all parts", "a file of the run's folder", "a member file", "the manifest's bytes"])
def test_parts_lost_after_the_commit_are_written_again(after_first: Path, undisturbed: Snapshot, tmp_path: Path, lost: str) -> None:
    project = tmp_path / "project"
    shutil.copytree(after_first, project)
    assert run_killed(second_run, project, crash_at="committed")
    outputs = project_in(project).outputs
    [folder] = outputs.glob("runs/*.part")
    member = outputs / "audiences/vip/members.jsonl.part"
    match lost:
        case "all parts":
            shutil.rmtree(outputs)
        case "a file of the run's folder":
            (folder / "syncs/crm/vip.jsonl").unlink()
        case "a member file":
            member.unlink()
        case _:
            (folder / "manifest.json").write_text("{}")
    second_run(project)
    after, state = snapshot(project)
    kept = {path: content for path, content in undisturbed[0].items() if lost != "all parts" or "T110000Z" in path or "members" in path}
    assert after == kept
    assert state == undisturbed[1]


def test_a_folder_of_the_name_that_is_not_what_was_committed_is_replaced(after_first: Path, undisturbed: Snapshot, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(after_first, project)
    [name] = {path.split("/")[1] for path in undisturbed[0] if "T110000Z" in path}
    squatter = project / "out/runs" / name
    squatter.mkdir()
    (squatter / "manifest.json").write_text(json.dumps({"files": []}))
    second_run(project)
    assert snapshot(project) == undisturbed


def test_parts_of_others_are_left_alone(after_first: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(after_first, project)
    kept = [project / "out/runs/notes.part", project / "out/audiences/vip/draft.part", project / "out/download.part"]
    for path in kept:
        path.write_text("somebody's")
    second_run(project)
    assert all(path.exists() for path in kept)
