"""One instance of a journey and its tokens: where it stands, what it carries, and the rows that it leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from tests.reference.dataset import Event
from tests.reference.journeys.graph import Step
from tests.reference.journeys.rows import Entry, GoalReached, Transition
from tests.reference.values import Value

Carried: TypeAlias = tuple[datetime, Mapping[str, Value]]
"""The properties of an event in the context, and the instant at which they were put there; just before the entry those that it brought."""

ROOT = ""


@dataclass
class Token:
    """What walks through the steps: one an instance, and under a fork one a branch. `order` is the place of its branches as written."""

    name: str
    order: tuple[int, ...]
    step: Step
    arrived_at: datetime
    arrived_in: int
    """The tick in which it arrived."""
    waiting_since: datetime
    context: dict[str, Carried]
    parent: "Token | None" = None
    leaves_at: datetime | None = None
    """When the delay is over at which it stands."""
    branches_left: int = 0
    """Of the fork at which it waits."""
    used: set[str] = field(default_factory=set)
    """The events that moved it at `used_at`: they do not move it again at that instant."""
    used_at: datetime | None = None
    restarted_by: set[str] = field(default_factory=set)
    """The events that restarted the hold at which it stands."""

    def use(self, instant: datetime, events: set[str]) -> None:
        """Remember which events moved it at this instant, and forget those of earlier ones."""
        if self.used_at != instant:
            self.used, self.used_at = set(), instant
        self.used |= events

    @property
    def spent(self) -> set[str]:
        """The events that do not count at the step where it stands."""
        return self.restarted_by | (self.used if self.used_at == self.arrived_at else set())


@dataclass
class Instance:
    """One instance: its entry, its tokens, its log."""

    entry: Entry
    event: Event | None
    root: Token
    entered_in: int
    """The tick that let it in."""
    tokens: dict[str, Token] = field(default_factory=dict)
    """Those that stand at a step, by name: during a fork those of its branches alone."""
    log: list[Transition] = field(default_factory=list)
    arrivals: dict[str, datetime] = field(default_factory=dict)
    goal: GoalReached | None = None
    moved_by: set[str] = field(default_factory=set)
    """The events that moved a token of it: by then they had been judged as exits and goal."""
    last_before: datetime | None = None
    """The instant of its last move before this tick."""

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.entry.ended_at is None

    @property
    def last_at(self) -> datetime:
        """The instant of its last move."""
        return self.log[-1].moved_at

    def values(self, token: Token) -> dict[str, Any]:
        """The token's context as conditions see it."""
        return {name: properties for name, (_, properties) in token.context.items()}
