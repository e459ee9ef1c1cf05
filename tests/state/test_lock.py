"""One run at a time."""

import os
import signal
import time
from pathlib import Path

import pytest

from engage_cli.errors import EngageError, ExitCode, LockedError
from engage_cli.state.lock import hold_lock
from tests.state.processes import holding, start
from tests.state.support import NOON, Project, at, audience


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".engage" / "lock"


def take(lock: Path, wait: float = 0) -> None:
    with hold_lock(lock, command="audience build", started=NOON, wait=wait):
        pass


def test_a_held_lock_names_its_holder(lock: Path) -> None:
    with holding(lock) as holder:
        begun = time.monotonic()
        with pytest.raises(LockedError) as refused:
            take(lock, wait=0.3)
        assert time.monotonic() - begun >= 0.3
    assert refused.value.exit_code == ExitCode.LOCKED
    assert refused.value.message == (
        f"another run holds the state: process {holder.pid} (`engage audience build`, started 2026-11-23T12:00:00Z);"
        f" waited 0.3 seconds for {lock}"
    )
    assert refused.value.hint == "let it finish, or wait longer with `--wait SECONDS`"


def test_a_waiting_run_goes_on_when_the_holder_ends(lock: Path) -> None:
    with holding(lock, seconds=0.5):
        take(lock, wait=30)


def test_a_killed_holder_leaves_nothing_to_clean(lock: Path) -> None:
    with holding(lock) as holder:
        assert holder.pid is not None
        os.kill(holder.pid, signal.SIGKILL)
        holder.join()
        assert lock.exists()
        take(lock)


def test_the_lock_is_free_after_its_block_even_if_that_fails(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(lock, command="c", started=NOON, wait=0):
        _ = 1 / 0
    take(lock)


def test_a_second_lock_in_one_process_waits_too(lock: Path) -> None:
    with hold_lock(lock, command="c", started=NOON, wait=0), pytest.raises(LockedError):
        take(lock)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"process": 1}', "\xff"])
def test_a_holder_that_said_nothing_readable_is_still_a_holder(lock: Path, content: str) -> None:
    with hold_lock(lock, command="c", started=NOON, wait=0):
        lock.write_text(content, encoding="latin-1")
        with pytest.raises(LockedError, match="a process that has not said its name yet"):
            take(lock)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".engage").write_text("a file is in the way")
    with pytest.raises(EngageError, match=r"cannot make the folder .*\.engage"):
        take(tmp_path / ".engage" / "lock")


def _run(folder: Path) -> None:
    Project(folder, audience("vip")).run(at(10), {"vip": ["u1"]}, wait=30)


def test_runs_at_once_take_turns(tmp_path: Path) -> None:
    processes = [start(_run, tmp_path) for _ in range(4)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    project = Project(tmp_path, audience("vip"))
    assert len(project.dump()["run"]) == 1
    assert len(list((project.outputs / "runs").iterdir())) == 1
