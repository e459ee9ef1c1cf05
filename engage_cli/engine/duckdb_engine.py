"""DuckDB behind the Engine protocol: one in-memory connection for one run. Made by service.py through `open_engine`."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Self

import duckdb
from sqlglot import exp

from engage_cli.definitions.project import EngineSettings, Sources
from engage_cli.engine import places
from engage_cli.engine.base import Cost, InputFile, NothingWholeError, Reject, Row, Staging, StoreReport, Upkeep
from engage_cli.engine.connection import Connection
from engage_cli.engine.failures import explained
from engage_cli.engine.inputs.consents import stage_states
from engage_cli.engine.inputs.hashing import HashedFile, find_inputs, kept_sources, known_of
from engage_cli.engine.inputs.kept import Known, keep_files
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.naming import rows_naming
from engage_cli.engine.places import USUAL, Population, bytes_of
from engage_cli.engine.staging import stage_inputs
from engage_cli.engine.store.folder import StoreFolder
from engage_cli.engine.store.touched import restrict
from engage_cli.engine.store.upkeep import report, tend
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.plan.needs import ListNeed, Needs
from engage_cli.plan.touched import Touch
from engage_cli.records import replace

COPY_OPTIONS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
    "csv": "FORMAT csv, HEADER true",
    "jsonl": "FORMAT json, ARRAY false",
    "lines": "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1f'",
}
"""How each format is written; all is spelled out that could differ between two runs. `lines`: one column of text as it stands, a line each.

Control characters are escaped in JSON: the delimiter is in none of its lines."""


class DuckDBEngine:
    """One run's DuckDB: everything in memory, spilling to the temp directory, files attached by name.

    `folder` is the project's, to which paths in engage.yaml are relative; `zone` is the project's time zone.
    """

    def __init__(
        self, folder: Path, settings: EngineSettings, zone: str, store: Path | None, kept: Path | None, own: Sequence[Path]
    ) -> None:
        self._folder = folder
        self._store = None if store is None else StoreFolder(store)
        self._connection = Connection(folder, settings)
        self._connection.use_reading("UTC", zone)
        self._connection.kept = kept
        self._connection.own_folders = tuple(one for one in (store, kept, *own) if one is not None)
        self._watched = False
        self._spread: tuple[datetime | None, datetime] | None = None
        self._population: Population | None = None
        self._costs: list[Cost] = []
        self._files: tuple[InputFile, ...] | None = None
        self._left: frozenset[str] | None = None
        self._hashed: dict[HashedFile, InputFile] = {}
        self._remembered: dict[HashedFile, InputFile] = {}
        manifest = self._store.read() if self._store is not None else None
        for path, (size, modified, sha256) in manifest.hashes.items() if manifest is not None else ():
            self._remembered[path, size, modified] = InputFile("", path, size, sha256)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def input_files(self, sources: Sources, lists: Sequence[ListNeed]) -> tuple[InputFile, ...]:
        """The files behind the sources, found and hashed, in path order."""
        found = find_inputs(self._connection, self._folder, sources, lists, self._hashed, self._remembered | self._hashed, self._left)
        manifest = self._store.read() if self._store is not None and self._left else None
        stored = {file.path: file for file in manifest.visible} if manifest is not None else {}
        self._files = tuple(
            replace(file, bytes=stored[file.path].bytes, sha256=stored[file.path].sha256) if self._is_left(file) else file
            for file in found
            if not self._is_left(file) or file.path in stored
        )
        if self._left and not any(file.kind == "events" for file in self._files):
            raise NothingWholeError(sorted(self._left))
        return self._files

    def leave(self, paths: Sequence[str]) -> None:
        """Leave files of events as the store has them, or out where it does not."""
        self._left = frozenset(paths)

    def _is_left(self, file: InputFile) -> bool:
        return file.kind == "events" and file.path in (self._left or ())

    def stage(self, sources: Sources, needs: Needs, keep: Needs | None = None, touch: Touch | None = None) -> Staging:
        """Make temporary relations of the shape that plan/needs.py describes."""
        # What a run was told of its files is what it reads, even if more came in the meantime.
        files, self._files = self._files or self.input_files(sources, needs.lists), None
        staging = stage_inputs(
            self._connection, self._folder, sources, needs, files, store=self._store, keep=keep, hashes=self._known_hashes(), touch=touch
        )
        self._spread, self._population = (staging.catalog.first, needs.as_of), None
        return staging

    def stage_consents(self, sources: Sources, zone: str, as_of: datetime) -> tuple[Reject, ...]:
        """Read the sources of consents alone, to the relations `consent_row` and `consent_state`."""
        consents = Sources(consents=sources.consents, forgotten=sources.forgotten)
        self.input_files(consents, ())
        return stage_states(self._connection, self._folder, consents, zone, as_of)

    def files_naming(self, sources: Sources, zone: str, identifiers: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """How many rows of each file of the sources name somebody."""
        work = Work(self._connection)
        self._connection.use_zones({zone})
        try:
            return rows_naming(work, self._folder, sources, zone, identifiers)
        finally:
            work.drop_tables()

    def restrict(self, needs: Needs, *, with_ids: bool) -> None:
        """Cut `users` and `events` down to the touched users."""
        restrict(Work(self._connection), needs, with_ids=with_ids)

    def tend_store(self, sources: Sources, needs: Needs, upkeep: Upkeep) -> StoreReport:
        """Bring the event store up to date for what all definitions need."""
        assert self._store is not None, "a project without a store has none to tend"
        files = self.input_files(sources, ())
        return tend(self._connection, self._folder, sources, needs, files, self._store, self._known_hashes(), upkeep)

    def store_report(self, sources: Sources, needs: Needs) -> StoreReport:
        """The event store as it was last published, the files that it does not know as they are now, and what it lacks for `needs`."""
        assert self._store is not None, "a project without a store has none to report on"
        self._connection.may_be_missing = True
        files = self.input_files(sources, ())
        return report(self._connection, self._folder, sources, needs, files, self._store, self._known_hashes())

    def keep_files(self, sources: Sources) -> None:
        """Copy the files of sources that say `on_missing_file: keep`, so that their rows stay when they go."""
        if self._connection.kept is not None:
            paths = [path for path in kept_sources(self._connection, self._folder, sources) if path[0] not in (self._left or ())]
            keep_files(self._connection.kept, self._folder, paths, self._connection.moved, self._known_hashes())

    def _known_hashes(self) -> dict[str, Known]:
        return known_of(self._hashed)

    def seal(self, writable: Sequence[Path]) -> None:
        """Leave the query engine with no file but those in `writable` folders, for good."""
        self._connection.seal(writable)

    def create(self, name: str, query: exp.Expr, *, of_everybody: bool = False, text: str = "") -> int:
        """Make a temporary table of a query's rows; how many there are."""
        bits = self._counted().bits(query) if of_everybody else USUAL
        statement = sql("CREATE TEMP TABLE {name} AS ", name=identifier(name)).text + (text or self._rendered(query))
        begun, cpu = perf_counter(), process_time()
        with self._connection.places(bits):
            rows = int(self._run(statement).fetchall()[0][0])
            read = self._connection.rows_read() if self._watched else 0
        if self._watched:
            self._costs.append(Cost(name, perf_counter() - begun, process_time() - cpu, rows, read))
        return rows

    def define(self, name: str, query: exp.Query) -> None:
        """Have the temporary relation `name` stand for a query, which runs where it is read."""
        self._run(sql("CREATE TEMP VIEW {name} AS ", name=identifier(name)).text + self._rendered(query))

    def drop(self, name: str) -> None:
        """Take away a relation that `create` made."""
        self._run(sql("DROP TABLE {name}", name=identifier(name)).text)

    def has(self, name: str, catalog: str = "temp") -> bool:
        """Whether there is a relation `name`: a temporary one, or in an attached file."""
        return self._connection.has(name, catalog)

    def watch(self) -> None:
        """From here on keep what each `create` costs."""
        self._watched = True
        self._connection.count_rows_read()

    @property
    def costs(self) -> Sequence[Cost]:
        """What each `create` cost since `watch`, in order."""
        return tuple(self._costs)

    def rows(self, query: exp.Expr | str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query."""
        with explained():
            return self._run(self._rendered(query), parameters).fetchall()

    def batches(self, query: exp.Expr | str, size: int, parameters: Sequence[Any] = ()) -> Iterator[list[Row]]:
        """The rows of a query, so many at a time."""
        with explained():
            found = self._run(self._rendered(query), parameters)
            while rows := found.fetchmany(size):
                yield rows

    def execute(self, statement: exp.Expr | str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement for its effect."""
        self._run(self._rendered(statement), parameters)

    def copy(self, query: exp.Expr, path: Path, file_format: str) -> int:
        """Write a query's rows, in its order, to a new file, and wait until they are on the disk."""
        target = sql(") TO {path} (", path=literal(str(path))).text
        result = self._run(f"COPY ({self._rendered(query)}\n{target}{COPY_OPTIONS[file_format]})")
        rows = int(result.fetchall()[0][0])
        with path.open("rb+") as written:
            os.fsync(written.fileno())
        return rows

    def render(self, query: exp.Expr) -> str:
        """The SQL text that would run, laid out to be read."""
        return self._connection.rendered(query)

    def attach(self, path: Path, name: str, *, read_only: bool = False) -> None:
        """Attach a database file under a name."""
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        self._run(sql("ATTACH {path} AS {name} ", path=literal(str(path)), name=identifier(name)).text + f"({mode})")

    def detach(self, name: str) -> None:
        """Let go of an attached file."""
        self._run(sql("DETACH {name}", name=identifier(name)).text)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that commits at the end of the block and rolls back on any exception."""
        self._run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self._run("ROLLBACK")
            self._connection.forget_macros()
            raise
        self._run("COMMIT")

    # ---- running ------------------------------------------------------------------------------------------------------

    def _rendered(self, statement: exp.Expr | str) -> str:
        return statement if isinstance(statement, str) else self._connection.rendered(statement)

    def _counted(self) -> Population:
        """What is grouped, counted once: few users are not worth to count their events."""
        if self._population is None:
            assert self._spread is not None, "nothing is staged"
            settings = "SELECT current_setting('memory_limit'), current_setting('threads')"
            [(memory, threads)] = self._connection.rows(settings)
            [(users,)] = self._connection.rows("SELECT coalesce(max(user_key), -1) + 1 FROM users")
            counts = "SELECT event_key, count(*) FROM events GROUP BY event_key"
            events = dict(self._connection.rows(counts)) if users >= places.FEWEST_USERS else {}
            self._population = Population(int(users), events, *self._spread, bytes_of(memory), int(threads))
        return self._population

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        return self._connection.run(statement, parameters)


def remove_store(store: Path) -> None:
    """Remove all files of an event store, so that nothing of anybody stays in it. The caller holds the project's lock."""
    StoreFolder(store).remove()


def forget_store(store: Path) -> bool:
    """Have the next run make an event store anew; whether there was one. The caller holds the project's lock."""
    return StoreFolder(store).forget()


def open_engine(
    folder: Path,
    settings: EngineSettings,
    zone: str,
    store: Path | None = None,
    kept: Path | None = None,
    own: Sequence[Path] = (),
) -> DuckDBEngine:
    """The engine for one run of the project in `folder`; close it by leaving its context.

    `store` is the folder of its event store, if it has one, `kept` that of copies of files (`on_missing_file: keep`). No glob of a
    source finds anything in these two, nor in `own`, further folders that runs write.
    """
    return DuckDBEngine(folder, settings, zone, store, kept, own)
