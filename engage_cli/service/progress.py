"""How a use case tells what it is busy with, to whoever shows it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


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


SILENT = Silent()
