"""A shop of the plain model as a project folder: its people, what they did, its broadcasts; and what the product's state says of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engage_cli.service.broadcast_results import BroadcastsResult
from engage_cli.service.broadcasts import Request, run_broadcasts
from engage_cli.service.progress import SILENT
from engage_cli.service.workspace import load
from tests.policy.deciding import write_project
from tests.reference.messages.broadcasts import Asked, Broadcast, Shop
from tests.support.reading import rows_of_state

Row = tuple[Any, ...]


def write_shop(folder: Path, shop: Shop) -> None:
    """The project."""
    write_project(folder, shop.world, [person.user_id for person in shop.people])
    config = json.loads((folder / "engage.yaml").read_text())
    config |= {"timezone": shop.zone.key, "person_timezone": {"trait": "timezone"}}
    config["sources"]["events"] = {"path": "data/events.jsonl"}
    config["messaging"]["outcomes"] = {"opened": "Email Opened"}
    if shop.quiet is not None:
        config["messaging"]["quiet_hours"] = {"from": shop.quiet[0], "to": shop.quiet[1]}
    (folder / "engage.yaml").write_text(json.dumps(config))
    profiles = [json.loads(line) for line in (folder / "data/profiles.jsonl").read_text().splitlines()]
    zones = {person.user_id: person.zone for person in shop.people}
    _write(folder / "data/profiles.jsonl", [{**profile, "timezone": zones.get(profile["user_id"])} for profile in profiles])
    done = [(person.user_id, *one) for person in shop.people for one in person.did]
    events = [
        {"message_id": f"e{number}", "user_id": user, "event": event, "timestamp": _text(when), "properties": {"message_id": message}}
        for number, (user, event, when, message) in enumerate(done)
    ]
    _write(folder / "data/events.jsonl", events)
    (folder / "campaigns/broadcasts").mkdir()
    for broadcast in shop.broadcasts:
        (folder / f"campaigns/broadcasts/{broadcast.name}.yaml").write_text(_definition(broadcast))


def run(folder: Path, as_of: datetime) -> BroadcastsResult:
    """The stage of `engage run`."""
    return run_broadcasts(Request(load(folder), folder, None, as_of, None, False, False, None, SILENT))


def candidates_of(folder: Path) -> list[Row]:
    """(id, user, variant, why it is withheld, scheduled_at, send_at) of every candidate, by id."""
    sql = "SELECT candidate_id, user_id, variant, withheld, scheduled_at, send_at FROM candidate ORDER BY candidate_id"
    return [(*row[:4], *(at and at.replace(tzinfo=UTC) for at in row[4:])) for row in _rows(folder, sql)]


def decided_of(folder: Path) -> list[Row]:
    """(message id, reason) of every decision, by id."""
    return _rows(folder, "SELECT message_id, reason FROM message ORDER BY message_id")


def written_in(folder: Path) -> list[Row]:
    """(message id, reason) of every line of the files of messages and of those skipped, of all runs, by id."""
    files = sorted((folder / "out/runs").glob("*/messages/*.jsonl")) + sorted((folder / "out/runs").glob("*/skipped.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return sorted((line["message_id"], line.get("reason")) for line in lines)


def _rows(folder: Path, sql: str) -> list[Row]:
    return rows_of_state(folder, sql)


def _definition(one: Broadcast) -> str:
    tree: dict[str, Any] = {
        "broadcast": one.name,
        "status": "live",
        "channel": one.channel,
        "template": "hello",
        "recipients": _condition(one.recipients),
        "category": one.category,
        "priority": one.priority,
        "expires_after": _duration(one.expires_after),
        "variants": [{"name": own.name, "percent": own.percent, "control": own.control} for own in one.variants],
    }
    if one.exclude is not None:
        tree["exclude"] = _condition(one.exclude)
    if one.group is not None:
        tree["group"] = one.group
    if one.throttle is not None:
        tree["throttle"] = {"at_most": one.throttle[0], "per": _duration(one.throttle[1])}
    if one.winner is not None:
        by = "converted" if one.winner.is_goal else "opened"
        tree["winner"] = {"after": _duration(one.winner.after), "by": by, "else": one.winner.otherwise}
        within: Mapping[str, str] = {} if one.goal_for is None else {"for": _duration(one.goal_for)}
        tree["goal"] = {"on": {"event": one.winner.by}, **within}
    told = {key: value for key, value in tree.items() if value != []}
    return f"{json.dumps(told)[:-1]}, send_at: {one.wall:%Y-%m-%d %H:%M}{', local: true' if one.local else ''}}}\n"


def _condition(asked: Asked) -> dict[str, str]:
    return {"event": asked[0], "within": _duration(asked[1])}


def _duration(duration: timedelta) -> str:
    return f"{int(duration / timedelta(minutes=1))} minutes"


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
