"""Giving what a run wrote its final names, and finishing or rolling back what a killed run left.

The order of a run is: write everything under part names and fsync it; commit, which also records what waits for its name; rename;
record that nothing waits; replace the readers' copy of the state. Killed before the commit, a run leaves parts that nobody asked
for: they are removed. Killed after it, the renames that are missing are done from the record, and a part that is gone is written
again from the outbox. A name is only ever given to what is whole.
"""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.folder import is_whole, write_folder
from engage_cli.outputs.members import FORMATS
from engage_cli.state.outbox import (
    Pending,
    clear_pending,
    forget_member_file,
    pending,
    record_run_files,
    run_files,
)
from engage_cli.state.runs import record_published, run_numbered, unpublished_runs
from engage_cli.state.store import State, next_revision, publish_copy, publish_copy_if_stale

_PARTS = (
    "runs/????????T*Z-????????.part",
    *(f"audiences/*/members.{file_format}.part" for file_format in FORMATS),
    "rejects.csv.part",
)
"""What a run writes under part names."""


class Recovered(Struct, frozen=True):
    """What a killed run had left.

    `finished` are the final names given now, `unwritten` member files that the next evaluation writes, `removed` the parts of a run
    that never was.
    """

    finished: tuple[str, ...]
    unwritten: tuple[str, ...]
    removed: tuple[str, ...]


def publish(state: State, outputs: Path) -> None:
    """Give everything that waits its final name, record it, and let readers see the new state."""
    files.sync_folder(state.path.parent)
    for item in pending(state.engine):
        _take_over(outputs, item)
    _finish(state)


def recover(state: State, outputs: Path) -> Recovered:
    """Finish or roll back what a killed run left. Called at the start of each run, under the lock; does nothing after a whole run."""
    waiting = pending(state.engine)
    done = {item.path: _recover_item(state, outputs, item) for item in waiting}
    if waiting or unpublished_runs(state.engine):
        _finish(state)
    else:
        publish_copy_if_stale(state)
    return Recovered(
        finished=tuple(path for path, finished in done.items() if finished),
        unwritten=tuple(path for path, finished in done.items() if not finished),
        removed=tuple(_remove_parts(outputs)),
    )


def discard(outputs: Path, paths: Collection[str]) -> None:
    """Remove the parts of a run that failed before its commit, as far as the disk allows; the next run removes the rest."""
    for path in paths:
        with suppress(Exception):
            files.remove(files.part_of(outputs / path))


def _finish(state: State) -> None:
    crash_point("finish")
    with state.engine.transaction():
        clear_pending(state.engine)
        record_published(state.engine)
        next_revision(state.engine)
    crash_point("finished")
    publish_copy(state)


def _recover_item(state: State, outputs: Path, item: Pending) -> bool:
    """Finish what waits for its name; False for a member file that is lost with its part."""
    if item.run is None:
        return _recover_member_file(state, outputs, item)
    final = outputs / item.path
    if is_whole(final, item.sha256):
        files.remove(files.part_of(final))
        return True
    if not is_whole(files.part_of(final), item.sha256):
        item = _write_again(state, outputs, item.run)
    _take_over(outputs, item)
    return True


def _recover_member_file(state: State, outputs: Path, item: Pending) -> bool:
    final = outputs / item.path
    if _has_bytes(files.part_of(final), item.sha256):
        _take_over(outputs, item)
        return True
    _remove_replaced(outputs, item)
    if _has_bytes(final, item.sha256):
        return True
    forget_member_file(state.engine, item.path)
    return False


def _has_bytes(path: Path, sha256: str) -> bool:
    return path.is_file() and files.sha256_of(path) == sha256


def _write_again(state: State, outputs: Path, number: int) -> Pending:
    """Write a committed run's folder again from the outbox.

    A newer engage than the one that was killed may write other bytes; the record follows what was written.
    """
    engine = state.engine
    run = run_numbered(engine, number)
    stage_committed_changes(engine, number)
    written, item = write_folder(engine, run, run_files(engine, number), outputs)
    with engine.transaction():
        record_run_files(engine, number, written)
    return item


def _take_over(outputs: Path, item: Pending) -> None:
    """Give a part its final name. A folder that has the name already is not what was committed: it goes."""
    final = outputs / item.path
    if item.run is not None and final.exists():
        files.remove(final)
    files.rename(files.part_of(final), final)
    _remove_replaced(outputs, item)


def _remove_replaced(outputs: Path, item: Pending) -> None:
    if item.replaces is not None:
        files.remove(outputs / item.replaces)


def _remove_parts(outputs: Path) -> list[str]:
    """Remove the parts that no committed run waits for."""
    found = sorted(path for pattern in _PARTS for path in outputs.glob(pattern))
    for path in found:
        files.remove(path)
    return [path.relative_to(outputs).as_posix() for path in found]
