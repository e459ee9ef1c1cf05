"""The shop of the journeys with traits and audiences beside it: one of each that reads what the journey sets."""

from datetime import UTC, datetime
from pathlib import Path

from engage_cli.service.progress import SILENT
from engage_cli.service.run import run_all
from engage_cli.service.run_results import RunResult
from tests.journeys.shop import make_shop

DEFINITIONS = """
trait: carts
compute: count
event: Cart Updated
sync: [hub]
---
audience: busy
members: {trait: carts, gte: 2}
sync: [hub]
---
audience: buyers
members: {event: Order Completed}
---
audience: left_something
members: {trait: carts_left, exists: true}
"""
FIRST, SECOND = "2026-11-01T13:20:00", "2026-11-05T00:00:00"


def make_whole_shop(folder: Path) -> Path:
    """The project, in a folder that is made."""
    make_shop(folder)
    (folder / "campaigns/rest.yaml").write_text(DEFINITIONS)
    return folder


def run_at(folder: Path, as_of: str, *, dry_run: bool = False, samples: int = 0) -> RunResult:
    """One run of everything."""
    instant = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    return run_all(folder, as_of=instant, dry_run=dry_run, samples=samples, file_format="jsonl", progress=SILENT)


def first_run(folder: Path) -> None:
    """Some wait in the journey, one has ended."""
    run_at(folder, FIRST)


def second_run(folder: Path) -> None:
    """Everybody is through, and a trait is set on them."""
    run_at(folder, SECOND)
