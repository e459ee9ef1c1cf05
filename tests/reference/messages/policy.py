"""The policy, message by message: who gets what, in the order in which caps count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5

Address = str | Sequence[str] | None


@dataclass(frozen=True)
class Candidate:
    """A message that a campaign means to send. `exited_at`: when an exit rule ended what sends it. `withheld`: why it never goes."""

    candidate_id: str
    kind: str
    campaign: str
    user_id: str
    channel: str
    send_at: datetime
    group: str | None = None
    category: str = "marketing"
    priority: int = 0
    expires_after: timedelta = timedelta(hours=24)
    exited_at: datetime | None = None
    withheld: str | None = None
    known_from: datetime | None = None
    """Runs before it do not know of it."""


@dataclass(frozen=True)
class Cap:
    """At most so many in so long; of one channel, or of all together."""

    at_most: int
    per: timedelta
    channel: str | None = None


@dataclass(frozen=True)
class Consent:
    """A row of consents."""

    user_id: str
    channel: str
    group: str | None
    status: str
    updated_at: datetime


@dataclass(frozen=True)
class World:
    """Everything that decisions rest on. `addresses` are by user and channel; `normal` says how each is written, if it is one."""

    addresses: Mapping[tuple[str, str], Address]
    normal: Mapping[str, str]
    consents: Sequence[Consent] = ()
    caps: Sequence[Cap] = ()
    holdout_percent: int = 0
    holdout_salt: str = ""


@dataclass(frozen=True)
class Decision:
    """What became of one message. `reason` None: sent."""

    message_id: str
    candidate: Candidate
    to: str | None
    reason: str | None


@dataclass
class Run:
    """The decisions of one run after those before it."""

    world: World
    as_of: datetime
    before: list[Decision]
    made: list[Decision] = field(default_factory=list)

    def decide(self, due: Iterable[Candidate]) -> None:
        messages = [one for candidate in due for one in self._messages(candidate)]
        messages.sort(key=lambda one: (one[1].send_at, -one[1].priority, one[1].campaign, one[0]))
        for message_id, candidate, to in messages:
            reason = self._reason(candidate, to) or self._shared(candidate, to) or self._cap(candidate)
            self.made.append(Decision(message_id, candidate, to, reason))

    def _messages(self, candidate: Candidate) -> list[tuple[str, Candidate, str | None]]:
        address = self.world.addresses.get((candidate.user_id, candidate.channel))
        if self._early(candidate) or not isinstance(address, list | tuple) or not address:
            return [(candidate.candidate_id, candidate, self._normal(address if isinstance(address, str) else None))]
        found = {}
        for one in address:
            to = self._normal(one)
            found[md5(f"{candidate.candidate_id}\x1f{to or one}".encode()).hexdigest()] = to
        return [(message_id, candidate, to) for message_id, to in found.items()]

    def _normal(self, address: str | None) -> str | None:
        return None if address is None else self.world.normal.get(address)

    def _shared(self, candidate: Candidate, to: str | None) -> str | None:
        """Whether somebody else of the broadcast has got it at the address."""
        sent = [one for one in (*self.before, *self.made) if one.reason is None and one.candidate.kind == "broadcast"]
        taken = candidate.kind == "broadcast" and (candidate.campaign, to) in {(one.candidate.campaign, one.to) for one in sent}
        return "shared_address" if taken else None

    def _early(self, candidate: Candidate) -> str | None:
        if candidate.withheld is not None:
            return candidate.withheld
        if candidate.exited_at is not None and candidate.exited_at < candidate.send_at:
            return "exited"
        return "expired" if self.as_of - candidate.send_at > candidate.expires_after else None

    def _reason(self, candidate: Candidate, to: str | None) -> str | None:
        early = self._early(candidate)
        if early is not None:
            return early
        if to is None:
            return "no_address"
        if candidate.category == "transactional":
            return None
        if not self._consents(candidate, to):
            return "no_consent"
        return "holdout" if self._held_out(candidate.user_id) else None

    def _consents(self, candidate: Candidate, to: str) -> bool:
        whole = self._status(candidate.user_id, candidate.channel, None)
        own = None if candidate.group is None else self._status(candidate.user_id, candidate.channel, candidate.group)
        for (user_id, channel), address in self.world.addresses.items():
            theirs = [self._normal(one) for one in ([address] if isinstance(address, str) or address is None else address)]
            if channel == candidate.channel and to in theirs and self._status(user_id, channel, None) == "unsubscribed":
                return False
        return whole != "unsubscribed" and (own or whole) == "subscribed"

    def _status(self, user_id: str, channel: str, group: str | None) -> str | None:
        rows = [one for one in self.world.consents if (one.user_id, one.channel, one.group) == (user_id, channel, group)]
        known = sorted((one for one in rows if one.updated_at <= self.as_of), key=lambda one: one.updated_at)
        return known[-1].status if known else None

    def _held_out(self, user_id: str) -> bool:
        h = int(md5(f"{self.world.holdout_salt}:{user_id}".encode()).hexdigest()[:8], 16)
        return h * 100 < self.world.holdout_percent * 2**32

    def _cap(self, candidate: Candidate) -> str | None:
        if candidate.category == "transactional":
            return None
        sent = [one.candidate for one in (*self.before, *self.made) if one.reason is None and one.candidate.user_id == candidate.user_id]
        for cap in self.world.caps:
            if cap.channel in (None, candidate.channel):
                counted = [one for one in sent if cap.channel in (None, one.channel) and cap.per > candidate.send_at - one.send_at]
                if sum(one.send_at <= candidate.send_at for one in counted) >= cap.at_most or self._crowds(candidate, sent, cap):
                    return "capped"
        return None

    def _crowds(self, candidate: Candidate, sent: Sequence[Candidate], cap: Cap) -> bool:
        """Whether a stretch that ends at a later message, which an earlier run sent, has no room for this one."""
        counted = [one.send_at for one in sent if cap.channel in (None, one.channel)]
        earlier = [one.candidate for one in self.before if one.reason is None and one.candidate.user_id == candidate.user_id]
        ends = [one.send_at for one in earlier if cap.channel in (None, one.channel)]
        return any(
            sum(end - cap.per < instant <= end for instant in counted) >= cap.at_most
            for end in ends
            if candidate.send_at < end < candidate.send_at + cap.per
        )


def decisions(world: World, candidates: Sequence[Candidate], schedule: Sequence[datetime]) -> list[Decision]:
    """What becomes of the candidates in runs at these instants, by message id. Who is not due by the last is not decided."""
    decided: list[Decision] = []
    waiting = list(candidates)
    for as_of in schedule:
        run = Run(world, as_of, list(decided))
        due = [one for one in waiting if one.send_at <= as_of and (one.known_from is None or one.known_from <= as_of)]
        run.decide(due)
        decided += run.made
        waiting = [one for one in waiting if one not in due]
    return sorted(decided, key=lambda one: one.message_id)
