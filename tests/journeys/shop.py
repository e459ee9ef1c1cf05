"""A small shop with one journey: carts keyed by id, a wait that restarts, messages, a trait that is set, an event that is told,
a list onto which everybody goes for a while."""

import importlib
import os
import resource
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engage_cli.definitions.journey import JourneyStatus
from engage_cli.errors import EngageError
from engage_cli.service.journey_hand import set_by_hand, take_out
from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys
from tests.support.reading import reading, rows_of_state

CONFIG = """
project: shop
timezone: Europe/London
store: none
sources:
  events: {path: "data/events*.csv"}
  profiles: {path: data/profiles.csv}
  consents: {path: data/consents.csv}
messaging:
  channels: {email: {address: email, from: hello@acme.example}}
  quiet_hours: {from: "13:30", to: "15:00"}
  frequency_caps: [{at_most: 1, per: 3 hours}]
destinations:
  hub: {type: events, format: jsonl, call: track}
  ads: {type: list, columns: {id: user_id}}
"""
JOURNEY = """
journey: cart_recovery
status: live
entry:
  on: {event: Cart Updated, where: {cart_total: {gt: 20}}}
  key: cart_id
  reentry: always
  since: 2026-10-01
exit:
  - {on: {event: Order Completed, match: true}}
steps:
  - {sync: ads, list: carts, remove_after: 85 hours, id: list}
  - hold: {for: 2 hours}
    id: wait
    branches:
      - {name: changed, on: {event: Cart Updated, match: true}, restart: true}
      - {name: emptied, on: {event: Cart Emptied, match: true}, steps: [{exit: lost_interest}]}
  - {send: nudge, channel: email, id: nudge, expires_after: 30 days}
  - {delay: 1 day, id: day}
  - {sync: hub, event: Cart Left, properties: {cart: {context: entry.cart_id}}, id: tell}
  - {set: carts_left, to: {context: entry.cart_id}, id: mark}
"""
EVENTS = """message_id,user_id,event,timestamp,cart_id,cart_total
m1,ana,Cart Updated,2026-11-01T10:00:00Z,c1,30
m2,ana,Cart Updated,2026-11-01T10:30:00Z,c2,40
m3,ana,Cart Updated,2026-11-01T11:00:00Z,c1,35
m4,ana,Order Completed,2026-11-01T12:00:00Z,c2,40
m5,ben,Cart Updated,2026-11-01T10:00:00Z,c3,50
m6,ben,Cart Emptied,2026-11-01T11:00:00Z,c3,50
m7,cleo,Cart Updated,2026-11-01T11:30:00Z,c4,60
m8,ana,Cart Updated,2026-11-01T11:45:00Z,c5,21
"""

PROFILES = """user_id,email,first_name
ana,ana@acme.example,Ana
ben,ben@acme.example,Ben
cleo,cleo@acme.example,
"""
CONSENTS = """user_id,channel,status
ana,email,subscribed
ben,email,subscribed
cleo,email,subscribed
"""


def make_shop(folder: Path) -> Path:
    """The project, in a folder that is made."""
    for inner in ("data", "campaigns/journeys", "campaigns/templates"):
        (folder / inner).mkdir(parents=True)
    (folder / "engage.yaml").write_text(CONFIG)
    (folder / "campaigns/journeys/cart.yaml").write_text(JOURNEY)
    (folder / "campaigns/templates/nudge.txt").write_text("Hi {{ profile.first_name }}. {{ context.entry.cart_id }} waits.\n")
    (folder / "data/events.csv").write_text(EVENTS)
    (folder / "data/profiles.csv").write_text(PROFILES)
    (folder / "data/consents.csv").write_text(CONSENTS)
    return folder


def tick(folder: Path, as_of: str) -> None:
    """One tick of all journeys."""
    tick_journeys(folder, [], as_of=datetime.fromisoformat(as_of).replace(tzinfo=UTC), progress=SILENT, wait=30)


def first_tick(folder: Path) -> None:
    """Some wait, one has ended, one has been written to."""
    tick(folder, "2026-11-01T13:20:00")


def second_tick(folder: Path) -> None:
    """The rest is written to, told of, and over."""
    tick(folder, "2026-11-05T00:00:00")


def only_tick(folder: Path) -> None:
    """Everything at once, in a project whose state is made on the way."""
    tick(folder, "2026-11-05T00:00:00")


def stop_ana(folder: Path) -> None:
    """Take somebody out by hand."""
    take_out(folder, "cart_recovery", "ana")


def pause_carts(folder: Path) -> None:
    """Let nobody in any more."""
    set_by_hand(folder, "cart_recovery", JourneyStatus.PAUSED, as_of=datetime(2026, 11, 1, 13, tzinfo=UTC))


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file under the outputs, by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file()}


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the state and, which must be the same, of what readers see."""
    found = [_rows(folder / ".engage" / name) for name in ("state.duckdb", "state.duckdb.published")]
    assert found[0] == found[1], "readers see the state as it is"
    return found[0]


def asked(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the state."""
    return rows_of_state(folder, query)


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with reading(path) as connection:
        of = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal ORDER BY ALL"
        tables = [row[0] for row in connection.execute(of).fetchall()]
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in tables if table != "revision"}


def second_tick_with_small_files(folder: Path, size: int) -> None:
    """In a process of its own: a tick where no file may grow beyond `size` bytes, as on a full disk; exits with 3 where that is enough."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        second_tick(folder)
    except EngageError as error:
        assert error.message
        return
    raise SystemExit(3)


def second_tick_as_nobody(folder: Path) -> None:
    """In a process of its own: a tick of somebody who may write only what everybody may, and who is told what is not."""
    importlib.import_module("uuid")  # DuckDB asks for it when it is given lists
    with TemporaryDirectory() as other:  # what Python reads of itself on the way nobody else may read
        second_tick(shutil.copytree(folder, Path(other) / "shop"))
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        second_tick(folder)
    except EngageError as error:
        assert str(folder) in error.message or "cannot" in error.message, error.message
        return
    raise SystemExit(3)
