"""What a use case is busy with, on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import perf_counter
from typing import TYPE_CHECKING

from engage_cli.cli.output import Output, is_terminal
from engage_cli.source import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

DELAY_SECONDS = 1.0
"""What is done sooner is not worth a bar."""


class _Bar:
    """The bar of one stage, drawn once the stage has taken a while."""

    def __init__(self, title: str, total: int | None, *, no_color: bool) -> None:
        self._title, self._total, self._no_color = visible(title), total, no_color
        self._done = 0
        self._lock = Lock()
        self._ended = False
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._timer = Timer(DELAY_SECONDS, self._begin)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def advance(self, steps: int = 1) -> None:
        with self._lock:
            self._done += steps
            if self._progress is not None and self._task is not None:
                self._progress.update(self._task, completed=self._done)

    def end(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._progress is not None:
                self._progress.stop()

    def _begin(self) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        from engage_cli.cli.render.terminal import console_for

        with self._lock:
            if self._ended:
                return
            console = console_for(sys.stderr, no_color=self._no_color)
            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
            self._task = self._progress.add_task(self._title, total=self._total, completed=self._done)
            self._progress.start()


class _Nothing:
    """The stage inside another that says the same."""

    def advance(self, steps: int = 1) -> None:
        """Show nothing."""


class Shown:
    """Shows the outermost stage; the ones inside it are its own business."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._inside = False

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator["_Bar | _Nothing"]:
        """Show a stage for as long as the block runs, and with --verbose how long that was."""
        if self._inside:
            yield _Nothing()
            return
        bar = _Bar(title, total, no_color=self._out.flags.no_color) if is_terminal(sys.stderr) else None
        begun = perf_counter()
        self._inside = True
        try:
            if bar is not None:
                bar.start()
            yield bar or _Nothing()
        finally:
            self._inside = False
            if bar is not None:
                bar.end()
        if self._out.flags.verbose:
            self._tell_time(title, perf_counter() - begun)

    def _tell_time(self, title: str, seconds: float) -> None:
        from engage_cli.cli.render.blocks import dim, line

        self._out.tell([line(dim(f"{title}: {seconds:.2f} s"))])
