"""The state's file written anew, without what it still holds of rows that are gone.

Every run replaces blocks of the file and leaves row groups that are not full. DuckDB uses free blocks again, but after many small runs
the file is more than twice as large as its rows need. How much they need shows only in a file that is written at once: so the state keeps
how many blocks that one had (`revision.packed`), and is written anew when it has `GROWTH` times as many.
"""

from collections.abc import Callable
from pathlib import Path

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError

GROWTH = 1.6
LEAST = 24
"""Blocks of 256 KiB: a smaller file is left as it is."""


def pack_if_loose(engine: Engine, path: Path, beside: Path) -> None:
    """Write the state at `path`, which is attached and has no WAL, anew where it has grown too much.

    Where there is no room for that, the state stays as it is.
    """
    ((blocks, packed),) = engine.rows(_SIZE)
    if blocks <= max(LEAST, GROWTH * (packed or 0)):
        return
    crash_point("pack")
    try:
        write_anew(engine, path, beside)
    except EngageError:
        _remove(beside)


def write_anew(engine: Engine, path: Path, beside: Path, finish: Callable[[Engine], None] | None = None) -> None:
    """Copy the attached state to the file `beside`, attached as `clean` for `finish`, and put that in the place of the one at `path`."""
    _remove(beside)
    engine.attach(beside, "clean")
    try:
        engine.execute("COPY FROM DATABASE state TO clean")
        if finish is not None:
            finish(engine)
        engine.execute("CHECKPOINT clean")
        engine.execute(_RECORD_SIZE)
        engine.execute("CHECKPOINT clean")
    finally:
        engine.detach("clean")
    files.sync_file(beside)
    engine.execute("CHECKPOINT state")
    engine.detach("state")
    try:
        crash_point("written anew")
        files.rename(beside, path)
    finally:
        engine.attach(path, "state")


def _remove(beside: Path) -> None:
    for leftover in (beside, beside.with_name(beside.name + ".wal")):
        files.remove(leftover)


_SIZE = """
    SELECT s.total_blocks, r.packed FROM pragma_database_size() AS s CROSS JOIN state.main.revision AS r WHERE s.database_name = 'state'
"""
_RECORD_SIZE = "UPDATE clean.main.revision SET packed = (SELECT total_blocks FROM pragma_database_size() WHERE database_name = 'clean')"
