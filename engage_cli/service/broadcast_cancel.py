"""`broadcast cancel`: nothing more of a broadcast goes. Who waits is skipped for the reason `cancelled`; what was sent stays sent."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli import __version__
from engage_cli.broadcasts.calling_off import call_off
from engage_cli.broadcasts.counting import Waterfall, waterfalls
from engage_cli.broadcasts.instants import instant_of_sending
from engage_cli.broadcasts.planning import plan_broadcast
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.errors import UsageError
from engage_cli.outputs.folder import run_path
from engage_cli.records import replace
from engage_cli.service.broadcast_plans import broadcast_named, essence, row_of
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.running import Opened, run_locked
from engage_cli.service.workspace import engine_for, load
from engage_cli.service.writing import write_and_commit
from engage_cli.state.broadcasts import BroadcastRow, broadcast_rows, commit_broadcasts
from engage_cli.state.hashes import digest
from engage_cli.state.instants import iso
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import next_run
from engage_cli.state.store import State, open_published, scratch_state

COMMAND = "broadcast cancel"


class CancelResult(Struct, frozen=True):
    """A broadcast that was cancelled: how many waited and are skipped now, and what became of all its recipients.

    `changed`: it was not cancelled before. `run` is None where nothing was committed, `cancelled_at` where it was sent to everybody, so
    that there is nothing to cancel.
    """

    broadcast: str
    cancelled_at: datetime | None
    dry_run: bool
    run: str | None
    skipped: int
    waterfall: Waterfall
    changed: bool
    written: tuple[Path, ...] = ()
    recovered: tuple[str, ...] = ()


def cancel_broadcast(folder: Path, name: str, *, as_of: datetime | None = None, dry_run: bool = False, wait: float = 30.0) -> CancelResult:
    """Cancel a broadcast from an instant (None: now) on: also one whose time has not come. Cancelled again it stays as it is.

    Raises UsageError for an unknown name, or an instant before its clock.
    """
    project = load(folder)
    instant = resolve_as_of(as_of, project.config.timezone)
    if dry_run:
        with engine_for(project, folder) as engine:
            state = open_published(engine, folder / project.config.state) or scratch_state(engine, tool_version=__version__)
            return _cancel(project, folder, engine, state, name, instant, dry_run=True)

    def work(opened: Opened) -> CancelResult:
        told = _cancel(project, folder, opened.engine, opened.state, name, instant, dry_run=False)
        return replace(told, recovered=opened.recovered)

    return run_locked(project, folder, COMMAND, wait, work)


def _cancel(project: Project, folder: Path, engine: Engine, state: State, name: str, at: datetime, *, dry_run: bool) -> CancelResult:
    rows = broadcast_rows(state)
    row, one = rows.get(name), broadcast_named(project, name, rows)
    if row is not None and row.cancelled_at is not None:
        return CancelResult(name, row.cancelled_at, dry_run, None, 0, _waterfall(engine, name), changed=False)
    if row is not None and at < row.as_of:
        raise UsageError(
            f"`{name}` was sent as of {iso(row.as_of)}, which is after {iso(at)}: what was sent until then stands",
            hint=f"give an instant from its clock on, such as --as-of {iso(row.as_of)}",
        )
    skipped = call_off(engine, name)
    if row is not None and not skipped:
        return CancelResult(name, None, dry_run, None, 0, _waterfall(engine, name), changed=False)
    if dry_run:
        return CancelResult(name, at, True, None, skipped, _waterfall(engine, name, with_run=True), changed=True)
    run = next_run(state, COMMAND, at, __version__, [(name, digest(essence(one) if row is None else row.definition))], [])
    kept = _row(project, one, at, run.number) if row is None else replace(row, as_of=at)

    def commit(run_files: Sequence[RunFile], pending: Sequence[Pending]) -> None:
        commit_broadcasts(state, run, [], [replace(kept, cancelled_at=at)], run_files=run_files, pending=pending)

    config = project.config
    files = write_and_commit(state, run, commit, config.destinations, folder / config.outputs)
    written = (Path(config.outputs) / run_path(run),) if files else ()
    return CancelResult(name, at, False, run.name, skipped, _waterfall(engine, name), changed=True, written=written)


def _row(project: Project, one: Broadcast, at: datetime, run: int) -> BroadcastRow:
    """A broadcast whose recipients were never found."""
    sending_at = instant_of_sending(one, project.config.timezone) or at
    return row_of(plan_broadcast(project, one, sending_at, None), at, None, run)


def _waterfall(engine: Engine, name: str, *, with_run: bool = False) -> Waterfall:
    return waterfalls(engine, [name], with_run=with_run).get(name, Waterfall())
