"""Other processes that a test starts: real ones, forked from a clean server, so that killing them harms nothing."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from engage_cli.crash import VARIABLE
from engage_cli.state.lock import hold_lock
from tests.state.support import NOON
from tests.support.threads import run_on_one_thread

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["tests.support.preloaded", "tests.state.support", "tests.journeys.shop", "tests.runs.shop", "tests.broadcasts.shop"]
)


def start(target: Callable[..., None], *arguments: Any, crash_at: str | None = None) -> BaseProcess:
    """Start a process that runs `target`, killed at a crash point if one is named."""
    process = _CONTEXT.Process(target=_enter, args=(crash_at, target, arguments))
    process.start()
    return process


def run_killed(target: Callable[..., None], *arguments: Any, crash_at: str) -> bool:
    """Run `target` in a process that is killed at a crash point; whether it came that far."""
    process = start(target, *arguments, crash_at=crash_at)
    process.join(60)
    assert process.exitcode in (0, -9), f"exit code {process.exitcode} at crash point {crash_at}"
    return process.exitcode == -9


@contextmanager
def holding(lock: Path, seconds: float = 60) -> Iterator[BaseProcess]:
    """Another process that holds the lock at `lock`, until the block ends or the seconds are over."""
    process = start(_hold, lock, seconds)
    while not (lock.exists() and lock.read_text()):
        time.sleep(0.01)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _enter(crash_at: str | None, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    run_on_one_thread()
    if crash_at is not None:
        os.environ[VARIABLE] = crash_at
    target(*arguments)


def _hold(lock: Path, seconds: float) -> None:
    with hold_lock(lock, command="audience build", started=NOON, wait=5):
        time.sleep(seconds)
