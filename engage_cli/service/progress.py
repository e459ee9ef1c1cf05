"""How a use case tells what it is busy with, to whoever shows it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter, process_time
from typing import Protocol

from engage_cli.service.results.common import Timing


class Stage(Protocol):
    """A stage that is under way."""

    def advance(self, steps: int = 1) -> None:
        """So many of the stage's steps are done."""
        ...


class Progress(Protocol):
    """Shows stages while they run."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Stage]:
        """A stage, for as long as the block runs; `total` steps where their number is known."""
        ...


class _SilentStage:
    def advance(self, steps: int = 1) -> None:
        """Show nothing."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Stage]:
        """A stage that nobody sees."""
        yield _SilentStage()


class Timed:
    """Shows stages as another does, and keeps what each took."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._timings: list[Timing] = []

    @property
    def timings(self) -> tuple[Timing, ...]:
        """What the stages took that are over."""
        return tuple(self._timings)

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Stage]:
        """A stage, timed."""
        begun, cpu = perf_counter(), process_time()
        with self._shown.stage(title, total) as stage:
            yield stage
        self._timings.append(Timing(title, perf_counter() - begun, process_time() - cpu))


SILENT = Silent()
