"""The data of a case: raw rows as sources give them, and what they amount to (docs/conditions.md, language.md "engage.yaml").

Duplicates by id are one event, the universe is everybody known by as_of, a trait is the last value set by then.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from zoneinfo import ZoneInfo

from tests.reference.consents import ConsentRow
from tests.reference.values import Value, is_missing

BEFORE_EVERYTHING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class EventRow:
    """One row of an event source. `timestamp` is aware, in UTC; without a `message_id` the row's hash stands for it."""

    user_id: str
    event: str
    timestamp: datetime
    properties: Mapping[str, Value] = field(default_factory=dict)
    message_id: str | None = None


@dataclass(frozen=True)
class ProfileRow:
    """One row of a profile source: of a change log if it has a `timestamp` (aware, UTC), else of a snapshot."""

    user_id: str
    traits: Mapping[str, Value]
    timestamp: datetime | None = None


@dataclass(frozen=True)
class AccountRow:
    """One row of a source of accounts: of a change log if it has a `timestamp` (aware, UTC), else of a snapshot."""

    account_id: str
    traits: Mapping[str, Value]
    timestamp: datetime | None = None


@dataclass(frozen=True)
class Membership:
    """The user belongs to the account: since an instant (aware, UTC), or always."""

    user_id: str
    account_id: str
    timestamp: datetime | None = None


@dataclass(frozen=True)
class Entity:
    """A further table: its rows, the column of their key, and by what they are linked to (`user`, `account`, an entity) the column of that."""

    key: str
    rows: Sequence[Mapping[str, Value]]
    links: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True)
class Dataset:
    """Everything a project reads.

    `known` are the users of memberships of no account that matters, and the like, each since an instant or (None) always. The zones are
    those of the sources, for instants without an offset within properties and traits.
    """

    events: Sequence[EventRow] = ()
    profiles: Sequence[ProfileRow] = ()
    known: Mapping[str, datetime | None] = field(default_factory=dict)
    events_zone: str = "UTC"
    profiles_zone: str = "UTC"
    accounts: Sequence[AccountRow] = ()
    memberships: Sequence[Membership] = ()
    accounts_zone: str = "UTC"
    consents: Sequence[ConsentRow] = ()
    entities: Mapping[str, Entity] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One event, once. Events of a user are ordered by (timestamp, message_id)."""

    message_id: str
    user_id: str
    name: str
    timestamp: datetime
    properties: Mapping[str, Value]
    zone: ZoneInfo


def distinct_events(dataset: Dataset) -> list[Event]:
    """Every event once, in order: of those with one id the earliest, then the one with the smallest row hash."""
    numbers: Counter[str] = Counter()
    chosen: dict[str, EventRow] = {}
    for row in dataset.events:
        message_id = row.message_id
        if not message_id:
            row_hash = event_row_hash(row)
            message_id = md5(f"{row_hash}:{numbers[row_hash]}".encode()).hexdigest()
            numbers[row_hash] += 1
        other = chosen.get(message_id)
        if other is None or _precedence(row) < _precedence(other):
            chosen[message_id] = row
    zone = ZoneInfo(dataset.events_zone)
    events = [Event(message_id, row.user_id, row.event, row.timestamp, row.properties, zone) for message_id, row in chosen.items()]
    return sorted(events, key=lambda event: (event.timestamp, event.message_id))


def _precedence(row: EventRow) -> tuple[datetime, str]:
    return row.timestamp, event_row_hash(row)


def universe(dataset: Dataset, as_of: datetime) -> set[str]:
    """Every user in profiles, memberships or consents, or with an event, by as_of."""
    users = {event.user_id for event in distinct_events(dataset) if event.timestamp <= as_of}
    users |= {row.user_id for row in dataset.profiles if row.timestamp is None or row.timestamp <= as_of}
    users |= {row.user_id for row in dataset.consents if row.counts_by(as_of)}
    users |= {user for user, since in dataset.known.items() if since is None or since <= as_of}
    users |= {user for user, _ in pairs(dataset, as_of)}
    return users


def pairs(dataset: Dataset, as_of: datetime) -> set[tuple[str, str]]:
    """Which user belongs to which account by as_of."""
    return {(row.user_id, row.account_id) for row in dataset.memberships if row.timestamp is None or row.timestamp <= as_of}


def accounts_known(dataset: Dataset, as_of: datetime) -> set[str]:
    """Every account in accounts or memberships, by as_of."""
    rows = {row.account_id for row in dataset.accounts if row.timestamp is None or row.timestamp <= as_of}
    return rows | {account for _, account in pairs(dataset, as_of)}


def account_traits_of(dataset: Dataset, account_id: str, as_of: datetime) -> dict[str, Value]:
    """The account's traits as of the instant, found as those of a user are."""
    rows = [ProfileRow(row.account_id, row.traits, row.timestamp) for row in dataset.accounts]
    return traits_of(Dataset(profiles=rows), account_id, as_of)


def traits_of(dataset: Dataset, user_id: str, as_of: datetime) -> dict[str, Value]:
    """The user's traits as of the instant, trait by trait the last value set. A missing value sets nothing."""
    rows = [row for row in dataset.profiles if row.user_id == user_id and (row.timestamp is None or row.timestamp <= as_of)]
    rows.sort(key=lambda row: (row.timestamp or BEFORE_EVERYTHING, profile_row_hash(row)))
    traits: dict[str, Value] = {}
    for row in rows:
        traits.update({name: value for name, value in row.traits.items() if not is_missing(value)})
    return traits


def event_row_hash(row: EventRow) -> str:
    """md5 over user, name, time and properties."""
    return _hash(row.user_id, row.event, _timestamp_text(row.timestamp), canonical_json(row.properties))


def profile_row_hash(row: ProfileRow) -> str:
    """md5 over user, time (empty in a snapshot) and the traits that are not missing."""
    present = {name: value for name, value in row.traits.items() if not is_missing(value)}
    return _hash(row.user_id, _timestamp_text(row.timestamp) if row.timestamp else "", canonical_json(present))


def canonical_json(value: Value) -> str:
    """JSON with sorted keys, no spaces, nothing escaped that need not be."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _timestamp_text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _hash(*texts: str) -> str:
    return md5("\x1f".join(texts).encode()).hexdigest()
