"""A project of buyers, and what other processes do with it: here, where they can be found by name."""

import os
from datetime import UTC, datetime
from pathlib import Path

from engage_cli.engine.base import Upkeep
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from tests.inputs.support import ZONE, event, project, write_lines
from tests.store.support import SETTINGS, Shop

YAML = "project: shop\ntimezone: UTC\nsources:\n  events:\n    - {path: events/*.jsonl, on_missing_file: drop}\n"
AUDIENCE = "audience: buyers\nmembers: {event: Bought, where: {n: {gte: 0}}}\n"


def make_project(folder: Path) -> Path:
    """A project with an audience of all who bought, and three buyers."""
    (folder / "campaigns/audiences").mkdir(parents=True)
    (folder / "engage.yaml").write_text(YAML)
    (folder / "campaigns/audiences/buyers.yaml").write_text(AUDIENCE)
    for number in range(3):
        add_buyers(folder, number)
    return folder


def add_buyers(folder: Path, number: int, buyers: int = 1) -> None:
    """One more file of events, there at once as a whole, of buyers that no other file names."""
    rows = [event(f"m{number}.{at}", f"user{number}.{at}", "Bought", n=at) for at in range(buyers)]
    part = write_lines(folder / "arriving" / f"{number:03}.jsonl", rows)
    (folder / "events").mkdir(exist_ok=True)
    part.rename(folder / "events" / part.name)


def build(folder: Path, hour: int) -> None:
    """A run of `audience build`."""
    build_audiences(folder, (), as_of=datetime(2026, 11, 23, hour, tzinfo=UTC), progress=SILENT)


def buyers_of(folder: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in (folder / "events").glob("*.jsonl"))


def tend(folder: Path, upkeep: Upkeep) -> None:
    """Upkeep of the store in a folder of events."""
    shop = Shop(folder)
    with open_engine(folder, SETTINGS, ZONE, store=shop.store) as engine:
        engine.tend_store(project(folder, shop.sources).config.sources, shop.needs(), upkeep)


def publish_often(folder: Path, times: int) -> None:
    """Runs that each publish another store of the same files, and remove the segments of the last."""
    for _ in range(times):
        tend(folder, Upkeep.REBUILD)
    (folder / "over").touch()


def look_often(folder: Path) -> None:
    """Readers, as fast as they can be; how often they could goes to a file."""
    shop, looks = Shop(folder), 0
    while not (folder / "over").exists():
        with shop.staged() as (engine, staging):
            found = engine.rows("SELECT count(*), count(DISTINCT message_id), count(DISTINCT user_key) FROM events")[0]
        assert (found, staging.ingested, staging.store_note) == ((buyers_of(folder),) * 3, (), None)
        looks += 1
    (folder / f"looks.{os.getpid()}").write_text(str(looks))
