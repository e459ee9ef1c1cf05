"""A shop with somebody in it who has a name of their own, in every kind of file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from engage_cli.service.build import build_audiences
from engage_cli.service.forget import forget
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
ANA = "zebra-ana-4711"
PHONE = "zebra-phone-4711"
MAIL = "Zebra.Ana@Example.com"
NEEDLES = ("zebra", "Zebra")
CONFIG = """
project: shop
store: {store}
sources:
  events: [{{path: "events/*.jsonl", on_missing_file: keep}}, {{path: more.parquet}}]
  profiles: {{path: profiles.csv}}
  memberships: {{path: staff.csv}}
  consents: {{path: consents.csv}}
destinations:
  crm: {{type: events}}
  ads: {{type: list, columns: {{email: {{trait: email, hash: sha256}}}}}}
engine: {{memory_limit: 1GB}}
"""
IDENTITY = """
identity:
  identifiers: [{name: user_id, limit: 1}, {name: email, limit: 5}, {name: anonymous_id, limit: 100}]
"""
AUDIENCES = """
audience: viewers
members: {event: Viewed}
with: [email]
sync: [crm, ads]
---
audience: everybody
members: {everyone: true}
---
audience: listed
members: {trait: user_id, in_file: vip.csv}
---
audience: colleagues
members: {any_account: {any_user: {event: Viewed, count: {gte: 2}}}}
---
audience: by_sql
members: {sql: "select user_id from events"}
---
audience: busy_accounts
of: accounts
members: {event: Viewed}
sync: [crm]
"""


def event(number: int, user: str | None, device: str | None = None) -> dict[str, str | None]:
    return {
        "message_id": f"m{number}",
        "user_id": user,
        "anonymous_id": device,
        "event": "Viewed",
        "timestamp": f"2026-11-0{1 + number % 9}T10:00:00Z",
    }


EVENTS = [event(1, ANA, PHONE), event(2, ANA, PHONE), event(3, "ben", "tablet"), event(4, "cy"), event(5, "ben", "tablet")]
BROKEN = {"message_id": "m9", "user_id": ANA, "event": "Viewed", "timestamp": "yesterday"}


def write(folder: Path, *, store: bool = True, identity: bool = True) -> None:
    for inner in ("events", "campaigns/audiences"):
        (folder / inner).mkdir(parents=True, exist_ok=True)
    config = CONFIG.format(store=".engage/events" if store else "none")
    (folder / "engage.yaml").write_text(config + (IDENTITY if identity else ""))
    (folder / "campaigns/audiences/a.yaml").write_text(AUDIENCES)
    rows = [*EVENTS, BROKEN, *([event(6, None, PHONE)] if identity else [])]
    (folder / "events/0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    query = f"SELECT '{ANA}' AS user_id, 'm7' AS message_id, 'Viewed' AS event, TIMESTAMP '2026-11-08 10:00' AS timestamp"
    duckdb.connect().sql(query).write_parquet(str(folder / "more.parquet"))
    (folder / "profiles.csv").write_text(f"user_id,email\n{ANA},{MAIL}\nben,ben@example.com\ncy,cy@example.com\n")
    (folder / "staff.csv").write_text(f"user_id,account_id\n{ANA},acme\nben,acme\ncy,globex\n")
    (folder / "consents.csv").write_text(f"user_id,channel,status\n{ANA},email,subscribed\nben,email,subscribed\n")
    (folder / "vip.csv").write_text(f"user_id\n{ANA}\ncy\n")
    (folder / "import.csv").write_text(
        f"user_id,channel,status,updated_at\n{ANA},sms,subscribed,2026-11-01\nben,sms,subscribed,2026-11-01\n"
    )


def build(folder: Path, as_of: datetime = AS_OF) -> BuildResult:
    return build_audiences(folder, (), as_of=as_of, file_format="jsonl", progress=SILENT)


def members(folder: Path) -> dict[str, list[str]]:
    """The members of every audience as the last build wrote them."""
    found = sorted((folder / "out/audiences").glob("*/members.jsonl"))
    return {path.parent.name: [next(iter(json.loads(line).values())) for line in path.read_text().splitlines()] for path in found}


def mentions(*paths: Path) -> list[str]:
    """The files that hold a needle, among these and below these folders. DuckDB keeps short texts as they are."""
    every = [path for root in paths for path in (sorted(root.rglob("*")) if root.is_dir() else [root]) if path.is_file()]
    return [path.name for path in every if any(needle.encode() in path.read_bytes() for needle in NEEDLES)]


def forget_ana(folder: Path) -> None:
    forget(folder, ANA)
