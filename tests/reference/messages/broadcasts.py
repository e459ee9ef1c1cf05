"""Broadcasts, recipient by recipient: who gets one, in which variant and when, and, run after run, what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import md5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.reference.instants import utc_of_local
from tests.reference.messages.policy import Candidate, Decision, Run, World
from tests.reference.messages.quiet import Quiet, awake_from
from tests.reference.messages.throttle import Waiting, send_instants

Asked = tuple[str, timedelta]
"""The user did an event of this name in the time before, the instant included."""


@dataclass(frozen=True)
class Person:
    """Somebody, with what they did and, for what came of a message, its id."""

    user_id: str
    zone: str | None
    did: Sequence[tuple[str, datetime, str | None]] = ()

    def meets(self, asked: Asked, at: datetime) -> bool:
        """Whether they did it by then."""
        name, within = asked
        return any(event == name and at - within < when <= at for event, when, _ in self.did)


@dataclass(frozen=True)
class Variant:
    """A share of the recipients."""

    name: str
    percent: int
    control: bool = False


@dataclass(frozen=True)
class Winner:
    """Decided so long after the broadcast's own instant by this event: one that tells of a message, or (`is_goal`) the goal's."""

    after: timedelta
    by: str
    otherwise: str
    is_goal: bool = False


@dataclass(frozen=True)
class Broadcast:
    """A broadcast. `wall` is what a clock shows: the project's, or (`local`) the recipient's."""

    name: str
    channel: str
    wall: datetime
    recipients: Asked
    local: bool = False
    exclude: Asked | None = None
    variants: tuple[Variant, ...] = ()
    winner: Winner | None = None
    goal_for: timedelta | None = None
    throttle: tuple[int, timedelta] | None = None
    group: str | None = None
    category: str = "marketing"
    priority: int = 0
    expires_after: timedelta = timedelta(hours=24)

    def instant(self, zone: ZoneInfo) -> datetime:
        """As of when its recipients are found: of a local time the first instant at which it is that time anywhere, at UTC+14."""
        return (self.wall - timedelta(hours=14)).replace(tzinfo=UTC) if self.local else utc_of_local(self.wall, zone)

    def decided_at(self, zone: ZoneInfo) -> datetime | None:
        """When its winner is known."""
        return None if self.winner is None else self.instant(zone) + self.winner.after


@dataclass(frozen=True)
class Meant:
    """A message that is meant for somebody. `waits`: who wins says which."""

    candidate_id: str
    person: Person
    variant: str | None
    withheld: str | None
    waits: bool
    scheduled_at: datetime
    send_at: datetime


def meant_by(broadcast: Broadcast, people: Sequence[Person], zone: ZoneInfo, quiet: Quiet | None) -> list[Meant]:
    """All that a broadcast means to send, by candidate id. It hinges on no run."""
    at = broadcast.instant(zone)
    meant = [_meant(broadcast, person, zone, quiet) for person in people if person.meets(broadcast.recipients, at)]
    if broadcast.throttle is not None:
        taken: list[datetime] = []
        for waits in (False, True):
            queue = [one for one in meant if one.waits is waits and one.withheld != "excluded"]
            waiting = [Waiting(one.candidate_id, one.scheduled_at, zone_of(one.person, zone)) for one in queue]
            instants = send_instants(waiting, quiet, *broadcast.throttle, taken)
            taken += instants.values()
            meant = [replace(one, send_at=instants.get(one.candidate_id, one.send_at)) for one in meant]
    return sorted(meant, key=lambda one: one.candidate_id)


def _meant(broadcast: Broadcast, person: Person, zone: ZoneInfo, quiet: Quiet | None) -> Meant:
    at, own = broadcast.instant(zone), zone_of(person, zone)
    excluded = broadcast.exclude is not None and person.meets(broadcast.exclude, at)
    variant = None if excluded else drawn(broadcast, person)
    waits = not excluded and variant is None and broadcast.winner is not None
    scheduled_at = max(at, utc_of_local(broadcast.wall, own)) if broadcast.local else at
    decided_at = broadcast.decided_at(zone)
    if waits and decided_at is not None:
        scheduled_at = max(scheduled_at, decided_at)
    withheld = "excluded" if excluded else "control" if variant is not None and variant.control else None
    candidate_id = md5("\x1f".join((broadcast.name, "", "1", person.user_id)).encode()).hexdigest()
    name = None if variant is None else variant.name
    return Meant(candidate_id, person, name, withheld, waits, scheduled_at, awake_from(scheduled_at, quiet, own))


def drawn(broadcast: Broadcast, person: Person) -> Variant | None:
    """The variant whose share the person falls in."""
    bucket = int(md5(f"{broadcast.name}:{person.user_id}".encode()).hexdigest()[:8], 16)
    cumulated = 0
    for variant in broadcast.variants:
        cumulated += variant.percent
        if bucket * 100 < cumulated * 2**32:
            return variant
    return None


def zone_of(person: Person, project: ZoneInfo) -> ZoneInfo:
    """Their own zone, the project's where they have none that is one."""
    try:
        return project if person.zone is None else ZoneInfo(person.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return project


# ---- run after run -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    """Everything that a run looks at."""

    world: World
    people: Sequence[Person]
    broadcasts: Sequence[Broadcast]
    zone: ZoneInfo
    quiet: Quiet | None = None


@dataclass
class History:
    """What runs have done so far: what is meant, which variant each got, and the decisions, in the order of the runs."""

    shop: Shop
    meant: dict[str, list[Meant]] = field(default_factory=dict)
    winners: dict[str, str] = field(default_factory=dict)
    decided: list[Decision] = field(default_factory=list)

    def run(self, as_of: datetime) -> None:
        """Find who gets what is due, and who wins; then decide about everybody whose time has come."""
        for broadcast in self.shop.broadcasts:
            if broadcast.name not in self.meant and broadcast.instant(self.shop.zone) <= as_of:
                self.meant[broadcast.name] = meant_by(broadcast, self.shop.people, self.shop.zone, self.shop.quiet)
        for broadcast in self.shop.broadcasts:
            decided_at = broadcast.decided_at(self.shop.zone)
            if broadcast.name in self.meant and decided_at is not None and decided_at <= as_of:
                self.winners.setdefault(broadcast.name, self._winner(broadcast, decided_at))
        before = {one.candidate.candidate_id for one in self.decided}
        run = Run(self.shop.world, as_of, list(self.decided))
        run.decide([self._candidate(name, one) for name, one in self._known() if one.send_at <= as_of and one.candidate_id not in before])
        self.decided += run.made

    def waiting(self, name: str) -> int:
        """How many of a broadcast nothing has been decided about."""
        decided = {one.candidate.candidate_id for one in self.decided}
        return sum(one.candidate_id not in decided for one in self.meant.get(name, ()))

    def variant(self, name: str, one: Meant) -> str | None:
        """The variant that somebody gets, as far as it is known."""
        return self.winners.get(name) if one.waits else one.variant

    def _known(self) -> list[tuple[str, Meant]]:
        """All whose message is known."""
        return [(name, one) for name, meant in self.meant.items() for one in meant if not one.waits or name in self.winners]

    def _candidate(self, name: str, one: Meant) -> Candidate:
        said = next(broadcast for broadcast in self.shop.broadcasts if broadcast.name == name)
        beside = {"group": said.group, "category": said.category, "priority": said.priority, "expires_after": said.expires_after}
        return Candidate(
            one.candidate_id, "broadcast", name, one.person.user_id, said.channel, one.send_at, withheld=one.withheld, **beside
        )

    def _winner(self, broadcast: Broadcast, decided_at: datetime) -> str:
        """Whose messages that were sent by then did best; several do, or none: the other one."""
        assert broadcast.winner is not None
        shares: dict[str, list[bool]] = {}
        sent = {one.candidate.candidate_id for one in self.decided if one.reason is None and one.candidate.send_at <= decided_at}
        for one in self.meant[broadcast.name]:
            if one.candidate_id in sent and one.variant is not None:
                shares.setdefault(one.variant, []).append(self._did(broadcast, broadcast.winner, one, decided_at))
        best = max((Fraction(sum(did), len(did)) for did in shares.values()), default=Fraction(0))
        names = [name for name, did in shares.items() if Fraction(sum(did), len(did)) == best]
        return names[0] if best and len(names) == 1 else broadcast.winner.otherwise

    def _did(self, broadcast: Broadcast, winner: Winner, one: Meant, decided_at: datetime) -> bool:
        if not winner.is_goal:
            told = [(event, message) for event, when, message in one.person.did if when <= decided_at]
            return (winner.by, one.candidate_id) in told
        last = decided_at if broadcast.goal_for is None else min(decided_at, one.send_at + broadcast.goal_for)
        return any(event == winner.by and one.send_at <= when <= last for event, when, _ in one.person.did)


def counts(history: History) -> Mapping[str, Mapping[str, int]]:
    """By broadcast how many of those meant were sent to, were skipped for each reason, and are still waiting."""
    found: dict[str, dict[str, int]] = {}
    for name, meant in history.meant.items():
        became = found.setdefault(name, {})
        by_candidate = {one.candidate.candidate_id: one for one in history.decided}
        for one in meant:
            decision = by_candidate.get(one.candidate_id)
            outcome = "waiting" if decision is None else decision.reason or "sent"
            became[outcome] = became.get(outcome, 0) + 1
    return found
