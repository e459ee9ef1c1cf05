"""Where and on what the measurements run: data, a project and databases in one folder, each made when first asked for."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from benchmarks.columns import NARROW
from benchmarks.data import END, Shape, write_history
from benchmarks.process import Usage
from benchmarks.product import Project
from benchmarks.questions import MIXES
from benchmarks.rendering.audiences import audience_yaml
from benchmarks.rendering.sequences import SEQUENCES, sequence_yaml
from benchmarks.systems.call import call

PROPERTIES = ("revenue", "plan", "category", "url", "quantity")
"""The properties that the questions ask for."""


@dataclass(frozen=True)
class Setting:
    """`folder` is for everything that is made. Equal measurements are repeated `repeat` times, and the cheapest counts."""

    folder: Path
    events: int
    users: int
    files: int = 20
    repeat: int = 2
    appends: int = 100
    heavy: int = 0
    """How many events one user has in addition."""

    @property
    def as_of(self) -> datetime:
        """The instant of the questions, UTC: the end of the history."""
        return END

    @cached_property
    def history(self) -> list[Path]:
        """The event files, in order of time."""
        return write_history(Shape(self.events, self.users, NARROW, self.heavy), self.place(f"events-{self._name}"), self.files)

    @property
    def _name(self) -> str:
        return f"{self.events}-{self.users}" + (f"-heavy-{self.heavy}" if self.heavy else "")

    @property
    def parquet(self) -> str:
        """The event files as a glob."""
        return str(self.history[0].parent / "events-*.parquet")

    @cached_property
    def sorted_parquet(self) -> Path:
        """The same events in one file, sorted by event and time."""
        path = self.place("by-hand") / f"sorted-{self._name}.parquet"
        if not path.exists():
            _or_fail(call("sort_parquet", files=self.parquet, path=str(path)).problem)
        return path

    @cached_property
    def database(self) -> Path:
        """The same events in the store's layout, made by hand."""
        path = self.place("by-hand") / f"store-{self._name}.duckdb"
        if not path.exists():
            _or_fail(call("make_store", files=self.parquet, database=str(path), properties=PROPERTIES).problem)
        return path

    @cached_property
    def project(self) -> Project:
        """A project over the event files with all questions and sequences."""
        return Project.make(self.place("projects") / f"questions-{self._name}", self.parquet, definitions())

    @cached_property
    def store(self) -> Usage:
        """What it cost to make the event store of `project`; made once."""
        return self.project.rebuild_store()

    def place(self, name: str) -> Path:
        """A folder within the folder, which is made."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def linked(self, name: str, files: list[Path]) -> Path:
        """A new folder of hard links to these files, to which others can be added."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        folder = self.place(name)
        for file in files:
            os.link(file, folder / file.name)
        return folder


def definitions() -> list[str]:
    """Every audience of the benchmarks, as YAML documents."""
    questions = [audience_yaml(question) for mix in MIXES.values() for question in mix.questions()]
    return questions + [sequence_yaml(sequence) for sequence in SEQUENCES]


def _or_fail(problem: str) -> None:
    if problem:
        raise RuntimeError(problem)
