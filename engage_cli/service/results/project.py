"""What the commands about a project show: `check`, `init`, `state check`."""

from pathlib import Path

from msgspec import Struct

from engage_cli.service.results.common import DataReport
from engage_cli.source import Issue


class CheckResult(Struct, frozen=True):
    """Everything that can be said before a run. `issues` holds errors and warnings in file order."""

    definitions: int
    issues: tuple[Issue, ...]
    data: DataReport | None
    """None where the definitions are broken or the data was not looked at."""


class StateFinding(Struct, frozen=True):
    """One broken invariant of the state: what, and what to do."""

    message: str
    hint: str


class InitResult(Struct, frozen=True):
    """A starter project: the folder, and its files relative to it."""

    folder: Path
    files: tuple[str, ...]
