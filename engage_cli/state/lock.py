"""One run at a time: the lock beside the state.

It is the operating system's lock on an open file, so it ends with its holder, however that ends. The file's content only says who holds it.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from engage_cli import files
from engage_cli.errors import LockedError
from engage_cli.state.instants import iso

DEFAULT_WAIT = 30.0
_POLL_SECONDS = 0.05


@contextmanager
def hold_lock(path: Path, *, command: str, started: datetime, wait: float = DEFAULT_WAIT, what: str = "the state") -> Iterator[None]:
    """Hold the lock at `path` inside the block, waiting up to `wait` seconds for it.

    `command` and `started` (the wall clock) are what others are told while they wait. Raises LockedError naming the holder, and `what` it
    holds.
    """
    files.make_folder(path.parent)
    with files.on_disk("open", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, path, wait, what)
        with files.on_disk("write", path):
            _sign(descriptor, command, started)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait: float, what: str) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            with files.on_disk("lock", path):
                _try_lock(descriptor)
            return
        except _HeldError:
            if time.monotonic() >= deadline:
                raise _locked_error(path, wait, what) from None
            time.sleep(_POLL_SECONDS)


class _HeldError(Exception):
    """Somebody else holds the lock."""


def _try_lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _HeldError from None


def _sign(descriptor: int, command: str, started: datetime) -> None:
    """Say who holds the lock, for the one who waits; nothing depends on it."""
    content = json.dumps({"process": os.getpid(), "command": command, "started": iso(started)}) + "\n"
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content.encode(), 0)


def _locked_error(path: Path, wait: float, what: str) -> LockedError:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        who = f"process {holder['process']} (`engage {holder['command']}`, started {holder['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        who = "a process that has not said its name yet"
    return LockedError(
        f"another run holds {what}: {who}; waited {wait:g} seconds for {path}",
        hint="let it finish, or wait longer with `--wait SECONDS`",
    )
