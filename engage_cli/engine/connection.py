"""The DuckDB connection: its settings, macros, temp directory and seal, and the one place where a statement runs."""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.failures import explained, first_line
from engage_cli.engine.lowering import readings_of, render, zones_of
from engage_cli.engine.macros import MACROS, macro_statement
from engage_cli.engine.template import text_list
from engage_cli.engine.zones import agreement_query, reading_macro_of, zone_macros
from engage_cli.errors import DataError


class Connection:
    """One in-memory database. Extensions are neither found nor fetched by themselves; nothing is written but spilled blocks."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        self._temp_directory = folder / settings.temp_directory
        self._made: set[str] = set()
        self._zones: set[str] = set()
        self.has_remote = False
        try:
            self._duckdb = duckdb.connect(":memory:", config=_config(settings, self._temp_directory))
        except duckdb.Error as error:
            raise DataError(
                f"the `engine` settings of engage.yaml cannot be used: {first_line(str(error))}",
                hint="write `memory_limit` like 4GB and `threads` as a whole number",
            ) from error
        self.run("SET TimeZone = 'UTC'")
        for macro in MACROS:
            self._make(macro)

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement; its result can be fetched until the next one runs."""
        with explained():
            return self._duckdb.execute(statement, list(parameters)) if parameters else self._duckdb.execute(statement)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with explained():
            return self.run(statement, parameters).fetchall()

    def columns(self, query: str) -> list[tuple[str, DuckDBPyType]]:
        """The names and types of a query's columns, without running it."""
        with explained():
            relation = self._duckdb.sql(query)
            return list(zip(relation.columns, relation.types, strict=True))

    def rendered(self, statement: exp.Expr) -> str:
        """The SQL of a statement, whose macros are there when it runs."""
        self.use_zones(zones_of(statement))
        for source_zone, project_zone in sorted(readings_of(statement)):
            self.use_reading(source_zone, project_zone)
        return render(statement)

    def use_zones(self, zones: Iterable[str]) -> None:
        """Make the macros of these zones."""
        for zone in sorted(set(zones) - self._zones):
            agrees = zone == "UTC" or bool(self.rows(agreement_query(zone))[0][0])
            for macro in zone_macros(zone, agrees=agrees):
                self._make(macro)
            self._zones.add(zone)

    def use_reading(self, source_zone: str, project_zone: str) -> None:
        """Make the macro that reads text as an instant in these zones."""
        self.use_zones({source_zone, project_zone})
        self._make(reading_macro_of(source_zone, project_zone))

    def _make(self, macro: str) -> None:
        if macro not in self._made:
            self.run(macro_statement(macro))
            self._made.add(macro)

    def forget_macros(self) -> None:
        """A rollback may have taken macros with it: they are made again when next used."""
        self._made, self._zones = set(MACROS), set()

    def seal(self, writable: Sequence[Path]) -> None:
        """From here on only files in `writable` folders can be read or written, and no setting can be changed."""
        folders = [f"{folder.resolve()}/" for folder in writable]
        self.run(f"SET allowed_directories = {text_list(folders)}")
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def close(self) -> None:
        """Let go of everything; a temp directory that is empty goes too."""
        self._duckdb.close()
        with contextlib.suppress(OSError):
            self._temp_directory.rmdir()


def _config(settings: EngineSettings, temp_directory: Path) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(temp_directory),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": True,
    }
    if settings.threads is not None:
        config["threads"] = settings.threads
    return config
