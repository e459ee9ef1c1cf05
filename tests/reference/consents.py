"""Subscription states of one user as of an instant (docs/conditions.md, "consent")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, TypeAlias

States: TypeAlias = Mapping[tuple[str, str | None], str]


@dataclass(frozen=True)
class ConsentRow:
    """One row of a consents source. `group` None: about the whole channel. `updated_at` is aware, in UTC; None: not said."""

    user_id: str
    channel: str
    status: str
    group: str | None = None
    updated_at: datetime | None = None

    def counts_by(self, as_of: datetime) -> bool:
        """Whether the row counts as of the instant."""
        return self.updated_at is None or self.updated_at <= as_of


def states_of(rows: Sequence[ConsentRow], user_id: str, as_of: datetime) -> States:
    """By channel and group what the user's last row says: those without an instant come first, ties go to the greatest hash."""
    counted = [row for row in rows if row.user_id == user_id and row.counts_by(as_of)]
    return {(row.channel, row.group): row.status for row in sorted(counted, key=_place)}


def _place(row: ConsentRow) -> tuple[bool, datetime, str]:
    earliest = datetime.min.replace(tzinfo=UTC)
    return row.updated_at is not None, row.updated_at or earliest, consent_row_hash(row)


def consent_row_hash(row: ConsentRow) -> str:
    """md5 over user, instant, channel, group and status."""
    instant = row.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if row.updated_at else ""
    return md5("\x1f".join([row.user_id, instant, row.channel, row.group or "", row.status]).encode()).hexdigest()


def consents(asked: Mapping[str, Any], states: States) -> bool:
    """Whether the state that is asked for is one of those wanted."""
    wanted = asked.get("status", "subscribed")
    whole = states.get((asked["channel"], None))
    state = whole
    if asked.get("group") is not None and whole != "unsubscribed":
        state = states.get((asked["channel"], asked["group"])) or whole
    return (state or "none") in ([wanted] if isinstance(wanted, str) else wanted)
