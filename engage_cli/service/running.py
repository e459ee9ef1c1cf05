"""What every run that reads events and writes the state does around its work: the lock, the state, what a killed run left."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from engage_cli import __version__
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, StillWrittenError
from engage_cli.engine.duckdb_engine import forget_store
from engage_cli.engine.failures import DamagedError
from engage_cli.outputs.publish import recover
from engage_cli.service.clock import started_at
from engage_cli.service.forgotten import finish_forgetting
from engage_cli.service.workspace import engine_for
from engage_cli.state.lock import hold_lock
from engage_cli.state.store import State, lock_path, open_state

MOST_LEFT = 100
"""Files that one run leaves for the next because they are being written; with more, it says so and ends."""

Result = TypeVar("Result")


class Opened(Struct, frozen=True):
    """A run under the lock: what it works with, the files that it leaves for the next one, and in words what a killed run had left."""

    engine: Engine
    state: State
    left: tuple[str, ...]
    recovered: tuple[str, ...]


def lock_of(project: Project, folder: Path, command: str, wait: float) -> AbstractContextManager[None]:
    """The project's lock, for as long as the block runs."""
    return hold_lock(lock_path(folder / project.config.state), command=command, started=started_at(), wait=wait)


def run_locked(
    project: Project, folder: Path, command: str, wait: float, work: Callable[[Opened], Result], *, locked: bool = False
) -> Result:
    """Do a run's `work` under the project's lock, which the caller holds where it is `locked`; again without the files of events that turn
    out to be written still."""
    with nullcontext() if locked else lock_of(project, folder, command, wait):
        try:
            return _run(project, folder, work)
        except DamagedError:
            # The store is a cache: where a block of it is damaged, it is made anew. If it was the state, the second try says so.
            if project.config.store is None or not forget_store(folder / project.config.store):
                raise
            return _run(project, folder, work)


def _run(project: Project, folder: Path, work: Callable[[Opened], Result]) -> Result:
    left: tuple[str, ...] = ()
    while True:
        try:
            return _run_without(project, folder, left, work)
        except StillWrittenError as error:
            if len(left) >= MOST_LEFT or set(error.paths) <= set(left):
                raise
            left = (*left, *error.paths)


def _run_without(project: Project, folder: Path, left: tuple[str, ...], work: Callable[[Opened], Result]) -> Result:
    with engine_for(project, folder) as engine:
        engine.leave(left)
        state = open_state(engine, folder / project.config.state, tool_version=__version__)
        found = recover(state, folder / project.config.outputs)
        finish_forgetting(project, folder, state)
        recovered = [f"finished writing {path}" for path in found.finished]
        recovered += [f"removed the unfinished {path}" for path in found.removed]
        return work(Opened(engine, state, left, tuple(recovered)))
