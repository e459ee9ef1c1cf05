"""What the commands about traits show."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.subjects import Subject
from engage_cli.service.results.common import DataReport


class TraitBuilt(Struct, frozen=True):
    """One trait of a build: how many have a value, of how many it changed, and of these how many have none any more.

    `unchanged`: it had been built at this instant from the same definition and files, so nothing was done.
    """

    name: str
    of: str
    values: int
    changed: int
    cleared: int
    unchanged: bool = False


class TraitSync(Struct, frozen=True):
    """What a destination is told of a trait: how many values, and how many it is to forget. `whole`: not the changes of this run alone."""

    destination: str
    trait: str
    values: int
    cleared: int
    whole: bool


class TraitBuildResult(Struct, frozen=True):
    """What a build of traits did, or in a dry run would do. `run` is the run's name, None where nothing was committed."""

    as_of: datetime
    dry_run: bool
    run: str | None
    traits: tuple[TraitBuilt, ...]
    syncs: tuple[TraitSync, ...]
    written: tuple[Path, ...]
    """Folders that were written, relative to the project folder."""
    data: DataReport
    full: bool = False
    """Whether destinations were told everything once more."""
    recovered: tuple[str, ...] = ()
    """What an interrupted run had left, in words, and what was done about it."""

    @property
    def would_change(self) -> bool:
        """Whether any value changed, or anybody is told something."""
        return any(trait.changed for trait in self.traits) or bool(self.syncs)


class TraitRow(Struct, frozen=True):
    """A computed trait: what it is computed of, in words, and where it is defined."""

    name: str
    of: str
    description: str
    computed: str
    file: str
    line: int


class TraitValue(Struct, frozen=True):
    """The value of a computed trait as JSON text; None where it is missing."""

    name: str
    value: str | None


class TraitsShown(Struct, frozen=True):
    """The computed traits of one user or account. `known`: it is in the data."""

    subject_id: str
    of: Subject
    as_of: datetime
    known: bool
    values: tuple[TraitValue, ...]
    data: DataReport | None = None
