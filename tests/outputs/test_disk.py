"""Disks that are full or read-only: an error that says so, and nothing half done."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engage_cli import files
from engage_cli.errors import EngageError
from engage_cli.outputs.publish import recover
from tests.state.processes import start
from tests.state.support import Project, at, audience

USERS = [f"user_{number:05}" for number in range(4000)]
DISK_BYTES = 64 * 1024 * 1024
FIRST, SECOND = {"vip": USERS[:2000]}, {"vip": USERS[1000:]}


def project_in(folder: Path) -> Project:
    return Project(folder, audience("vip", sync=["crm", "hub"]))


@pytest.fixture(scope="module")
def after_first(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = project_in(tmp_path_factory.mktemp("first"))
    project.run(at(10), FIRST)
    return project


@pytest.fixture(scope="module")
def undisturbed(after_first: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = after_first.copied_to(tmp_path_factory.mktemp("undisturbed"))
    project.run(at(11), SECOND)
    return project


def parts(project: Project) -> list[Path]:
    return [path for path in project.folder.rglob("*") if ".part" in path.name]


def second_run_fails(folder: Path) -> None:
    """Runs in another process: exits with 0 only for an error that says what happened."""
    try:
        project_in(folder).run(at(11), SECOND)
    except EngageError as error:
        assert error.message
        return
    raise SystemExit(3)


def second_run_with_small_files(folder: Path, size: int) -> None:
    """The same, where no file may grow beyond `size` bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    second_run_fails(folder)


def exit_code(process: object) -> int | None:
    process.join(60)  # type: ignore[attr-defined]  # BaseProcess of any context
    return process.exitcode  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("size", [0, 1_000, 60_000, 200_000, 500_000, 900_000])
def test_a_run_that_meets_a_limit_of_file_size_leaves_everything_as_it_was_or_finishes(
    after_first: Project, undisturbed: Project, tmp_path: Path, size: int
) -> None:
    project = after_first.copied_to(tmp_path)
    assert exit_code(start(second_run_with_small_files, tmp_path, size)) in (0, 3)
    project.run(at(11), SECOND)
    assert project.tree() == undisturbed.tree()
    assert project.dump(sound=True) == undisturbed.dump()
    assert parts(project) == []


def test_a_full_disk_while_writing_changes_nothing(after_first: Project, tmp_path: Path) -> None:
    project = after_first.copied_to(tmp_path)
    before = project.tree(), project.dump()
    assert exit_code(start(second_run_with_small_files, tmp_path, 60_000)) == 0
    assert (project.tree(), project.dump()) == before
    assert parts(project) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which starts large enough; where none may be mounted, a folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and _mount("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder))
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _mount(*arguments: str) -> bool:
    with suppress(OSError):
        return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0
    return False


@pytest.mark.parametrize("free_kilobytes", [0, 4, 64, 256, 400, 512, 700, 900, 1024, 1536, 2048, 3072])
def test_a_disk_that_fills_up_anywhere_in_a_run(after_first: Project, undisturbed: Project, small_disk: Path, free_kilobytes: int) -> None:
    project = after_first.copied_to(small_disk)
    if small_disk.is_mount():
        free = shutil.disk_usage(small_disk).free
        assert free <= DISK_BYTES
        with (small_disk / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(free - free_kilobytes * 1024, 1))
        code = exit_code(start(second_run_fails, small_disk))
        (small_disk / "ballast").unlink()
    else:
        code = exit_code(start(second_run_with_small_files, small_disk, free_kilobytes * 1024))
    assert code in (0, 3)
    project.run(at(11), SECOND)
    assert project.tree() == undisturbed.tree()
    assert project.dump(sound=True) == undisturbed.dump()
    assert parts(project) == []


def _as_nobody(folder: Path, expected: str) -> None:
    if os.geteuid() == 0:
        os.seteuid(65534)
    with pytest.raises(EngageError) as refused:
        project_in(folder).run(at(11), SECOND)
    assert expected in refused.value.message, refused.value.message


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose parents everybody may pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("read_only", "expected"),
    [
        (".", "cannot open"),
        (".engage", "cannot open"),
        ("out/audiences/vip", "a file cannot be used"),
        ("out/runs", "cannot make the folder"),
    ],
)
def test_a_read_only_folder_is_explained_and_changes_nothing(
    after_first: Project, open_folder: Path, read_only: str, expected: str
) -> None:
    project = after_first.copied_to(open_folder)
    for path in [open_folder, *open_folder.rglob("*")]:
        path.chmod(0o777)
    target = open_folder / read_only
    for path in [target, *target.rglob("*")] if read_only in (".", ".engage") else [target]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = project.tree()
    assert exit_code(start(_as_nobody, open_folder, expected)) == 0
    assert project.tree() == before
    assert parts(project) == []


def test_an_error_after_the_commit_says_that_the_changes_are_kept(after_first: Project, tmp_path: Path) -> None:
    project = after_first.copied_to(tmp_path)
    published = files.part_of(tmp_path / ".engage" / "state.duckdb.published")
    published.mkdir()
    with pytest.raises(EngageError) as refused:
        project.run(at(11), SECOND)
    assert refused.value.message.startswith("the changes are committed, but not all of them are published: cannot write ")
    assert refused.value.hint is not None and refused.value.hint.endswith("; the next run publishes the rest, and nothing twice")
    published.rmdir()
    with project.state() as state:
        recover(state, project.outputs)
    assert project.dump(sound=True)
