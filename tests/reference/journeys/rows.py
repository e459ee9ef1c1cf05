"""What a simulation tells: rows in plain values, as the product keeps them in its state."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5

from tests.reference.values import Value

COMPLETED = "completed"
EXITED = "exited"
GOAL = "goal"


@dataclass(frozen=True)
class Entry:
    """One instance: who entered when and by which event, and how it ended, if it did."""

    instance_id: str
    journey: str
    user_id: str
    key: str | None
    entered_at: datetime
    entry_event: str | None
    ended_at: datetime | None = None
    end_reason: str | None = None


@dataclass(frozen=True)
class Transition:
    """One move of a token. `ordinal` counts the instance's moves from 1; a token comes from nowhere (None) at the entry, and ends in None.

    `cause` is entry, delay, restart, branch, timeout, none, done, goto, joined, exit, exit_rule or goal; `branch` the branch taken, or the
    place of the exit rule from 1; `event_id` the event that did it.
    """

    instance_id: str
    ordinal: int
    token: str
    from_step: str | None
    to_step: str | None
    moved_at: datetime
    cause: str
    branch: str | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class Position:
    """Where a token stands: since `arrived_at`, and in a hold waiting since its last restart (`waiting_since`)."""

    instance_id: str
    token: str
    step: str
    arrived_at: datetime
    waiting_since: datetime


@dataclass(frozen=True)
class Candidate:
    """A message that is to be decided on."""

    candidate_id: str
    instance_id: str
    journey: str
    step: str
    user_id: str
    channel: str
    template: str
    scheduled_at: datetime
    send_at: datetime


@dataclass(frozen=True)
class TraitSet:
    """A trait of ours got a value. Rows stand in the order of the log."""

    instance_id: str
    step: str
    user_id: str
    trait: str
    value: Value
    at: datetime


@dataclass(frozen=True)
class Synced:
    """A step told a destination: onto a list (and off it at `remove_at`), or an event with its properties."""

    instance_id: str
    step: str
    user_id: str
    destination: str
    at: datetime
    list_name: str | None = None
    remove_at: datetime | None = None
    event: str | None = None
    properties: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class ListChange:
    """A user comes onto a destination's list, or off it: the edges of the union of all their times on it."""

    destination: str
    list_name: str
    user_id: str
    at: datetime
    added: bool


@dataclass(frozen=True)
class GoalReached:
    """The first goal event of an instance, at its own timestamp."""

    instance_id: str
    reached_at: datetime
    event_id: str


@dataclass
class Results:
    """Everything that a simulation of one journey gave, up to its last tick."""

    entries: list[Entry] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    sets: list[TraitSet] = field(default_factory=list)
    syncs: list[Synced] = field(default_factory=list)
    list_changes: list[ListChange] = field(default_factory=list)
    goals: list[GoalReached] = field(default_factory=list)


def instance_id(journey: str, user_id: str, key: str | None, entry: str | datetime) -> str:
    """md5 over journey, user, key and what entered: the id of an event, or an instant."""
    return _hash(journey, user_id, key or "", entry if isinstance(entry, str) else entry.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def candidate_id(instance: str, step: str, user_id: str) -> str:
    """md5 over instance, step, occurrence and user. No instance passes a step twice: the occurrence is the first."""
    return _hash(instance, step, "1", user_id)


def _hash(*parts: str) -> str:
    return md5("\x1f".join(parts).encode()).hexdigest()
