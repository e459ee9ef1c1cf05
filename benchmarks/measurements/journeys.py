"""Ticks: of many people in flight some of whom are due, of many events since the last one, of journeys that are idle, and a thousand."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.process import THREADS, Usage, run_engage
from benchmarks.results import ENGAGE, Row, compared, of_cost, of_process
from benchmarks.setting import Setting
from benchmarks.systems.call import Cost, call

BEGUN = datetime(2026, 11, 1)  # noqa: DTZ001 - naive UTC, as everywhere in DuckDB
WAIT = timedelta(hours=100)
"""Everybody enters in the first hundred hours, evenly, and waits a hundred hours at the first step."""

_TICKS, _LOOKED_AT = 1000, 10
"""How many ticks `thousand_ticks` has, and after how many it looks at the state's size."""

BY_HAND = "hand-written SQL on the same tables"
_CONFIG = """project: benchmark
timezone: UTC
engine: {{memory_limit: 4GB, threads: {threads}}}
sources:
  events: {{path: "events/*.parquet"}}
messaging: {{channels: {{email: {{address: email, from: "Shop <shop@example.com>"}}}}}}
"""
_JOURNEY = """journey: {name}
status: live
entry: {{on: {{event: {event}}}, since: 2026-11-01}}
exit: [{{on: {{event: Cancelled}}}}]
goal: {{on: {{event: Order Completed}}}}
steps:
  - hold: {{for: 100 hours}}
    id: wait
    branches: [{{name: bought, on: {{event: Order Completed}}, steps: [{{exit: bought}}]}}]
  - {{send: letter, channel: email, id: first}}
  - {{delay: 30 days, id: pause}}
  - {{send: letter, channel: email, id: second}}
"""
_LETTER = "---\nsubject: Hello\n---\nHello. {{ unsubscribe_url }}\n"


def in_flight(setting: Setting) -> list[Row]:
    """As many people as there are users stand at a step: 1, 10 and 100 per cent of them are due in a tick, or one in a million."""
    folder = setting.place("projects") / "in-flight"
    _make(folder, [("trial", "Trial Started")])
    _entries(folder, setting.users)
    _or_raise(_tick(folder, BEGUN + WAIT))
    rows = []
    for title, hours in (("next to nobody", 0.0), ("1 %", 1.0), ("10 %", 10.0), ("100 %", 100.0)):
        until = BEGUN + WAIT + timedelta(hours=hours, seconds=0 if hours else 1)
        trial = setting.place("trial") / "in-flight"
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(folder, trial)
        by_hand = call(
            "move_positions", state=str(trial / ".engage/state.duckdb"), until=until.isoformat(), out=str(setting.place("trial"))
        )
        moved_by_hand = setting.place("trial") / "by-hand.duckdb"
        shutil.move(trial / ".engage/state.duckdb", moved_by_hand)
        shutil.copy(folder / ".engage/state.duckdb", trial / ".engage/state.duckdb")
        ticked = _of_tick("in_flight", f"{ENGAGE}, {title} due", _tick(trial, until))
        if not (ticked.problem or by_hand.problem):
            ticked = replace(ticked, problem=_difference(trial / ".engage/state.duckdb", moved_by_hand))
        rows += compared([ticked, of_cost("in_flight", f"{BY_HAND}, {title} due", by_hand)], f"{BY_HAND}, {title} due")
    return rows


def many_events(setting: Setting) -> list[Row]:
    """A tick after half as many events as the history has (10 million of 20), of people who wait for some of them."""
    folder = setting.place("projects") / "many-events"
    _make(folder, [("trial", "Trial Started")])
    _history(folder, setting.users, setting.events)
    _entries(folder, setting.users)
    _or_raise(_tick(folder, BEGUN + WAIT))
    _orders(folder, setting.users, setting.events // 2)
    return [_of_tick("many_events", f"{ENGAGE}, {setting.events // 2:,} new events", _tick(folder, BEGUN + WAIT + timedelta(days=2)))]


def idle_journeys(setting: Setting) -> list[Row]:
    """Two hundred journeys in which nothing happens: nothing came in, and a file with other events did."""
    folder = setting.place("projects") / "idle"
    _make(folder, [(f"journey_{number}", f"Started {number}") for number in range(200)])
    _entries(folder, 20_000)
    _or_raise(_tick(folder, BEGUN + WAIT))
    nothing = [_tick(folder, BEGUN + WAIT + timedelta(minutes=minute)) for minute in (1, 2, 3)]
    _other_events(folder, 1000)
    other = _tick(folder, BEGUN + WAIT + timedelta(minutes=4))
    return [
        _of_tick("idle_journeys", f"{ENGAGE}, nothing new", min(nothing, key=lambda usage: usage.cpu)),
        _of_tick("idle_journeys", f"{ENGAGE}, a file of other events", other),
    ]


def thousand_ticks(setting: Setting) -> list[Row]:
    """A thousand ticks, and the size of the state after every tenth beside a copy of it that holds its live rows only."""
    folder = setting.place("projects") / "thousand"
    _make(folder, [("trial", "Trial Started")])
    _entries(folder, 100_000)
    state, costs, sizes = folder / ".engage/state.duckdb", [], []
    for begun in range(0, _TICKS, _LOOKED_AT):
        costs.append(call("tick_often", folder=str(folder), begun=BEGUN.isoformat(), ticks=[begun + 1, begun + _LOOKED_AT], minutes=12))
        if costs[-1].problem:
            break
        sizes.append((state.stat().st_size, _live_bytes(state, setting.place("trial") / "live.duckdb")))
    return [replace(of_cost("thousand_ticks", f"{ENGAGE}, a thousand ticks", _together(costs)), note=_growth(sizes))]


def _together(costs: list[Cost]) -> Cost:
    """What processes cost that ran one after the other."""
    cpu, wall, process = (sum(getattr(cost, name) for cost in costs) for name in ("cpu", "wall", "process"))
    return Cost(cpu, wall, process, max(cost.peak_mib for cost in costs), problem=costs[-1].problem)


def _growth(sizes: list[tuple[int, int]]) -> str:
    """How large a state became beside its live rows, at the worst of the looks and at the last."""
    (size, live), ratio = sizes[-1], max(size / live for size, live in sizes)
    return f"state {size / 2**20:.1f} MiB, its live rows alone {live / 2**20:.1f} MiB: {size / live:.2f}, at most {ratio:.2f}"


# ---- projects -------------------------------------------------------------------------------------------------------


def _make(folder: Path, journeys: list[tuple[str, str]]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for inner in ("events", "campaigns/journeys", "campaigns/templates"):
        (folder / inner).mkdir(parents=True)
    (folder / "engage.yaml").write_text(_CONFIG.format(threads=THREADS))
    (folder / "campaigns/templates/letter.txt").write_text(_LETTER)
    for name, event in journeys:
        (folder / f"campaigns/journeys/{name}.yaml").write_text(_JOURNEY.format(name=name, event=event))


def _entries(folder: Path, users: int) -> None:
    step = WAIT / timedelta(microseconds=1) / users
    _write(
        folder / "events/entries.parquet",
        f"SELECT 'e' || n AS message_id, 'u' || n AS user_id, 'Trial Started' AS event, to_microseconds((n * {step})::BIGINT) AS after,"
        f" 'pro' AS plan FROM range({users}) AS t(n)",
        BEGUN,
    )


def _history(folder: Path, users: int, events: int) -> None:
    """So many other events in the two years before anybody enters."""
    _write(
        folder / "events/before.parquet",
        f"SELECT 'h' || n AS message_id, 'u' || (n * 104729 % {users}) AS user_id, 'Product Viewed' AS event,"
        f" to_microseconds((n * {730 * 24 * 3600 * 10**6 / events})::BIGINT) AS after, 'pro' AS plan FROM range({events}) AS t(n)",
        BEGUN - timedelta(days=730),
    )


def _orders(folder: Path, users: int, events: int) -> None:
    """Every tenth user of those in flight orders; the others look at products."""
    _write(
        folder / "events/later.parquet",
        f"SELECT 'l' || n AS message_id, 'u' || (n * 7919 % {users}) AS user_id,"
        f" CASE WHEN n * 7919 % {users} % 10 = 0 AND n < {users} THEN 'Order Completed' ELSE 'Product Viewed' END AS event,"
        f" to_microseconds((n * {48 * 3600 * 10**6 / events})::BIGINT) AS after, 'pro' AS plan FROM range({events}) AS t(n)",
        BEGUN + WAIT,
    )


def _other_events(folder: Path, events: int) -> None:
    _write(
        folder / "events/other.parquet",
        f"SELECT 'o' || n AS message_id, 'u' || n AS user_id, 'Product Viewed' AS event, to_microseconds(n) AS after, 'pro' AS plan"
        f" FROM range({events}) AS t(n)",
        BEGUN + WAIT + timedelta(minutes=3),
    )


def _write(path: Path, query: str, begun: datetime) -> None:
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE (after), TIMESTAMP '{begun}' + after AS timestamp FROM ({query})) TO '{path}' (FORMAT parquet)"
        )


# ---- running --------------------------------------------------------------------------------------------------------


def _tick(folder: Path, until: datetime) -> Usage:
    return run_engage(folder, "journey", "tick", "--as-of", f"{until.isoformat()}Z", "--json", "--verbose")


def _or_raise(usage: Usage) -> None:
    if usage.failed:
        raise RuntimeError(usage.problem)


def _of_tick(measurement: str, system: str, usage: Usage) -> Row:
    """A tick, whose `cpu` is that of its stages: all but Python's start and reading the definitions."""
    row = of_process(measurement, system, usage)
    if usage.failed:
        return row
    document = json.loads(usage.output)
    stages = {one["stage"]: one["cpu_seconds"] for one in document["timings"]}
    moved = sum(one["moved"] for one in document["journeys"])
    return replace(row, cpu=sum(stages.values()), stages=stages, note=f"{moved:,} moves")


def _difference(ticked: Path, by_hand: Path) -> str:
    """In which tables the product left other rows than the hand-written SQL; nothing where all are the same."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{ticked}' AS ticked (READ_ONLY)")
        connection.execute(f"ATTACH '{by_hand}' AS by_hand (READ_ONLY)")
        sums = "SELECT count(*), sum(hash(CAST(t AS VARCHAR))) FROM"
        other = [
            table
            for table in ("position", "transition", "candidate", "message", "outbox")
            if connection.execute(f"{sums} ticked.{table} AS t").fetchall() != connection.execute(f"{sums} by_hand.{table} AS t").fetchall()
        ]
    return f"other rows than by hand in {', '.join(other)}" if other else ""


def _live_bytes(state: Path, copy: Path) -> int:
    """How large a state is that holds the same rows, written at once."""
    copy.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{state}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{copy}' AS new")
        connection.execute("COPY FROM DATABASE old TO new")
        connection.execute("CHECKPOINT new")
    return copy.stat().st_size
