"""Copies of the delivery log for backups: each is one whole file, as the log was at one moment, also while a delivery writes to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.errors import EngageError

LOG_COPY = "deliveries.sqlite"
"""How the name of a copy ends; before it stands that of the backup."""


def copy_log(source: Path, target: Path) -> None:
    """Copy a log to a file that there is not yet. Raises EngageError for one that cannot be read, or is no log."""
    files.make_folder(target.parent)
    part = files.part_of(target)
    files.remove(part)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as log,
            closing(sqlite3.connect(part)) as copy,
        ):
            log.execute("SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM finished)").fetchone()
            log.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # all of it is in the one file
    except sqlite3.Error as problem:
        files.remove(part)
        raise EngageError(
            f"the delivery log {source} cannot be copied: {problem}",
            hint="make room on the disk, or make the file readable; of a damaged backup, use an older one",
        ) from problem
    files.sync_file(part)
    crash_point("log copied")
    for ending in ("-wal", "-shm"):  # of a log that is gone
        files.remove(target.with_name(target.name + ending))
    files.rename(part, target)
