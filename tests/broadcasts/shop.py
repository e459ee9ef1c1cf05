"""A shop that sends broadcasts: people in several zones, some of whom share an address, have none, or want nothing."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engage_cli.service.broadcast_cancel import cancel_broadcast
from engage_cli.service.broadcast_plans import ByHand
from engage_cli.service.broadcast_results import BroadcastsResult
from engage_cli.service.broadcasts import Request, run_broadcasts, send_broadcast
from engage_cli.service.progress import SILENT
from engage_cli.service.workspace import load
from tests.support.reading import rows_of_state

CONFIG = """
project: shop
timezone: Europe/London
person_timezone: {trait: timezone}
store: none
sources:
  events: {path: "data/events*.csv", columns: {id: id}}
  profiles: {path: data/profiles.csv}
  consents: {path: data/consents.csv}
messaging:
  channels: {email: {address: email, from: hello@acme.example}, sms: {address: phone}}
  groups: [promotions]
"""
SALE = """
broadcast: sale
status: live
channel: email
recipients: {everyone: true}
template: sale
send_at: 2026-11-27 09:00
"""
PEOPLE = ("ana", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "joe")
ZONES = {"ana": "Asia/Tokyo", "ben": "America/New_York", "cleo": "Pacific/Kiritimati", "dan": "nowhere"}
TEMPLATE = "---\nsubject: Sale\n---\nHi {{ profile.first_name | default('there') }}. {{ campaign.variant | default('all') }}\n"


def write_shop(
    folder: Path,
    broadcast: str = SALE,
    *,
    config: str = CONFIG,
    profiles: Iterable[tuple[str, ...]] | None = None,
    events: Iterable[str] = (),
    unsubscribed: Iterable[str] = (),
) -> Path:
    """The project, in a folder that is made."""
    for inner in ("data", "campaigns/broadcasts", "campaigns/templates"):
        (folder / inner).mkdir(parents=True)
    (folder / "engage.yaml").write_text(config)
    (folder / "campaigns/broadcasts/sale.yaml").write_text(broadcast)
    (folder / "campaigns/templates/sale.txt").write_text(TEMPLATE)
    rows = (
        list(profiles) if profiles is not None else [(name, f"{name}@acme.example", name.title(), ZONES.get(name, "")) for name in PEOPLE]
    )
    (folder / "data/profiles.csv").write_text("user_id,email,first_name,timezone\n" + "".join(",".join(row) + "\n" for row in rows))
    write_events(folder, events)
    said = {row[0]: "subscribed" for row in rows} | dict.fromkeys(unsubscribed, "unsubscribed")
    (folder / "data/consents.csv").write_text(
        "user_id,channel,status\n" + "".join(f"{user},email,{status}\n{user},sms,{status}\n" for user, status in said.items())
    )
    return folder


def write_events(folder: Path, events: Iterable[str], name: str = "events") -> None:
    """`user,event,timestamp,message` rows."""
    rows = "".join(f"{name}{number},{row}\n" for number, row in enumerate(events))
    (folder / f"data/{name}.csv").write_text("id,user_id,event,timestamp,message_id\n" + rows)


def instant(text: str) -> datetime:
    """An instant in UTC, of `27T09:00` in the November of the sale."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


def send(folder: Path, at: str, *, now: bool = False, name: str = "sale") -> BroadcastsResult:
    """`broadcast send`."""
    return send_broadcast(folder, name, as_of=instant(at), now=now, progress=SILENT)


def run(folder: Path, at: str, *, dry_run: bool = False, by_hand: ByHand | None = None) -> BroadcastsResult:
    """The stage of `engage run`, or a run of the sale by hand."""
    names = ("sale",) if by_hand is not None else None
    return run_broadcasts(Request(load(folder), folder, names, instant(at), by_hand, dry_run, False, None, SILENT))


def cancel(folder: Path, at: str, *, dry_run: bool = False) -> tuple[int, bool]:
    """`broadcast cancel`: how many are skipped, and whether anything changed."""
    result = cancel_broadcast(folder, "sale", as_of=instant(at), dry_run=dry_run)
    return result.skipped, result.changed


def first_run(folder: Path) -> None:
    """In a process of its own: the recipients are found, and some are written to."""
    send(folder, "27T09:00")


def last_run(folder: Path) -> None:
    """In a process of its own: the winner is known, and the others are written to."""
    run(folder, "27T23:00")


def call_off(folder: Path) -> None:
    """In a process of its own: the others are not."""
    cancel(folder, "27T10:00")


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the state."""
    return rows_of_state(folder, sql)


def candidates(folder: Path) -> dict[str, tuple[Any, ...]]:
    """By user the variant, `scheduled_at` and `send_at` of their candidate, as text."""
    rows = query(
        folder,
        "SELECT user_id, variant, CAST(scheduled_at AS VARCHAR), CAST(send_at AS VARCHAR) FROM candidate WHERE campaign = 'sale' ORDER BY user_id",
    )
    return {user: tuple(rest) for user, *rest in rows}


def decisions(folder: Path) -> Mapping[str, str]:
    """By user what became of their message: `sent`, or the reason."""
    return dict(query(folder, "SELECT user_id, coalesce(reason, decision) FROM message WHERE campaign = 'sale' ORDER BY user_id"))
