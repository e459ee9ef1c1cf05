"""Backups, and putting one back."""

import shutil
from itertools import count
from pathlib import Path

import pytest

from engage_cli.errors import EngageError, UsageError
from engage_cli.state.backup import backup_state, restore_state
from engage_cli.state.check import check_state
from engage_cli.state.migrations import MIGRATIONS, Migration
from engage_cli.state.readers import standings
from engage_cli.state.store import open_state
from tests.state.engine import make_engine
from tests.state.processes import run_killed
from tests.state.support import Project, at, audience, memory_folder
from tests.support.kills import stride


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", audience("vip", sync=["crm"]))
    project.run(at(10), {"vip": ["u1"]})
    return project


@pytest.fixture
def backup(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "backup.duckdb"
    with project.state() as state:
        backup_state(state, path)
    return path


def restore(project: Project, source: Path) -> Path | None:
    with make_engine(project.folder) as engine:
        return restore_state(engine, source, project.state_path, tool_version="1.2.3")


def test_a_backup_put_back_is_the_state_it_was(project: Project, backup: Path) -> None:
    then = project.dump()
    project.run(at(11), {"vip": ["u1", "u2"]})
    now = project.dump()
    assert now != then

    kept = restore(project, backup)

    assert project.dump() == then
    with project.state() as state:
        assert check_state(state) == []
    with project.published() as state:
        assert standings(state)["vip"].as_of == at(10)
    assert kept is not None
    restore(project, kept)
    assert project.dump() == now


def test_runs_after_a_restore_give_the_same_files_again(project: Project, backup: Path) -> None:
    project.run(at(11), {"vip": ["u1", "u2"]})
    files, state = project.tree(), project.dump()
    restore(project, backup)
    project.run(at(11), {"vip": ["u1", "u2"]})
    assert project.tree() == files
    assert project.dump() == state


def test_a_backup_overwrites_nothing(project: Project, backup: Path) -> None:
    before = backup.read_bytes()
    with project.state() as state, pytest.raises(UsageError, match="exists already"):
        backup_state(state, backup)
    assert backup.read_bytes() == before


def test_a_state_is_restored_where_there_is_none(project: Project, backup: Path) -> None:
    then = project.dump()
    project.state_path.unlink()
    assert restore(project, backup) is None
    assert project.dump() == then


def test_a_state_that_is_broken_is_replaced(project: Project, backup: Path) -> None:
    then = project.dump()
    project.state_path.write_bytes(b"x" * 5000)
    project.state_path.with_name("state.duckdb.wal").write_bytes(b"y" * 50)
    restore(project, backup)
    assert project.dump() == then


def test_what_is_no_sound_state_is_refused_and_changes_nothing(project: Project, tmp_path: Path) -> None:
    before = project.state_path.read_bytes()
    missing, text, other, damaged = (tmp_path / name for name in ("missing", "text", "other", "damaged"))
    text.write_text("hello")
    with make_engine(tmp_path) as engine:
        engine.attach(other, "other")
        engine.execute("CREATE TABLE other.run (x INTEGER)")
    with project.state() as state:
        backup_state(state, damaged)
    with make_engine(tmp_path) as engine:
        state = open_state(engine, damaged, tool_version="1")
        engine.execute("DELETE FROM state.main.outbox")
        state.close()
    torn = tmp_path / "torn"
    torn.write_bytes(before)
    (tmp_path / "torn.wal").write_bytes(b"changes")
    for source, message in (
        (missing, "there is no file"),
        (text, "is not a DuckDB database"),
        (other, "no state of engage"),
        (damaged, "is damaged: a clock counts other changes"),
        (torn, "is not whole"),
    ):
        with pytest.raises(EngageError, match=message):
            restore(project, source)
        assert project.state_path.read_bytes() == before
        assert sorted(path.name for path in project.state_path.parent.iterdir()) == [
            "lock",
            "state.duckdb",
            "state.duckdb.published",
        ]


def test_a_backup_of_a_newer_version_is_refused_and_one_of_an_earlier_comes_forward(project: Project, backup: Path) -> None:
    later = (*MIGRATIONS, Migration(MIGRATIONS[-1].version + 1, "a note for each run", ("ALTER TABLE state.run ADD COLUMN note VARCHAR",)))
    earlier = backup.read_bytes()
    with make_engine(project.folder) as engine:
        restore_state(engine, backup, project.state_path, tool_version="2", migrations=later)
    assert backup.read_bytes() == earlier
    with make_engine(project.folder) as engine:
        open_state(engine, project.state_path, tool_version="2", migrations=later).close()
    with pytest.raises(EngageError, match=r"has schema version \d+; this engage knows versions up to \d+"):
        restore(project, project.state_path)


def _restore_in(folder: Path, source: Path) -> None:
    restore(Project(folder), source)


def test_a_restore_killed_at_any_point_leaves_the_one_state_or_the_other(project: Project, backup: Path) -> None:
    then = project.dump()
    project.run(at(11), {"vip": ["u1", "u2"]})
    now = project.dump()
    with memory_folder() as memory:
        points = _restore_killed_at_every_point(project, backup, memory, (then, now))
    assert points > 8


def _restore_killed_at_every_point(project: Project, backup: Path, memory: Path, states: tuple[object, object]) -> int:
    for point in count(1, stride(3)):
        killed = project.copied_to(memory / f"killed_at_{point}")
        if not run_killed(_restore_in, killed.folder, backup, crash_at=str(point)):
            return point - 1
        assert killed.dump() in states, f"killed at point {point}"
        killed.run(at(12), {"vip": ["u1", "u3"]})
        assert killed.dump(sound=True)
        shutil.rmtree(killed.folder)
    raise AssertionError
