"""`store status`, `rebuild`, `compact`: the event store looked at, made anew, and merged into one segment."""

from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.project import Project
from engage_cli.engine.base import StoreReport, Upkeep
from engage_cli.errors import UsageError
from engage_cli.service.clock import resolve_as_of, started_at
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.workspace import engine_for, load, needs_of_all
from engage_cli.state.lock import hold_lock
from engage_cli.state.store import lock_path


class EventStore(Struct, frozen=True):
    """The event store of a project: its folder as engage.yaml names it, and what is in it."""

    path: Path
    report: StoreReport


def store_status(folder: Path, *, progress: Progress = SILENT) -> EventStore:
    """The store as the last run left it, and which files changed since. It takes no lock and writes nothing.

    Raises UsageError where the project has none.
    """
    project = load(folder)
    path = _path_of(project)
    with engine_for(project, folder) as engine, progress.stage("looking for input files"):
        needs = needs_of_all(project, resolve_as_of(None, project.config.timezone))
        return EventStore(path, engine.store_report(project.config.sources, needs))


def rebuild_store(folder: Path, *, wait: float = 30.0, progress: Progress = SILENT) -> EventStore:
    """Make the store anew of all files of events, with what the definitions ask for now.

    Raises LockedError where another run goes on, DataError for files that cannot be read, UsageError where the project has no store.
    """
    return _tended(folder, Upkeep.REBUILD, "store rebuild", "reading events", wait, progress)


def compact_store(folder: Path, *, wait: float = 30.0, progress: Progress = SILENT) -> EventStore:
    """Take in what is new, and make one segment of all, without the rows that no longer count. Raises as `rebuild_store` does."""
    return _tended(folder, Upkeep.COMPACT, "store compact", "compacting the event store", wait, progress)


def _tended(folder: Path, upkeep: Upkeep, command: str, title: str, wait: float, progress: Progress) -> EventStore:
    project = load(folder)
    config = project.config
    path = _path_of(project)
    needs = needs_of_all(project, resolve_as_of(None, config.timezone))
    with (
        hold_lock(lock_path(folder / config.state), command=command, started=started_at(), wait=wait),
        engine_for(project, folder) as engine,
    ):
        with progress.stage("looking for input files"):
            engine.input_files(config.sources, ())
        with progress.stage(title):
            return EventStore(path, engine.tend_store(config.sources, needs, upkeep))


def _path_of(project: Project) -> Path:
    if project.config.store is None:
        raise UsageError(
            "there is no event store: `store: none` in engage.yaml reads the files at every run",
            hint="set `store: .engage/events`",
        )
    return Path(project.config.store)
