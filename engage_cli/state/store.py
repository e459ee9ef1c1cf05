"""The state file: opened and migrated for a run, copied for readers, opened as that copy by them.

A run works on the file itself, under the lock (lock.py). Readers attach only the published copy, `<state>.published`, which is
replaced by rename: they never wait for a run and never see half of one.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError, LockedError
from engage_cli.state.migrations import MIGRATIONS, Migration, make_schema, migrate, refuse_newer, version_of
from engage_cli.state.packing import pack_if_loose

_MAGIC = b"DUCK"
_MAGIC_AT = 8
_HEADERS = 3 * 4096
"""Where DuckDB's file says of which database it is and by which checkpoint it was written, with checksums."""
_RESTORE = "put a backup in its place with `engage state restore`"


class State(Struct, frozen=True):
    """A state that is attached as `state`: the file itself, or for readers its published copy."""

    engine: Engine
    path: Path
    """The state file's own path, also where its copy is attached."""
    copied: int | None = None
    """The revision of the state when it was opened, if the copy for readers was seen to be of the same bytes then."""

    def close(self) -> None:
        """Let go of the file."""
        self.engine.detach("state")


def published_path(path: Path) -> Path:
    """Where the copy for readers of the state at `path` is."""
    return path.with_name(path.name + ".published")


def lock_path(path: Path) -> Path:
    """Where the lock of the state at `path` is."""
    return path.with_name("lock")


def restoring_path(path: Path) -> Path:
    """Where a backup is brought forward and checked before it takes the place of the state at `path`."""
    return path.with_name(path.name + ".restoring")


def wal_path(path: Path) -> Path:
    """Where DuckDB keeps what is committed but not yet in the file."""
    return path.with_name(path.name + ".wal")


def is_database(path: Path) -> bool:
    """Whether the file begins as a DuckDB database does."""
    with files.on_disk("read", path), path.open("rb") as file:
        return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def open_state(engine: Engine, path: Path, *, tool_version: str, migrations: Sequence[Migration] = MIGRATIONS) -> State:
    """Attach the state for a run: made where it is missing, brought to the newest schema version after a backup copy beside it.

    The caller holds the lock. Raises EngageError for a file that is no state, is of a newer version, or is gone while its copy remains.
    """
    files.make_folder(path.parent)
    for leftover in (files.part_of(path), restoring_path(path)):
        files.remove(wal_path(leftover))
        files.remove(leftover)
    if not path.exists():
        _refuse_lost(path)
        _create(engine, path, tool_version, migrations)
    is_copied = _is_copied(path)
    _attach(engine, path)
    version = version_of(engine)
    if version == 0:
        engine.detach("state")
        raise EngageError(f"{path} is a DuckDB database but no state of engage", hint="name another file under `state` in engage.yaml")
    try:
        refuse_newer(version, path, migrations)
    except EngageError:
        engine.detach("state")
        raise
    state = State(engine, path, int(engine.rows(_REVISION)[0][0]) if is_copied and version == migrations[-1].version else None)
    if version < migrations[-1].version:
        copy_state(state, path.with_name(f"{path.name}.version-{version}"))
        migrate(engine, tool_version, migrations)
    return state


def scratch_state(engine: Engine, *, tool_version: str) -> State:
    """An empty state in memory, which goes with the engine: for what is computed as if nothing had been before."""
    engine.attach(Path(":memory:"), "state")
    make_schema(engine, tool_version)
    return State(engine, Path(":memory:"))


def open_published(
    engine: Engine, path: Path, *, migrations: Sequence[Migration] = MIGRATIONS, older_is_none: bool = False
) -> State | None:
    """Attach the copy for readers of the state at `path`; None where no run has published anything yet.

    Raises EngageError for a copy of another schema version; with `older_is_none` an older one is as none.
    """
    copy = published_path(path)
    if not copy.exists():
        return None
    _attach(engine, copy, read_only=True)
    version = version_of(engine)
    try:
        refuse_newer(version, copy, migrations)
        if version < migrations[-1].version and older_is_none:
            engine.detach("state")
            return None
        if version < migrations[-1].version:
            raise EngageError(
                f"{copy} has schema version {version}, this engage reads version {migrations[-1].version}",
                hint="run `engage audience build` once: it brings the state forward",
            )
    except EngageError:
        engine.detach("state")
        raise
    return State(engine, path)


def publish_copy(state: State) -> None:
    """Replace the copy that readers see by the state as it is now, whose file is written anew first where it has grown too much."""
    state.engine.execute("CHECKPOINT state")
    pack_if_loose(state.engine, state.path, restoring_path(state.path))
    copy_state(state, published_path(state.path))


def publish_copy_if_stale(state: State) -> bool:
    """Replace the readers' copy if it is not of the state's edition; whether it was not."""
    if state.copied is not None and (state.copied,) == state.engine.rows(_REVISION)[0]:
        return False
    if _published_edition(state) == state.engine.rows(_EDITION)[0]:
        return False
    publish_copy(state)
    return True


def copy_state(state: State, destination: Path) -> None:
    """Copy the state whole to another file, by way of a part that is fsynced and renamed.

    The state is let go of meanwhile: reading a file that DuckDB holds open would drop DuckDB's own lock on it.
    """
    crash_point("checkpoint")
    state.engine.execute("CHECKPOINT state")
    state.engine.detach("state")
    try:
        files.copy_file(state.path, destination)
    finally:
        state.engine.attach(state.path, "state")


def next_revision(engine: Engine) -> None:
    """Count a transaction. Called inside each that changes the state."""
    engine.execute("UPDATE state.main.revision SET number = number + 1")


_REVISION = "SELECT number FROM state.main.revision"
_EDITION = """
    SELECT number, (SELECT arg_max(run_id, number) FROM state.main.run), (SELECT max(version) FROM state.main.migration)
    FROM state.main.revision
"""
_PUBLISHED_EDITION = """
    SELECT number, (SELECT arg_max(run_id, number) FROM published.main.run), (SELECT max(version) FROM published.main.migration)
    FROM published.main.revision
"""


def _is_copied(path: Path) -> bool:
    """Whether the copy for readers of a state that nobody has opened is sure to be of its bytes: younger, as large, and by the same
    checkpoint of the same database. Asked first, since opening the copy costs as much as ten queries."""
    copy = published_path(path)
    if wal_path(path).exists() or not copy.exists():
        return False
    state, published = path.stat(), copy.stat()
    if state.st_size != published.st_size or published.st_mtime_ns < state.st_mtime_ns:
        return False
    with files.on_disk("read", path), path.open("rb") as one, copy.open("rb") as other:
        return one.read(_HEADERS) == other.read(_HEADERS)


def _published_edition(state: State) -> tuple[object, ...] | None:
    """The edition of the readers' copy; None for one that is missing, cannot be read, or has not the size of the state."""
    copy = published_path(state.path)
    if not copy.exists() or copy.stat().st_size != state.path.stat().st_size or not is_database(copy):
        return None
    try:
        state.engine.attach(copy, "published", read_only=True)
    except EngageError:
        return None
    try:
        return state.engine.rows(_PUBLISHED_EDITION)[0]
    except EngageError:
        return None
    finally:
        state.engine.detach("published")


def _create(engine: Engine, path: Path, tool_version: str, migrations: Sequence[Migration]) -> None:
    """Make an empty state under a part name, so that a half-made one is never taken for a state."""
    part = files.part_of(path)
    engine.attach(part, "state")
    make_schema(engine, tool_version, migrations)
    engine.execute("CHECKPOINT state")
    engine.detach("state")
    files.sync_file(part)
    files.rename(part, path)


def _attach(engine: Engine, path: Path, *, read_only: bool = False) -> None:
    if not is_database(path):
        raise EngageError(f"{path} is not a DuckDB database", hint=_RESTORE)
    try:
        engine.attach(path, "state", read_only=read_only)
    except LockedError:
        raise
    except EngageError as error:
        raise EngageError(f"{path} cannot be opened: {error.message}", hint=error.hint or _RESTORE) from error


def _refuse_lost(path: Path) -> None:
    copy = published_path(path)
    if copy.exists():
        raise EngageError(
            f"{path} is gone, but {copy.name} shows that it existed; without it every member would be announced again",
            hint=f"`engage state restore {copy}` brings back what readers last saw; to begin anew, delete {copy.name} too",
        )
