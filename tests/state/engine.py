"""The engine that the tests of state and outputs run on: the real one."""

from pathlib import Path

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine


def make_engine(folder: Path, threads: int | None = None) -> Engine:
    """DuckDB for the project in `folder`."""
    return open_engine(folder, EngineSettings(memory_limit="2GB", threads=threads, temp_directory=".engage/tmp"), "UTC")
