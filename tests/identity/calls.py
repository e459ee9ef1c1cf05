"""Raw Segment calls of people known by several identifiers, and a plain reading of them."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.identity.people import Alias, Observed, profiles

Call = dict[str, Any]
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = ("user_id", "email", "ios_id", "loyalty", "anonymous_id")
BLOCKED: tuple[set[str], ...] = ({"null"}, {"test@x"}, set(), set(), {"000"})
CONFIG = """
project: calls
store: %s
sources:
  events: {path: "logs/*", format: segment}
identity:
  identifiers: [%s]
  blocked: {user_id: ["null"], email: [test@x], anonymous_id: ["000"]}
engine: {memory_limit: 1GB}
"""
MEMBERS = {
    "viewed": "anonymous: include\nmembers: {event: Page Viewed}",
    "known_viewers": "members: {event: Page Viewed}",
    "often": 'anonymous: include\nmembers: {event: "*", count: {gte: 3}}',
    "bought": "members: {event: Order Completed, sum: {property: price, gte: 20}}",
    "pros": "anonymous: include\nmembers: {trait: plan, eq: pro}",
    "colleagues": "anonymous: include\nmembers: {any_account: {any_user: {event: Order Completed}}}",
    "in_acme": "anonymous: include\nmembers: {sql: \"SELECT user_id FROM memberships WHERE account_id = 'acme'\"}",
    "everyone": "anonymous: include\nmembers: {everyone: true}",
}


def drawn(seed: int) -> list[Call]:
    """Calls of a few people on shared devices."""
    chance = random.Random(seed)
    return [_call(chance, number) for number in range(90)]


def _call(chance: random.Random, number: int) -> Call:
    at = BEGIN + timedelta(days=chance.randrange(24), seconds=number)
    kind = chance.choices(("track", "page", "screen", "identify", "group", "alias"), (30, 20, 5, 20, 10, 8))[0]
    call: Call = {"type": kind, "messageId": f"m{number}", "timestamp": at.isoformat(), "context": {}}
    if chance.random() < 0.5:
        call["userId"] = chance.choice([*(f"u{n}" for n in range(9)), "null"])
    if chance.random() < 0.85 or "userId" not in call:
        call["anonymousId"] = chance.choice([*(f"d{n}" for n in range(14)), "000"])
    own: dict[str, Any] = {"plan": chance.choice(("free", "pro"))} if kind == "identify" else {"price": chance.randrange(20)}
    if chance.random() < 0.2:
        place = chance.choice([own, call["context"].setdefault("traits", {})])
        place["email"] = chance.choice([*(f"e{n}@x" for n in range(8)), "test@x"])
    if chance.random() < 0.2:
        call["context"]["device"] = {"type": chance.choice(["ios", "iOS", "android"]), "id": f"phone{chance.randrange(8)}"}
    if chance.random() < 0.2:
        found = {"id": f"card{chance.randrange(6)}", "type": chance.choice(["loyalty", "other"]), "collection": "users", "encoding": "none"}
        call["context"]["externalIds"] = [{"id": "x", "type": "loyalty", "collection": "accounts"}, found]
    match kind:
        case "identify" | "group":
            call |= {"traits": own} | ({"groupId": chance.choice(["acme", "globex"])} if kind == "group" else {})
        case "alias":
            call["previousId"] = chance.choice([*(f"u{n}" for n in range(9)), *(f"d{n}" for n in range(14)), "unheard", "null"])
        case _:
            call |= (
                {"properties": own, "event": chance.choice(["Order Completed", "Product Viewed"])} if kind == "track" else {"name": "Home"}
            )
            call.setdefault("properties", own)
    return call


def warehouse_row(call: Call) -> dict[str, Any]:
    """A call as a row of a warehouse's table: a column for each trait, property and part of the context."""
    snake = {"messageId": "id", "userId": "user_id", "anonymousId": "anonymous_id", "groupId": "group_id", "previousId": "previous_id"}
    row = {snake.get(name, name): value for name, value in call.items() if name not in ("context", "traits", "properties")}
    row |= call.get("traits", {}) | call.get("properties", {})
    for name, value in call["context"].items():
        if name == "externalIds":
            row["context_external_ids"] = json.dumps(value)
        else:
            row |= {f"context_{name}_{inner}": one for inner, one in value.items()}
    return row


def write(folder: Path, parts: Sequence[Sequence[Call]], limits: Sequence[int], *, store: bool, warehouse: bool = False) -> None:
    """A project of these calls, each part a file of lines of JSON; with `warehouse` the last of them a table of Parquet."""
    for inner in ("logs", "campaigns/audiences"):
        (folder / inner).mkdir(parents=True, exist_ok=True)
    identifiers = ", ".join(f"{{name: {name}, limit: {limit}}}" for name, limit in zip(NAMES, limits, strict=True))
    (folder / "engage.yaml").write_text(CONFIG % (".engage/events" if store else "none", identifiers))
    definitions = [f"audience: {name}\n{text}\n" for name, text in MEMBERS.items()]
    (folder / "campaigns/audiences/a.yaml").write_text("---\n".join(definitions))
    for number, part in enumerate(parts):
        lines = "".join(json.dumps(call) + "\n" for call in part)
        (folder / f"logs/{number}.jsonl").write_text(lines)
    if warehouse:
        (folder / f"logs/{len(parts) - 1}.jsonl").unlink()
        rows = folder / "rows.jsonl"
        rows.write_text("".join(json.dumps(warehouse_row(call)) + "\n" for call in parts[-1]))
        query = f"SELECT * FROM read_json('{rows}', format = 'newline_delimited', sample_size = -1)"
        duckdb.connect().execute(f"COPY ({query}) TO '{folder / 'logs/tables.parquet'}'")


# ---- a plain reading ---------------------------------------------------------------------------------------------------


def who(call: Call) -> tuple[str | None, ...]:
    """The identifiers of a call, in the order of NAMES."""
    context, traits = call["context"], call.get("traits", {}) if call["type"] == "identify" else {}
    device = context.get("device", {})
    external = [one["id"] for one in context.get("externalIds", []) if one["type"] == "loyalty" and one["collection"] == "users"]
    email = traits.get("email") or context.get("traits", {}).get("email") or call.get("properties", {}).get("email")
    phone = device.get("id") if device.get("type", "").lower() == "ios" else None
    return call.get("userId"), email, phone, external[0] if external else None, call.get("anonymousId")


def named(call: Call) -> list[tuple[int, str]]:
    """The identifiers of a call that count, the most important first."""
    return [(at, value) for at, value in enumerate(who(call)) if value and value not in BLOCKED[at]]


def is_used(call: Call) -> bool:
    """Whether anything of a call can be used: somebody it is of, and an alias names a user."""
    found = named(call)
    return bool(found) and (call["type"] != "alias" or found[0][0] == 0)


@dataclass
class People:
    """What is known by an instant, by the id of the profile."""

    events: dict[str, list[tuple[str, Call]]] = field(default_factory=lambda: defaultdict(list))
    traits: dict[str, Call] = field(default_factory=lambda: defaultdict(dict))
    accounts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    users: set[str] = field(default_factory=set)
    anonymous: set[str] = field(default_factory=set)


def people(calls: Sequence[Call], limits: Sequence[int], by: datetime = AS_OF) -> People:
    """Read calls one after the other."""
    used = [call for call in calls if is_used(call) and datetime.fromisoformat(call["timestamp"]) <= by]
    seconds = {call["messageId"]: int((datetime.fromisoformat(call["timestamp"]) - BEGIN).total_seconds()) for call in used}
    rows: list[Observed] = [(seconds[call["messageId"]], who(call)) for call in used if call["type"] != "alias"]
    aliases: list[Alias] = [
        (seconds[call["messageId"]], call.get("userId"), call["previousId"]) for call in used if call["type"] == "alias"
    ]
    # What an alias says of other identifiers is not used: it is about two ids.
    canonical, _ = profiles(rows, limits, BLOCKED, aliases, anonymous=4)
    found = People()
    for call in sorted(used, key=lambda one: seconds[one["messageId"]]):
        if call["type"] == "alias":
            continue
        kind, user = canonical[named(call)[0]]
        found.users.add(user)
        if kind > 0:
            found.anonymous.add(user)
        match call["type"]:
            case "identify":
                found.traits[user] |= call["traits"]
            case "group":
                found.accounts[user].add(call["groupId"])
            case other:
                name = {"page": "Page Viewed", "screen": "Screen Viewed"}.get(other, call.get("event", ""))
                found.events[user].append((name, call["properties"]))
    return found


def expected(calls: Sequence[Call], limits: Sequence[int], by: datetime = AS_OF) -> dict[str, list[str]]:
    """The members of every audience."""
    now = people(calls, limits, by)

    def did(name: str) -> set[str]:
        return {user for user, events in now.events.items() if any(event == name for event, _ in events)}

    spent = {user: sum(own["price"] for event, own in events if event == "Order Completed") for user, events in now.events.items()}
    busy = {account for user in did("Order Completed") for account in now.accounts[user]}
    found = {
        "viewed": did("Page Viewed"),
        "known_viewers": did("Page Viewed") - now.anonymous,
        "often": {user for user, events in now.events.items() if len(events) >= 3},
        "bought": {user for user, sum_of in spent.items() if sum_of >= 20} - now.anonymous,
        "pros": {user for user, traits in now.traits.items() if traits.get("plan") == "pro"},
        "colleagues": {user for user in now.users if now.accounts[user] & busy},
        "in_acme": {user for user in now.users if "acme" in now.accounts[user]},
        "everyone": now.users,
    }
    return {name: sorted(users) for name, users in found.items()}
