"""How tests of stores look: what a run or a reader of a shop answers, which must be what its files say."""

from collections.abc import Mapping
from typing import Any

from engage_cli.engine.base import Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import Column
from engage_cli.records import replace
from tests.inputs.support import ZONE, columns, project
from tests.store.support import SETTINGS, Shop


def run(shop: Shop) -> Staging:
    """A run that answers as the files do; its account."""
    with shop.staged(writes=True) as (engine, staging):
        assert shop.seen(engine, staging) == shop.bare()
        return staging


def looks_right(shop: Shop) -> tuple[str, ...]:
    """A reader answers as the files do, and writes nothing; the files that it had to read."""
    before = written(shop)
    with shop.staged() as (engine, staging):
        assert shop.seen(engine, staging) == shop.bare()
    assert written(shop) == before
    return staging.ingested


def written(shop: Shop) -> dict[str, tuple[int, int]]:
    """What the store's files are: no file is written again under its name."""
    if not shop.store.exists():
        return {}
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in shop.store.iterdir()}


def values(shop: Shop, *names: str) -> dict[str, Any]:
    """By message id what a reader of the store sees in columns."""
    with replace(shop, wanted=columns(*names)).staged() as (engine, staging):
        assert staging.ingested == ()
        label = engine_labels(columns(*names))
        chosen = ", ".join(f'"{label[name]}"' for name in names)
        rows = engine.rows(f"SELECT message_id, {chosen} FROM events")
    return {row[0]: row[1] if len(names) == 1 else row[1:] for row in rows}


def assert_right_without_a_store_too(shop: Shop) -> None:
    """What all users have done, as it is read straight from the files for each of them: by code that knows no store."""
    expected = shop.bare()
    with open_engine(shop.folder, SETTINGS, ZONE) as engine:
        everybody = replace(shop.needs(), users=frozenset(expected.users))
        staging = engine.stage(project(shop.folder, shop.sources).config.sources, everybody)
        assert shop.seen(engine, staging).events == expected.events


def engine_labels(wanted: frozenset[Column]) -> Mapping[str, str]:
    """By a column's name the name that it has in DuckDB, to which capitals are all the same."""
    found: dict[str, str] = {}
    for name in sorted(column.name for column in wanted):
        alike = sum(other.lower() == name.lower() for other in found)
        found[name] = f"{name}~{alike + 1}" if alike else name
    return found


# ---- which properties are there ----------------------------------------------------------------------------------------
