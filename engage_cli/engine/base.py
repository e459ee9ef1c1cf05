"""The Engine protocol: all that the rest of the product asks of a query engine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.project import Sources
from engage_cli.errors import DataError
from engage_cli.plan.needs import Catalog, ListNeed, Needs
from engage_cli.plan.touched import Touch
from engage_cli.source import visible

Row = tuple[Any, ...]


class InputFile(Struct, frozen=True):
    """One file that a run read: its kind (`events`, `profiles`, …, `list`), path as declared and found, size in bytes and sha256 (hex)."""

    kind: str
    path: str
    bytes: int
    sha256: str


class Reject(Struct, frozen=True):
    """Rows of one file that cannot be read, by reason. `example` is the first such row's number (counted from 1) and its start."""

    path: str
    reason: str
    rows: int
    first_row: int | None
    example: str | None


class OddZones(Struct, frozen=True):
    """How many people have a time zone of their own that is no IANA zone, in which trait it stands, and one of these names."""

    trait: str
    people: int
    example: str


class Staging(Struct, frozen=True):
    """What was staged: facts for the compiler, and an account for the user.

    `rows_read`, `rows_staged` count event rows; `duplicates` the events left out because of their message id.
    Each rejected row stands in the relation `rejects(path VARCHAR, row_number BIGINT, reason VARCHAR, content VARCHAR)`.
    """

    catalog: Catalog
    files: tuple[InputFile, ...]
    rejects: tuple[Reject, ...]
    users: int
    events_read: int
    events_staged: int
    duplicates: int
    future_events: int
    repeated_profiles: int
    repeated_keys: Mapping[str, int] = field(default_factory=dict)
    """By entity how many of its keys stand in more than one row."""
    anonymous_calls: int = 0
    """Raw Segment calls of people who are known only by an anonymous id, which are left out."""
    forgotten_rows: int = 0
    """Rows of people who were forgotten, which are left out."""
    kept: tuple[str, ...] = ()
    """Files that are gone and were read from their copies."""
    ingested: tuple[str, ...] = ()
    """The files of events that were read; the others were in the store."""
    store_note: str | None = None
    """Why the store was made anew, where it was."""
    known_as: Mapping[str, str] = field(default_factory=dict)
    """Where identifiers join users: the canonical id of each of the users that the needs are limited to."""
    first_events: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """Of each file of events, by path and sha256, that has any: the instant of the first (aware, UTC), or one before all where that is
    not known."""
    touched: int | str | None = None
    """How many users the relation `touched(user_key)` has; or in words why everybody has to be looked at. None where it was not asked."""
    odd_zones: OddZones | None = None
    """People whose own time zone is none, where that trait was read."""


class StillWrittenError(DataError):
    """Files of events that changed while they were read: half of one must never be taken for all of it."""

    def __init__(self, paths: Sequence[str]) -> None:
        shown = ", ".join(f"`{visible(path)}`" for path in paths[:3])
        super().__init__(f"{shown} changed while it was read", hint="run again when it is complete")
        self.paths = tuple(paths)


class NothingWholeError(DataError):
    """Every file of events is still being written: without any, everybody would leave every audience."""

    def __init__(self, paths: Sequence[str]) -> None:
        shown = ", ".join(f"`{visible(path)}`" for path in paths[:3])
        are = "is" if len(paths) == 1 else "are"
        hint = "run again when it is complete; if it never will be, such as one that was cut short, put a whole one in its place"
        super().__init__(f"{shown} {are} still being written, and there is no other file of events", hint=hint)


class Upkeep(StrEnum):
    """What is done to the event store."""

    UPDATE = "update"  # take in what is new
    REBUILD = "rebuild"  # make it anew from the files
    COMPACT = "compact"  # take in what is new, then make one segment of all


class StoreFile(Struct, frozen=True):
    """A file whose rows are in the event store: how many rows it has, how many are rejected or left out as duplicates, and the number of
    the ingestion that brought it."""

    path: str
    bytes: int
    rows: int
    rejected: int
    duplicates: int
    ingest: int


class StoreReport(Struct, frozen=True):
    """The event store. `bytes` of its segments; `first` and `last` event (UTC); `columns` as `path:reading`.

    `new`, `changed`, `gone` are the files whose change it has not seen, `read` those that an upkeep read, `note` why all of them were.
    `ahead`: why the next run makes the store anew though it is sound.
    """

    exists: bool
    files: tuple[StoreFile, ...] = ()
    events: int = 0
    segments: int = 0
    bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    columns: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = ()
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    note: str | None = None
    ahead: str | None = None


class Cost(Struct, frozen=True):
    """What one relation cost: seconds of wall clock and of processor, the rows that it has, and those that were read for it."""

    relation: str
    seconds: float
    cpu_seconds: float
    rows: int
    rows_read: int


class Engine(Protocol):
    """One connection to a query engine, for one run. Closed by leaving its context."""

    def __enter__(self) -> "Engine": ...

    def __exit__(self, *_: object) -> None: ...

    def input_files(self, sources: Sources, lists: Sequence[ListNeed]) -> tuple[InputFile, ...]:
        """The files behind the sources, found and hashed, in path order. DataError where a path finds nothing."""
        ...

    def leave(self, paths: Sequence[str]) -> None:
        """Leave files of events as the store has them, or out where it does not: they are still being written. Before `input_files`."""
        ...

    def keep_files(self, sources: Sources) -> None:
        """Copy the files of sources that say `on_missing_file: keep`, so that their rows stay when they go. After `input_files`; the caller
        holds the project's lock. StillWrittenError for a file that changed since."""
        ...

    def stage(self, sources: Sources, needs: Needs, keep: Needs | None = None, touch: Touch | None = None) -> Staging:
        """Make temporary relations of the shape that plan/needs.py describes, from the event store and the files that are not in it.

        With `keep`, what all definitions of the project need, the store is brought up to date; the caller holds the project's lock.
        With `touch`, the users who may have changed since a run before are found, too.
        """
        ...

    def stage_consents(self, sources: Sources, zone: str, as_of: datetime) -> tuple[Reject, ...]:
        """Read the sources of consents alone; the rows that cannot be read.

        Makes the temporary relations `consent_row(user_id, ts, channel, group_name, status)` of every row that can be read (`ts` and
        `group_name` may be NULL), and `consent_state`, alike, of those that count as of the instant.
        """
        ...

    def files_naming(self, sources: Sources, zone: str, identifiers: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """How many rows of each file of the sources name somebody who is known by these values, by the names of identifiers.

        Every row counts, also those that runs leave out. Paths are as the user knows them; of a file that is gone, its copy's.
        """
        ...

    def restrict(self, needs: Needs, *, with_ids: bool) -> None:
        """Cut `users` and `events` down to the touched users and to what `needs` say; `with_ids`: with message ids, else they are NULL."""
        ...

    def tend_store(self, sources: Sources, needs: Needs, upkeep: Upkeep) -> StoreReport:
        """Bring the event store up to date for what all definitions need; the caller holds the project's lock."""
        ...

    def store_report(self, sources: Sources, needs: Needs) -> StoreReport:
        """The event store as it was last published, the files that it does not know as they are now, and what it lacks for `needs`."""
        ...

    def watch(self) -> None:
        """From here on keep what each `create` costs, for `costs`. Before `seal`."""
        ...

    @property
    def costs(self) -> Sequence[Cost]:
        """What each `create` cost since `watch`, in order."""
        ...

    def seal(self, writable: Sequence[Path]) -> None:
        """From here on no statement can reach a file outside `writable` folders, nor change that setting: before `sql:` of authors runs."""
        ...

    def create(self, name: str, query: exp.Expr, *, of_everybody: bool = False, text: str = "") -> int:
        """Make the temporary relation `name` of a query's rows by one statement; how many there are.

        `of_everybody`: it may find most users, and its groupings may take memory for each of them, as far as there is enough.
        `text`: what `render` made of the query, by whoever asked for it already: rendering costs as much as a small query.
        """
        ...

    def define(self, name: str, query: exp.Query) -> None:
        """Have the temporary relation `name` stand for a query, which runs where it is read."""
        ...

    def drop(self, name: str) -> None:
        """Take away a relation that `create` made."""
        ...

    def has(self, name: str, catalog: str = "temp") -> bool:
        """Whether there is a relation `name`: a temporary one, or in an attached file."""
        ...

    def rows(self, query: exp.Expr | str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query. Text is only ever a constant of ours, values are bound."""
        ...

    def batches(self, query: exp.Expr | str, size: int, parameters: Sequence[Any] = ()) -> Iterator[list[Row]]:
        """The rows of a query, so many at a time, never all of them in memory. No other statement runs until they are all taken."""
        ...

    def execute(self, statement: exp.Expr | str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement for its effect. Text is only ever a constant of ours, values are bound."""
        ...

    def copy(self, query: exp.Expr, path: Path, file_format: str) -> int:
        """Write a query's rows to a new file (`parquet`, `csv`, `jsonl`), fsynced; how many there were."""
        ...

    def render(self, query: exp.Expr) -> str:
        """The SQL text that would run, laid out to be read."""
        ...

    def attach(self, path: Path, name: str, *, read_only: bool = False) -> None:
        """Attach a database file under a name, making it where it is missing (not when read-only)."""
        ...

    def detach(self, name: str) -> None:
        """Let go of an attached file."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """A transaction that commits at the end of the block and rolls back on any exception."""
        ...
