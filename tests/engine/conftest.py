"""An engine that the tests of one module share."""

from collections.abc import Iterator

import pytest

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An open engine of a project in London."""
    with open_engine(tmp_path_factory.mktemp("engine"), EngineSettings("1GB", None, "tmp"), "Europe/London") as engine:
        yield engine
