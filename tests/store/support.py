"""A project folder whose events come and go, staged through a store, beside it, and without one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.base import Engine, Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.engine.store.manifest import Manifest, manifest_of
from engage_cli.plan.needs import Column, EventNeed, Needs
from tests.inputs.support import AS_OF, ZONE, columns, project

SOURCES = '  events: {path: "events/*.jsonl", on_missing_file: drop}\n'
SETTINGS = EngineSettings("1GB", None, "tmp")


@dataclass(frozen=True)
class Seen:
    """What a staging gives: every event, everybody, the rows left out, and the counts of its account."""

    events: Counter[tuple[Any, ...]]
    users: Counter[str]
    rejects: Counter[tuple[Any, ...]]
    counts: tuple[int, ...]


@dataclass
class Shop:
    """A folder with events/*.jsonl and a store."""

    folder: Path
    as_of: datetime = AS_OF
    wanted: frozenset[Column] = columns("n:number", "n:text", "tags:elements")
    sources: str = SOURCES
    whole: frozenset[str] = frozenset()

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def manifest(self) -> Manifest:
        """What is published."""
        manifest = manifest_of((self.store / "manifest.json").read_text())
        assert manifest is not None
        return manifest

    def needs(self) -> Needs:
        return Needs(self.as_of, ZONE, events=(EventNeed(("*",), None, self.wanted),), whole=self.whole)

    @contextmanager
    def staged(self, *, store: bool = True, writes: bool = False) -> Iterator[tuple[Engine, Staging]]:
        """A staging: by a run that `writes` the store, by a reader of it, or without a `store`."""
        read = project(self.folder, self.sources)
        with open_engine(self.folder, SETTINGS, ZONE, store=self.store if store else None) as engine:
            yield engine, engine.stage(read.config.sources, self.needs(), self.needs() if writes else None)

    def run(self) -> Seen:
        """A run: it brings the store up to date."""
        with self.staged(writes=True) as (engine, staging):
            return self.seen(engine, staging)

    def look(self) -> Seen:
        """A reader."""
        with self.staged() as (engine, staging):
            return self.seen(engine, staging)

    def bare(self) -> Seen:
        """The files alone."""
        with self.staged(store=False) as (engine, staging):
            return self.seen(engine, staging)

    def seen(self, engine: Engine, staging: Staging) -> Seen:
        """All that a staging gives."""
        chosen = "".join(f', e."{column.name}"' for column in sorted(self.wanted, key=lambda column: column.name))
        rows = engine.rows(
            f"SELECT u.user_id, n.event, e.ts, e.message_id{chosen}{', e.properties' if self.whole else ''} FROM events e"
            " JOIN users u USING (user_key) JOIN event_names n USING (event_key)"
        )
        rejects = engine.rows("SELECT path, row_number, reason, content FROM rejects")
        counts = (staging.users, staging.events_staged, staging.future_events)
        assert len(rows) == staging.events_staged
        return Seen(
            Counter(map(_hashable, rows)), Counter(row[0] for row in engine.rows("SELECT user_id FROM users")), Counter(rejects), counts
        )


def _hashable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(tuple(value) if isinstance(value, list) else value for value in row)
