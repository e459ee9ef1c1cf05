"""`state backup`, `restore`, `check`: keeping what cannot be computed again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engage_cli import __version__, files
from engage_cli.definitions.project import Project
from engage_cli.delivery.log import log_lock
from engage_cli.delivery.log import log_path as deliveries_path
from engage_cli.delivery.log_copies import LOG_COPY, copy_log
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.outputs.publish import recover
from engage_cli.service.clock import started_at
from engage_cli.service.forgotten import finish_forgetting, forgotten_folder, with_forgotten
from engage_cli.service.imported import imported_folder
from engage_cli.service.results.project import StateFinding
from engage_cli.service.workspace import engine_for, kept_folder, load
from engage_cli.state.backup import backup_state, restore_state
from engage_cli.state.check import check_state as find_broken
from engage_cli.state.lock import hold_lock
from engage_cli.state.store import State, lock_path, open_state, publish_copy_if_stale


def backup(folder: Path, destination: Path | None = None, *, wait: float = 30.0) -> Path:
    """Copy the state to a file (by default beside it, named after its revision); where the copy is. Never overwrites one."""
    project = load(folder)
    with _opened(folder, project, "state backup", wait) as (engine, state):
        number = int(engine.rows("SELECT number FROM state.main.revision")[0][0])
        target = destination or state.path.with_name(f"{state.path.name}.backup-{number:06d}")
        backup_state(state, target.absolute())
        for kind, kept in _folders(project, folder).items():
            _copy_missing(kept, _beside(target, kind))
        log = deliveries_path(state.path)
        if log.exists():
            copy_log(log, _beside(target, LOG_COPY))
        return target


def restore(folder: Path, source: Path, *, wait: float = 30.0) -> Path | None:
    """Put a backup in place of the state, after checking it; where the state before it was kept, if there was one."""
    project = load(folder)
    path = folder / project.config.state
    with (
        hold_lock(lock_path(path), command="state restore", started=started_at(), wait=wait),
        engine_for(project, folder) as engine,
    ):
        _restore_log(_beside(source, LOG_COPY), deliveries_path(path), wait)
        earlier = restore_state(engine, source.absolute(), path, tool_version=__version__)
        for kind, kept in _folders(project, folder).items():
            _copy_missing(_beside(source, kind), kept)
        state = open_state(engine, path, tool_version=__version__)
        finish_forgetting(with_forgotten(project, folder), folder, state)
        publish_copy_if_stale(state)
        return earlier


def _restore_log(copy: Path, log: Path, wait: float) -> None:
    """Bring back the delivery log where it is gone: without it, all would be sent again. One that is there knows more, and stays."""
    if not copy.exists():
        return
    with hold_lock(log_lock(log), command="state restore", started=started_at(), wait=wait, what="the delivery log"):
        if not log.exists():
            copy_log(copy, log)


def _folders(project: Project, folder: Path) -> dict[str, Path]:
    """What is as precious as the state: copies of files that sources keep (`on_missing_file: keep`), imported consents, and
    who was forgotten."""
    return {
        "kept": kept_folder(project, folder),
        "consents": imported_folder(project, folder),
        "forgotten": forgotten_folder(project, folder),
    }


def _beside(backup_file: Path, kind: str) -> Path:
    """Where a backup has such a folder."""
    return backup_file.with_name(f"{backup_file.name}.{kind}").absolute()


def _copy_missing(source: Path, destination: Path) -> None:
    """Copy a tree of files as far as it is not there. One that is there is as new or newer, and stays."""
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        target = destination / path.relative_to(source)
        if not target.exists():
            files.make_folder(target.parent)
            files.copy_file(path, target)
            status = path.stat()
            os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))


def check_state(folder: Path, *, wait: float = 30.0) -> tuple[StateFinding, ...]:
    """Every invariant of the state that does not hold; none for a sound one."""
    project = load(folder)
    with _opened(folder, project, "state check", wait) as (_, state):
        found = find_broken(state)
    hint = "`engage state restore` puts a backup in its place"
    return tuple(StateFinding(f"{one.message} ({one.rows} rows, such as {one.example})", hint) for one in found)


@contextmanager
def _opened(folder: Path, project: Project, command: str, wait: float) -> Iterator[tuple[Engine, State]]:
    """The state, opened under the lock, with what a killed run left finished or removed."""
    path = folder / project.config.state
    if not path.exists():
        raise EngageError(f"there is no state yet at {path}", hint="`engage audience build` makes it")
    with (
        hold_lock(lock_path(path), command=command, started=started_at(), wait=wait),
        engine_for(project, folder) as engine,
    ):
        state = open_state(engine, path, tool_version=__version__)
        recover(state, folder / project.config.outputs)
        finish_forgetting(project, folder, state)
        yield engine, state
