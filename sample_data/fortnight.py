"""A fortnight of the shop's journeys, ticked every day and again in one go: the same history, shown side by side.

`python -m sample_data.fortnight`, as `make demo` calls it. Works in scratch folders, each with a state of its own, and leaves that of the
project alone. The journeys begin with the fortnight: their `since` says so. Ends with 1 where the two histories differ.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys

ROOT = Path(__file__).parents[1]
END = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAYS = 14
STATE = ".engage/state.duckdb"
STORE = ".engage/events"
"""A cache: made once for both."""
HISTORY = {
    "entries": "SELECT journey, instance_id, version, user_id, key, entered_at, entry_event FROM instance",
    "moves": """
        SELECT journey, instance_id, ordinal, token, from_step, to_step, moved_at, cause, branch, event
        FROM transition JOIN instance USING (instance) WHERE from_step IS NOT NULL
    """,
    "ends": "SELECT journey, instance_id, ended_at, end_reason FROM instance WHERE ended_at IS NOT NULL",
    "messages": "SELECT campaign, candidate_id, step, user_id, channel, template, scheduled_at, settings, context FROM candidate",
    "positions": """
        SELECT i.journey, instance_id, token, step, arrived_at, waiting_since, last_at, context
        FROM position JOIN instance AS i USING (instance)
    """,
    "traits set": "SELECT i.journey, instance_id, step, trait, value, set_at FROM trait_set JOIN instance AS i USING (instance)",
    "told": """
        SELECT i.journey, instance_id, step, destination, list, event, added_at, remove_at, properties
        FROM list_stay JOIN instance AS i USING (instance)
    """,
    "goals": "SELECT journey, instance_id, reached_at, event FROM instance_goal JOIN instance USING (instance)",
}
"""The rows of a history by what they are, the journey first. The numbers of runs and instances are left out: they tell of ticks."""
SHOWN = ("entries", "moves", "ends", "messages")
Rows = dict[str, list[tuple[object, ...]]]


def main(days: int = DAYS) -> int:
    """Tick both ways, the last days one by one, and show them side by side."""
    print(f"ticking the journeys of {days} days up to {END:%Y-%m-%d %H:%M} UTC: every day, and again in one go …", flush=True)
    with TemporaryDirectory(prefix="engage-fortnight-") as scratch:
        daily, once = Path(scratch) / "daily", Path(scratch) / "once"
        make_project(once)
        tick(once, END)
        make_project(daily)
        shutil.copytree(once / STORE, daily / STORE)
        for day in reversed(range(days)):
            tick(daily, END - timedelta(days=day))
        histories = history_of(daily), history_of(once)
    print("\n".join(side_by_side(*histories, days)))
    return 0 if histories[0] == histories[1] else 1


def make_project(folder: Path) -> None:
    """The demo project in a folder of its own, without any state; one thread is enough for so small a shop, and costs less than two."""
    folder.mkdir()
    (folder / "engage.yaml").write_text(f"{(ROOT / 'engage.yaml').read_text()}\nengine: {{threads: 1}}\n")
    for name in ("campaigns", "sample_data"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def tick(folder: Path, as_of: datetime) -> None:
    """One tick of all journeys. Their letters have unsubscribe links, which a key signs; this one is for the demo alone."""
    os.environ.setdefault("ENGAGE_UNSUBSCRIBE_KEY", "the key of the demo shop")
    tick_journeys(folder, (), as_of=as_of, progress=SILENT)


def history_of(folder: Path) -> Rows:
    """Every row of what happened to people in journeys, in order."""
    with duckdb.connect(str(folder / STATE), read_only=True) as state:
        return {name: state.execute(f"{query} ORDER BY ALL").fetchall() for name, query in HISTORY.items()}


def side_by_side(daily: Rows, once: Rows, days: int) -> Iterable[str]:
    """Counts by journey both ways, and whether the rows are the same."""
    journeys = sorted({str(row[0]) for rows in (daily, once) for name in SHOWN for row in rows[name]})
    width = max(map(len, journeys), default=0)
    yield f"{'':{width}}" + "".join(f"  {name:>15}" for name in SHOWN)
    yield f"{'journey':{width}}" + f"  {'daily':>8}  {'once':>5}" * len(SHOWN)
    for journey in journeys:
        counts = [(_count(daily[name], journey), _count(once[name], journey)) for name in SHOWN]
        yield f"{journey:{width}}" + "".join(f"  {one:>8}  {other:>5}" for one, other in counts)
    yield from _verdict(daily, once, days)


def _count(rows: Sequence[tuple[object, ...]], journey: str) -> int:
    return sum(row[0] == journey for row in rows)


def _verdict(daily: Rows, once: Rows, days: int) -> Iterable[str]:
    compared = sum(map(len, daily.values()))
    both = f"{days} daily ticks and one tick over the {days} days"
    if daily == once:
        yield f"{both}: the same history, {compared} rows compared one by one are equal"
        return
    yield f"{both}: the histories DIFFER"
    for name in HISTORY:
        apart = set(map(str, daily[name])) ^ set(map(str, once[name]))
        if apart:
            yield f"  {len(apart)} rows of {name}, such as {min(apart)}"


if __name__ == "__main__":
    sys.exit(main())
