"""What the commands about a project show: `check`, `init`, `state check`."""

from dataclasses import dataclass
from pathlib import Path

from engage_cli.service.results.common import DataReport
from engage_cli.source import Issue


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything that can be said before a run. `issues` holds errors and warnings in file order."""

    definitions: int
    issues: tuple[Issue, ...]
    data: DataReport | None
    """None where the definitions are broken or the data was not looked at."""


@dataclass(frozen=True, slots=True)
class StateFinding:
    """One broken invariant of the state: what, and what to do."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class InitResult:
    """A starter project: the folder, and its files relative to it."""

    folder: Path
    files: tuple[str, ...]
