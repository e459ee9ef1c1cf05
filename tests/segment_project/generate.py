"""Makes logs/ anew: a few hundred calls of six weeks, of a seed, as Segment's logs and its warehouse would have them.

    python tests/segment_project/generate.py

Calls come in both spellings, as lines of JSON (gzip, as Segment names its files), CSV and Parquet. Some come twice, some are late, some
cannot be used, some are of people known only by an anonymous id.
"""

import csv
import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

LOGS = Path(__file__).parent / "logs"
START = datetime(2026, 10, 12, tzinfo=UTC)
PEOPLE = [f"u{number}" for number in range(24)]
COMPANIES = ["acme", "globex", "initech", "umbrella"]
SNAKE = {
    "messageId": "message_id",
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "previousId": "previous_id",
    "receivedAt": "received_at",
    "sentAt": "sent_at",
    "originalTimestamp": "original_timestamp",
}
COLUMNS = ("type", "message_id", "user_id", "anonymous_id", "group_id", "previous_id", "event", "name", "category")
OBJECTS = ("properties", "traits", "context")
UNUSABLE: list[dict[str, Any]] = [
    {"type": "track", "userId": "u1"},
    {"type": "delete", "userId": "u1"},
    {"type": "identify", "traits": {"plan": "pro"}},
    {"type": "group", "userId": "u1", "traits": {"name": "nowhere"}},
    {"type": "alias", "userId": "u1"},
    {"type": "identify", "userId": "u1", "traits": "pro"},
    {"type": "page", "userId": "u1", "name": "Home", "timestamp": "yesterday"},
    {"type": "page", "userId": "u1", "name": "Home", "timestamp": None},
]


def calls(chance: random.Random) -> list[dict[str, Any]]:
    """The calls, in the order of time."""
    made = [_call(chance, number) for number in range(480)]
    return sorted(made, key=lambda call: str(call["timestamp"]))


def _call(chance: random.Random, number: int) -> dict[str, Any]:
    at = START + timedelta(seconds=chance.randrange(42 * 86_400))
    person = chance.choice(PEOPLE)
    kind = chance.choices(("track", "page", "screen", "identify", "group", "alias"), (45, 20, 10, 15, 8, 2))[0]
    call: dict[str, Any] = {
        "type": kind,
        "messageId": f"ajs-{number:04}",
        "anonymousId": f"anon-{person}",
        "userId": None if chance.random() < 0.15 else person,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "receivedAt": (at + timedelta(seconds=2)).isoformat(),
        "sentAt": (at + timedelta(seconds=1)).isoformat(),
        "originalTimestamp": at.isoformat(),
        "context": {"page": {"path": chance.choice(("/", "/pricing", "/docs"))}, "library": {"name": "analytics.js"}},
    }
    return {name: value for name, value in (call | _own(chance, kind)).items() if value is not None}


def _own(chance: random.Random, kind: str) -> dict[str, Any]:
    match kind:
        case "track":
            name = chance.choice(("Order Completed", "Product Viewed", "Trial Started"))
            return {"event": name, "properties": {"revenue": chance.randrange(5, 200), "coupon": chance.choice((None, "WELCOME"))}}
        case "page" | "screen":
            return {"name": chance.choice(("Home", "Pricing", "Docs", None)), "category": "web", "properties": {"search": "?q=1"}}
        case "identify":
            traits = {"plan": chance.choice(("free", "pro", "team")), "address": {"city": chance.choice(("Bern", "Leeds"))}}
            return {"traits": {name: value for name, value in traits.items() if chance.random() < 0.7}}
        case "group":
            return {"groupId": chance.choice(COMPANIES), "traits": {"industry": chance.choice(("tech", "retail"))}}
        case _:
            return {"previousId": f"old-{chance.randrange(9)}"}


def snake(call: dict[str, Any]) -> dict[str, Any]:
    """A call with the names of the warehouse."""
    return {SNAKE.get(name, name): value for name, value in call.items()}


def write() -> None:
    """Write the logs: by week, each in another form; the first week's calls come once more in part, some calls a week late."""
    chance = random.Random(20261123)
    made = calls(chance)
    late = [call for call in made if chance.random() < 0.03]
    on_time = [call for call in made if call not in late]
    size = len(on_time) // 4
    weeks = [on_time[:size], on_time[size : 2 * size], on_time[2 * size : 3 * size], on_time[3 * size :]]
    unusable = [{"messageId": f"bad-{at}", "timestamp": "2026-11-01T10:00:00Z", **call} for at, call in enumerate(UNUSABLE)]
    LOGS.mkdir(exist_ok=True)
    _write_gzip(LOGS / "1760227200000.3f1c9a.gz", [json.dumps(call) for call in weeks[0]])
    _write_gzip(LOGS / "1761436800000.77ab02.gz", [json.dumps(call) for call in (*weeks[0][:20], *unusable, *late)] + ["{not JSON"])
    lines = [json.dumps(snake(call) if at % 2 else call) for at, call in enumerate(weeks[1])]
    (LOGS / "both.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    _write_csv(LOGS / "warehouse.csv", weeks[2])
    _write_parquet(LOGS / "warehouse.parquet", weeks[3])


def _write_gzip(path: Path, lines: list[str]) -> None:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def _rows(week: list[dict[str, Any]]) -> list[list[str | None]]:
    rows = []
    for call in map(snake, week):
        objects = [json.dumps(call[name]) if name in call else None for name in OBJECTS]
        rows.append([*(call.get(name) for name in COLUMNS), call["timestamp"], *objects])
    return rows


def _write_csv(path: Path, week: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*COLUMNS, "timestamp", *OBJECTS], *_rows(week)])


def _write_parquet(path: Path, week: list[dict[str, Any]]) -> None:
    connection = duckdb.connect()
    typed = [*(f"{name} VARCHAR" for name in COLUMNS), "timestamp TIMESTAMPTZ", *(f"{name} JSON" for name in OBJECTS)]
    connection.execute(f"CREATE TABLE calls ({', '.join(typed)})")
    connection.executemany(f"INSERT INTO calls VALUES ({', '.join('?' * len(typed))})", _rows(week))
    connection.table("calls").write_parquet(str(path))


if __name__ == "__main__":
    write()
