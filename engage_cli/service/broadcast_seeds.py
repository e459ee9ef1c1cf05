"""`broadcast send --seeds FILE`: the messages of a broadcast to test addresses only. Nobody else is asked about, and nothing is recorded.

The file has one address a line; or it is CSV whose first line names its columns: `address`, and traits as a template shows them. So a test
message shows no real person's data, and its unsubscribe link is of nobody. Each address gets one message of each variant that is sent,
however often it stands in the file: the first time counts.
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from msgspec import Struct

from engage_cli import files
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey_steps import Send
from engage_cli.definitions.project import Project
from engage_cli.errors import DataError, EngageError, UsageError
from engage_cli.journeys.asking import is_zone
from engage_cli.journeys.settings import settings_of
from engage_cli.messaging.addresses import addresses_of
from engage_cli.messaging.policy.editions import Edition, edition_of
from engage_cli.messaging.policy.rendering import Messages
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.template import EMAIL, MessageTemplate, load_templates
from engage_cli.messaging.unsubscribe import Subscription, keys_of, sign
from engage_cli.service.broadcast_plans import broadcast_named
from engage_cli.service.clock import resolve_as_of
from engage_cli.source import did_you_mean, visible
from engage_cli.state.instants import iso

FOLDER = "seeds"
ADDRESS = "address"


class SeedsResult(Struct, frozen=True):
    """The test messages of a broadcast: to how many addresses, how many of them, and the file, from the project's folder."""

    broadcast: str
    as_of: datetime
    dry_run: bool
    addresses: int
    messages: int
    written: Path | None


def send_seeds(project: Project, folder: Path, name: str, seeds: Path, *, as_of: datetime | None, dry_run: bool = False) -> SeedsResult:
    """Write the messages of a broadcast, whether it is live or not, to the addresses of a file.

    Raises UsageError for an unknown broadcast or a file that is not there, DataError for one that cannot be read or an address that is
    none, EngageError for a message that cannot be rendered with what the file says.
    """
    broadcast = broadcast_named(project, name, {})
    instant = resolve_as_of(as_of, project.config.timezone)
    zone = project.config.person_timezone
    people = list(_read(seeds, broadcast.channel, None if zone is None else zone.text))
    lines = list(_lines(project, broadcast, people, instant))
    path = folder / project.config.outputs / FOLDER / name / f"{broadcast.channel}.jsonl"
    if not dry_run:
        files.make_folder(path.parent)
        files.replace_text(path, "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
    written = None if dry_run else path.relative_to(folder) if path.is_relative_to(folder) else path
    return SeedsResult(name, instant, dry_run, len(people), len(lines), written)


def _lines(
    project: Project, broadcast: Broadcast, people: Sequence[tuple[str, Mapping[str, str]]], instant: datetime
) -> Iterator[Mapping[str, Any]]:
    known = load_templates(project)
    editions = {send.template: edition_of(_template(known, send.template), project.config) for send in broadcast.messages}
    messages = Messages({one.id: one for one in editions.values()})
    language, zone = project.config.messaging.language.trait, project.config.person_timezone
    for send in broadcast.messages:
        for address, traits in people:
            row = _row(broadcast, send, editions[send.template], address, traits, instant)
            row["language"] = None if language is None else traits.get(language.name)
            row["zone"] = None if zone is None else traits.get(zone.text)
            try:
                yield messages.line(row, _token(row))
            except RenderError as error:
                raise EngageError(
                    f"{error.place or send.template}: the message to {visible(address)} cannot be rendered: {error.message}",
                    hint="give the file of --seeds a column for each trait that the message shows: `address,first_name`",
                ) from None


def _token(row: Mapping[str, Any]) -> str:
    """The token of the message's links: of nobody, and without a key in the environment `preview`, which says nothing at all."""
    try:
        key = keys_of(os.environ)[0]
    except EngageError:
        return "preview"
    return sign(Subscription(row["user_id"], row["channel"], row["group"], row["message_id"]), key)


def _template(known: Mapping[str, MessageTemplate], name: str) -> MessageTemplate:
    if name not in known:
        raise EngageError(f"there is no template `{name}`", hint=did_you_mean(name, known))
    return known[name]


def _row(broadcast: Broadcast, send: Send, edition: Edition, address: str, traits: Mapping[str, str], instant: datetime) -> dict[str, Any]:
    """A message as the outbox has one, for somebody who does not exist."""
    nobody, variant = f"seed {address}", send.id or None
    return {
        "message_id": md5("\x1f".join(("seed", broadcast.name, send.id, address)).encode()).hexdigest(),
        "user_id": nobody,
        "to": address,
        "template": send.template,
        "edition": edition.id,
        "channel": send.channel,
        "kind": "broadcast",
        "campaign": broadcast.name,
        "step": None,
        "variant": variant,
        "category": send.category.value,
        "group": send.group,
        "scheduled_at": iso(instant),
        "send_at": iso(instant),
        "render": send.render.value,
        "settings": json.loads(settings_of(send)),
        "profile": {**traits, "user_id": nobody},
        "context": {},
    }


# ---- the file ------------------------------------------------------------------------------------------------------


def _read(path: Path, channel: str, zone: str | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The addresses of a file, each once, as they are written, with the traits beside it. `zone`: the trait that has the person's."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="--seeds names a file of test addresses") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text", hint="write one address a line") from None
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    names = [cell.strip() for cell in rows[0]] if rows and ADDRESS in [cell.strip() for cell in rows[0]] else None
    given = rows if names is None else rows[1:]
    if not given:
        raise DataError(f"{path} has no address", hint="write one address a line, or CSV with a column `address`")
    seen: set[str | None] = set()
    for number, row in enumerate(given, start=1 if names is None else 2):
        values = dict(zip(names or [ADDRESS], (cell.strip() for cell in row), strict=False))
        judged = addresses_of(channel, [values.pop(ADDRESS, "")])[0]
        if judged.normal is None:
            raise DataError(
                f"{path}, row {number}: `{visible(judged.value)}` {judged.problem}", hint=f"the broadcast goes out by {channel}"
            )
        traits = {name: value for name, value in values.items() if value}
        if zone in traits and not is_zone(traits[zone]):
            hint = "write a name of the IANA database, such as Europe/London"
            raise DataError(f"{path}, row {number}: the {zone} `{visible(traits[zone])}` is no time zone", hint=hint)
        key = judged.normal.lower() if channel == EMAIL else judged.normal
        if key not in seen:
            yield judged.normal, traits
        seen.add(key)
