"""A shop whose visitors are known by several identifiers, and the same shop with everybody under one id from the start."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from tests.identity.people import Observed, profiles

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
LIMITS = (1, 2, 3)
BLOCKED: tuple[set[str], ...] = ({"null"}, {"test@x"}, {"000"})
IDENTITY = """
identity:
  identifiers: [{name: user_id, limit: %d}, {name: email, limit: %d}, {name: anonymous_id, limit: %d}]
  blocked: {user_id: ["null"], email: ["", test@x], anonymous_id: ["000"]}
"""
CONFIG = """
project: shop
store: %s
sources:
  events: {path: "events/*.jsonl"}
  profiles: {path: profiles.jsonl}
  consents: {path: consents.csv}
  memberships: {path: accounts.csv}
engine: {memory_limit: 1GB}
"""
OF_ACCOUNTS = {"busy_accounts"}
TRAITS = """
---
trait: spent_in_all
compute: sum
event: Bought
property: price
---
trait: last_price
compute: last
event: "*"
property: price
"""
MEMBERS = {
    "viewed": "{event: Viewed}",
    "often": '{event: "*", count: {gte: 3}}',
    "spent": "{event: Bought, sum: {property: price, gte: 20}}",
    "then_bought": "{sequence: [{event: Viewed}, {event: Bought}]}",
    "never": "{event: Bought, never: true}",
    "pros": "{trait: plan, eq: pro}",
    "everyone": "{everyone: true}",
    "by_sql": '{sql: "select user_id from events group by 1 having count(*) > 1"}',
    "by_profile": "{sql: \"select user_id from profiles where plan = 'free'\"}",
    "by_consent": "{sql: \"select user_id from consents where status = 'subscribed'\"}",
    "subscribed": "{consent: {channel: email}}",
    "spends": "{trait: spent_in_all, gte: 15}",
    "last_was_dear": "{trait: last_price, gte: 10}",
    "colleagues_of_buyers": "{any_account: {any_user: {event: Bought}}}",
    "busy_accounts": '{event: "*", count: {gte: 4}}',
    "nested": "{all: [{audience: viewed}, {not: {audience: pros}}]}",
}


@dataclass(frozen=True)
class Event:
    """One event: the day of November that it was on, and the identifiers of who did it."""

    id: int
    day: int
    name: str
    price: int
    who: tuple[str | None, ...]

    @property
    def line(self) -> str:
        user, email, device = self.who
        return json.dumps(
            {
                "message_id": f"m{self.id}",
                "user_id": user,
                "email": email,
                "anonymous_id": device,
                "event": self.name,
                "timestamp": (BEGIN + timedelta(days=self.day, seconds=self.id)).isoformat(),
                "price": self.price,
            }
        )


@dataclass(frozen=True)
class Shop:
    """What is known: events, (user, email, plan) of profiles, and the users with a consent."""

    events: tuple[Event, ...]
    people: tuple[tuple[str, str | None, str], ...]
    consents: tuple[str, ...]
    accounts: tuple[tuple[str, str], ...] = ()
    """(user, account), of users with a consent."""

    @classmethod
    def drawn(cls, seed: int) -> "Shop":
        chance = random.Random(seed)
        users = [*(f"u{n}" for n in range(12)), "null", "d1"]
        emails = [None, None, "test@x", *(f"e{n}@x" for n in range(12))]
        devices = [None, "000", *(f"d{n}" for n in range(16))]
        events = []
        for number in range(60):
            user = chance.choice(users) if chance.random() < 0.5 else None
            email = chance.choice(emails) if chance.random() < 0.3 else None
            name = chance.choice(["Viewed", "Viewed", "Bought"])
            events.append(Event(number, chance.randrange(24), name, chance.randrange(20), (user, email, chance.choice(devices))))
        known = chance.sample(users, 7)
        people = tuple((user, chance.choice(emails), chance.choice(["free", "pro"])) for user in known)
        consents = chance.sample(users, 5)
        return cls(tuple(events), people, tuple(consents), tuple((user, chance.choice(["a1", "a2"])) for user in consents[:4]))

    def write(
        self, folder: Path, *, store: bool = True, parts: Sequence[Sequence[Event]] = (), limits: Sequence[int] | None = LIMITS
    ) -> None:
        """Write it as a project, the events in files of `parts`; without `limits` nothing joins users."""
        for inner in ("events", "campaigns/audiences"):
            (folder / inner).mkdir(parents=True, exist_ok=True)
        identity = "" if limits is None else IDENTITY % tuple(limits)
        (folder / "engage.yaml").write_text(CONFIG % (".engage/events" if store else "none") + identity)
        for number, part in enumerate(parts or [self.events]):
            (folder / f"events/{number}.jsonl").write_text("".join(event.line + "\n" for event in part))
        rows = [{"user_id": user, "email": email, "plan": plan} for user, email, plan in self.people]
        (folder / "profiles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "consents.csv").write_text(
            "".join(["user_id,channel,status\n", *(f"{user},email,subscribed\n" for user in self.consents)])
        )
        (folder / "accounts.csv").write_text("".join(["user_id,account_id\n", *(f"{user},{account}\n" for user, account in self.accounts)]))
        kinds = {name: "of: accounts\n" if name in OF_ACCOUNTS else "" for name in MEMBERS}
        definitions = [f"audience: {name}\n{kinds[name]}members: {members}\n" for name, members in MEMBERS.items()]
        (folder / "campaigns/audiences/a.yaml").write_text("---\n".join(definitions) + TRAITS)

    def observed(self, *, by: datetime = AS_OF) -> list[Observed]:
        """What is observed by an instant."""
        rows: list[Observed] = [(None, (user, email, None)) for user, email, _ in self.people if user not in BLOCKED[0]]
        rows += [(None, (user, None, None)) for user in self.consents]
        return rows + [(event.day * 100_000 + event.id, event.who) for event in self.events if BEGIN + timedelta(days=event.day) < by]

    def joined(self, limits: Sequence[int] = LIMITS) -> "Shop":
        """The same with every row under the id of its profile, and rows that are nobody's or nobody's but a device's left out."""
        canonical, _ = profiles(self.observed(), limits, BLOCKED)

        def user_of(who: Sequence[str | None]) -> str | None:
            named = [(place, value) for place, value in enumerate(who) if value and value not in BLOCKED[place]]
            kind, value = canonical.get(named[0], (1, "")) if named else (1, "")
            return value if kind == 0 else None

        events = [replace(event, who=(user, None, None)) for event in self.events if (user := user_of(event.who)) is not None]
        people = [(found, email, plan) for user, email, plan in self.people if (found := user_of((user,))) is not None]
        consents = [found for user in self.consents if (found := user_of((user,))) is not None]
        accounts = [(found, account) for user, account in self.accounts if (found := user_of((user,))) is not None]
        return Shop(tuple(events), tuple(people), tuple(consents), tuple(accounts))


def build(folder: Path, as_of: datetime = AS_OF) -> BuildResult:
    """Build every audience."""
    return build_audiences(folder, (), as_of=as_of, file_format="jsonl", progress=SILENT)


def members(folder: Path) -> dict[str, list[str]]:
    """The members of every audience as the last build wrote them."""
    found = sorted((folder / "out/audiences").glob("*/members.jsonl"))
    return {path.parent.name: [next(iter(json.loads(line).values())) for line in path.read_text().splitlines()] for path in found}
