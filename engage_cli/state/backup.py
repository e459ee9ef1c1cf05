"""`state backup` and `state restore`: the state as one file elsewhere, and back. The caller holds the lock."""

from collections.abc import Sequence
from pathlib import Path

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError, UsageError
from engage_cli.state.check import check_tables
from engage_cli.state.migrations import MIGRATIONS, Migration, migrate, refuse_newer, version_of
from engage_cli.state.store import State, copy_state, is_database, publish_copy, restoring_path, wal_path


def backup_state(state: State, destination: Path) -> None:
    """Copy the state to a file that does not exist yet."""
    if destination.exists():
        raise UsageError(f"{destination} exists already", hint="name another file: a backup never overwrites one")
    files.make_folder(destination.parent)
    copy_state(state, destination)


def restore_state(
    engine: Engine, source: Path, path: Path, *, tool_version: str, migrations: Sequence[Migration] = MIGRATIONS
) -> Path | None:
    """Put a backup in place of the state at `path`, which nothing may have attached; where the state before it was kept, if any.

    The backup is brought to the newest schema version and checked before anything is replaced; it is not changed itself. Raises
    EngageError for a file that is no sound state.
    """
    files.make_folder(path.parent)
    candidate = restoring_path(path)
    _remove_database(candidate)
    try:
        _prepare(engine, source, candidate, tool_version, migrations)
        kept = _keep_present(engine, path)
        files.rename(candidate, path)
    finally:
        _remove_database(candidate)
    engine.attach(path, "state")
    try:
        publish_copy(State(engine, path))
    finally:
        engine.detach("state")
    return kept


def _prepare(engine: Engine, source: Path, candidate: Path, tool_version: str, migrations: Sequence[Migration]) -> None:
    if not source.is_file():
        raise UsageError(f"there is no file {source}", hint="name a file that `engage state backup` wrote")
    if not is_database(source):
        raise EngageError(f"{source} is not a DuckDB database", hint="name a file that `engage state backup` wrote")
    if wal_path(source).exists():
        raise EngageError(
            f"{source} is not whole: {wal_path(source).name} beside it holds changes that are not in it",
            hint="name a file that `engage state backup` wrote, not one copied from under a run",
        )
    files.copy_file(source, candidate)
    engine.attach(candidate, "state")
    try:
        version = version_of(engine)
        if version == 0:
            raise EngageError(f"{source} is a DuckDB database but no state of engage", hint="name a file that `engage state backup` wrote")
        refuse_newer(version, source, migrations)
        migrate(engine, tool_version, migrations)
        findings = [finding for finding in check_tables(State(engine, candidate)) if finding.code != "run-unfinished"]
        if findings:
            raise EngageError(
                f"{source} is damaged: {findings[0].message} ({findings[0].example})",
                hint="use an older backup; the present state is as it was",
            )
        engine.execute("CHECKPOINT state")
    finally:
        engine.detach("state")
    files.sync_file(candidate)


def _keep_present(engine: Engine, path: Path) -> Path | None:
    """Copy the present state aside, with all that is committed in it, so that replacing its file replaces the whole of it."""
    if not path.exists():
        files.remove(wal_path(path))
        return None
    kept = path.with_name(path.name + ".before-restore")
    if wal_path(path).exists() and is_database(path):
        engine.attach(path, "state")
        engine.execute("CHECKPOINT state")
        engine.detach("state")
    files.copy_file(path, kept)
    crash_point("kept")
    files.remove(wal_path(path))
    return kept


def _remove_database(path: Path) -> None:
    files.remove(files.part_of(path))
    files.remove(path)
    files.remove(wal_path(path))
