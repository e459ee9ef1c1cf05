"""The DuckDB connection: its settings, macros, temp directory and seal, and the one place where a statement runs."""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType
from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.project import EngineSettings, MissingFile
from engage_cli.engine import places
from engage_cli.engine.days import days_statement
from engage_cli.engine.failures import MemoryLimitError, explained, first_line
from engage_cli.engine.labels import Labels
from engage_cli.engine.lowering import macros_of, render
from engage_cli.engine.macros import MACROS_BY_NAME, macro_statement
from engage_cli.engine.normal import normal_macro
from engage_cli.engine.template import identifier, literal, sql, text_list
from engage_cli.engine.zones import reading_macro_of, zone_macros
from engage_cli.errors import DataError


@contextlib.contextmanager
def _without_pandas() -> Iterator[None]:
    """Keep DuckDB from importing pandas to see whether a parameter is something of it: that takes a third of a second, or a search
    anew for every parameter where there is none."""
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]  # as the import system has it for a module that is not to be found
    try:
        yield
    finally:
        sys.modules.pop("pandas", None)


THREADS: int | None = None
"""How many threads there are where engage.yaml does not say; None for one on each core."""


class _Known(Struct, frozen=True):
    """A macro that is made when a statement names it, and the variables that it reads."""

    name: str
    macro: str
    variables: Mapping[str, Sequence[int]]
    upper: str
    """The name in capitals: statements have it in either spelling."""


def _known(macro: str, variables: Mapping[str, Sequence[int]] | None = None) -> _Known:
    name = macro.partition("(")[0].strip()
    return _Known(name, macro, variables or {}, name.upper())


_ALWAYS_KNOWN = {name: _known(macro) for name, macro in MACROS_BY_NAME.items()}


class Connection:
    """One in-memory database. Extensions are neither found nor fetched by themselves; nothing is written but spilled blocks."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        self._temp_directory = folder / settings.temp_directory
        self._made_folders = _make_parents(self._temp_directory)
        self._made: set[str] = set()
        self._known = dict(_ALWAYS_KNOWN)
        self._unmade = dict(self._known)
        self.has_remote = False
        self.is_staged = False
        """Whether relations were staged here before, which the next staging replaces."""
        self.labels = Labels()
        self.listed: dict[tuple[str, MissingFile], list[tuple[str, str]]] = {}
        """The files behind each source, (as shown, as opened): looked up once, so that all of a run sees the same."""
        self.may_be_missing = False
        """Whether a source without files is one without rows, as where only what was read of them is looked at, and no error."""
        self.kept: Path | None = None
        """Where the copies of files are whose source says `on_missing_file: keep`."""
        self.own_folders: tuple[Path, ...] = ()
        """Folders of the product's own, in which no glob of a source finds anything."""
        self.moved: frozenset[str] = frozenset()
        """The copies, as opened, that are of files which have another name now."""
        self.usual_lines: set[str] = set()
        """The text files that are known to have no line beyond text_lines.USUAL_LINE."""
        try:
            self._duckdb = duckdb.connect(":memory:", config=_config(settings, self._temp_directory))
        except duckdb.Error as error:
            raise _unusable(first_line(str(error))) from error
        self.run("SET TimeZone = 'UTC'")

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement; its result can be fetched until the next one runs."""
        self._make_macros_of(statement)
        with explained():
            if not parameters:
                return self._duckdb.execute(statement)
            with _without_pandas():
                return self._duckdb.execute(statement, list(parameters))

    def run_large(self, statement: str, *, undo: Sequence[str] = ()) -> None:
        """Run a statement that makes a large table: where it needs too much memory, again with one thread, which needs less.

        `undo` takes away what the first attempt may have left.
        """
        try:
            self.run(statement)
        except MemoryLimitError:
            threads = self.rows("SELECT current_setting('threads')")[0][0]
            if threads == 1:
                raise
            self.run("SET threads = 1")
            try:
                for cleaning in undo:
                    self.run(cleaning)
                self.run(statement)
            finally:
                self.run(f"SET threads = {threads}")

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with explained():
            return self.run(statement, parameters).fetchall()

    def has(self, name: str, catalog: str = "temp") -> bool:
        """Whether there is a relation `name`. Asked of the name alone: DuckDB's tables of tables look at all that there are, which takes
        up to twenty times as long. What is not there does not end a transaction."""
        try:
            self.run(sql("SELECT 1 FROM {catalog}.main.{name} LIMIT 0", catalog=identifier(catalog), name=identifier(name)).text)
        except duckdb.CatalogException:
            return False
        return True

    def count_rows_read(self) -> None:
        """Have DuckDB count what each statement from here on reads."""
        self.run("PRAGMA enable_profiling = 'no_output'")
        self.run("""PRAGMA custom_profiling_settings = '{"CUMULATIVE_ROWS_SCANNED": "true"}'""")

    def rows_read(self) -> int:
        """How many rows of tables the last statement read."""
        return int(json.loads(self._duckdb.get_profiling_information("json")).get("cumulative_rows_scanned", 0))

    def columns(self, query: str) -> list[tuple[str, DuckDBPyType]]:
        """The names and types of a query's columns, without running it."""
        self._make_macros_of(query)
        with explained():
            relation = self._duckdb.sql(query)
            return list(zip(relation.columns, relation.types, strict=True))

    def rendered(self, statement: exp.Expr) -> str:
        """The SQL of a statement, whose macros are there when it runs."""
        macros = macros_of(statement)
        self.use_zones(macros.zones)
        for source_zone, project_zone in sorted(macros.readings):
            self.use_reading(source_zone, project_zone)
        for form in sorted(macros.normals):
            self._make(normal_macro(form))
        for count in sorted(macros.days):
            self._make(days_statement(count))
        return render(self.labels.apply(statement.copy()))

    def use_zones(self, zones: Iterable[str]) -> None:
        """From here on statements may call the macros of these zones."""
        for zone in sorted(set(zones)):
            for zone_macro in zone_macros(zone):
                self._know(_known(zone_macro.macro, zone_macro.variables))

    def use_reading(self, source_zone: str, project_zone: str) -> None:
        """From here on statements may call the macro that reads text as an instant in these zones."""
        self.use_zones({source_zone, project_zone})
        self._know(_known(reading_macro_of(source_zone, project_zone)))

    def _know(self, known: _Known) -> None:
        if known.name not in self._known:
            self._known[known.name] = self._unmade[known.name] = known

    def _make_macros_of(self, text: str) -> None:
        """Make the macros that a text names, and those that they name. A run needs few, and each costs as much as a small query; the
        tables of a zone cost as much as ten."""
        for known in [one for one in self._unmade.values() if one.name in text or one.upper in text]:
            if self._unmade.pop(known.name, None) is not None:  # one that was made meanwhile, for another, is gone
                for variable, values in known.variables.items():
                    self.run(f"SET VARIABLE {variable} = CAST('{values}' AS BIGINT[])")  # as text: a literal each takes longer to bind
                self._make(known.macro)

    def _make(self, macro: str) -> None:
        if macro not in self._made:
            self.run(macro_statement(macro))
            self._made.add(macro)

    def forget_macros(self) -> None:
        """A rollback may have taken macros with it: they are made again when next used."""
        self._made = set()
        self._unmade = dict(self._known)

    @contextlib.contextmanager
    def places(self, bits: int) -> Iterator[None]:
        """Groupings by keys of up to so many bits have a place for each key, within the block."""
        if bits == places.USUAL:
            yield
            return
        self.run(f"SET {places.SETTING} = {bits}")
        try:
            yield
        finally:
            self.run(f"SET {places.SETTING} = {places.USUAL}")

    def seal(self, writable: Sequence[Path]) -> None:
        """From here on only files in `writable` folders can be read or written, and no setting can be changed but that of `places`."""
        # A folder is named by links in its path or without them: both are the same place.
        folders = sorted({f"{place}/" for folder in writable for place in (folder.absolute(), folder.resolve())})
        self.run(f"SET allowed_directories = {text_list(folders)}")
        self.run(sql("SET allowed_configs = [{setting}]", setting=literal(places.SETTING)).text)
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def close(self) -> None:
        """Let go of everything; a temp directory that is empty goes too, and the folders that were made for it."""
        self._duckdb.close()
        for made in (self._temp_directory, *self._made_folders):
            with contextlib.suppress(OSError):
                made.rmdir()


def _make_parents(temp_directory: Path) -> list[Path]:
    """Make the folders above the temp directory, which DuckDB makes itself when it spills; those made, the innermost first.

    Where they cannot be made, only spilling is impossible: DuckDB says so if it comes to that.
    """
    missing = [folder for folder in temp_directory.parents if not folder.exists()]
    with contextlib.suppress(OSError):
        temp_directory.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _unusable(why: str) -> DataError:
    return DataError(
        f"the `engine` settings of engage.yaml cannot be used: {why}",
        hint="write `memory_limit` like 4GB and `threads` as a whole number from 1 on",
    )


def _config(settings: EngineSettings, temp_directory: Path) -> dict[str, str | bool | int | float | list[str]]:
    if not settings.memory_limit.strip()[:1].isdigit():
        # DuckDB takes a negative limit for none.
        raise _unusable(f"`{settings.memory_limit}` is no amount of memory")
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(temp_directory),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
        # A larger transaction goes into its file at once, instead of into the WAL first and from there into the file.
        "wal_autocheckpoint": "1MB",
    }
    threads = THREADS if settings.threads is None else settings.threads
    if threads is not None:
        config["threads"] = threads
    return config
