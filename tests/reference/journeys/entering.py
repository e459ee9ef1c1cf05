"""Who would enter a journey at a tick: entry events and those for whom the entry's condition becomes true, each judged once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.reference.dataset import Event
from tests.reference.instants import before, day_start, later, literal_instant
from tests.reference.journeys.journey import Walk, key_of
from tests.reference.journeys.occurrences import Clock, occurs
from tests.reference.journeys.world import World

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entrant:
    """Somebody who would enter at an instant, by an event or (None) by the condition; `is_late`: known too late to be judged in time."""

    user_id: str
    at: datetime
    event: Event | None = None
    is_late: bool = False

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Who comes first is least."""
        return self.at, self.event.message_id if self.event else "", self.user_id


class Entrance:
    """Finds those who would enter, and says who may."""

    def __init__(self, journey: Mapping[str, Any], world: World, since: datetime) -> None:
        self._name: str = journey["journey"]
        self._entry = journey["entry"]
        self._world = world
        self._since = _instant(self._entry["since"], world) if "since" in self._entry else since
        self._true_before: dict[str, bool] = {}
        """For whom the condition was true at the last tick, as known then."""
        self._filled = False
        """Whether there has been a tick from `since` on: it let in those of whom it was true already (`backfill`), or left them out."""

    def entrants(self, clock: Clock, last: datetime | None) -> list[Entrant]:
        """Everybody who is to be judged at the tick, in order."""
        found = self._by_event(clock, last) if "on" in self._entry else self._by_condition(clock, last)
        return sorted(found, key=lambda entrant: entrant.order)

    def _oldest(self, last: datetime) -> datetime:
        return before(last, self._world.history.late_window, self._world.zone)

    # ---- by an event

    def _by_event(self, clock: Clock, last: datetime | None) -> Iterator[Entrant]:
        for event in self._world.all_events():
            if not self._since <= event.timestamp <= clock.as_of:
                continue
            is_late = last is not None and event.timestamp <= last
            if is_late and (event.message_id not in self._world.new or event.message_id in clock.too_old):
                continue
            if occurs(self._entry["on"], event, self._world, None):
                yield Entrant(event.user_id, event.timestamp, event, is_late)

    # ---- by a condition

    def _by_condition(self, clock: Clock, last: datetime | None) -> Iterator[Entrant]:
        for user_id in self._world.users:
            if self._world.is_undated(self._entry["when"]):
                found = self._seen_at_the_tick(user_id, clock)
            else:
                found = [*self._becoming_true_late(user_id, last), *self._becoming_true(user_id, clock, last)]
            yield from (Entrant(user_id, instant, is_late=last is not None and instant <= last) for instant in found)
        self._true_before = {user_id: self._is_true(user_id, clock.as_of) for user_id in self._world.users}
        self._filled = self._filled or self._since <= clock.as_of

    def _is_true(self, user_id: str, at: datetime) -> bool:
        """Nobody outside the universe meets a condition."""
        return self._world.is_known(user_id, at) and self._world.holds(self._entry["when"], self._name, user_id, at)

    def _becoming_true(self, user_id: str, clock: Clock, last: datetime | None) -> Iterator[datetime]:
        """The instants after the last tick, and not before `since`, at which it becomes true; with `backfill` also `since`."""
        if self._since > clock.as_of:
            return
        if last is None or last < self._since:
            low, was_true = self._since - MICROSECOND, self._is_true(user_id, self._since - MICROSECOND)
            if was_true and self._entry.get("backfill") and self._is_true(user_id, self._since):
                yield self._since
        else:
            low, was_true = last, self._is_true(user_id, last)
        yield from self._risings(user_id, low, clock.as_of, was_true)

    def _risings(self, user_id: str, low: datetime, high: datetime, was_true: bool) -> Iterator[datetime]:
        """The instants in (low, high] at which it becomes true."""
        for instant in self._world.changes(self._entry["when"], user_id, low, high):
            is_true = self._is_true(user_id, instant)
            if is_true and not was_true:
                yield instant
            was_true = is_true

    def _becoming_true_late(self, user_id: str, last: datetime | None) -> list[datetime]:
        """When it became true of somebody for whom the last tick knew it to be false, which now is known better."""
        if last is None or last < self._since or self._true_before.get(user_id, False) or not self._is_true(user_id, last):
            return []
        low = max(self._oldest(last), self._since - MICROSECOND)
        return list(self._risings(user_id, low, last, self._is_true(user_id, low)))[-1:]

    def _seen_at_the_tick(self, user_id: str, clock: Clock) -> list[datetime]:
        """Over undated inputs it becomes true at the tick that sees it; at the first one from `since` on nobody enters, but by `backfill`."""
        if self._since > clock.as_of or not self._is_true(user_id, clock.as_of):
            return []
        if not self._filled and self._entry.get("backfill"):
            return [clock.as_of]
        return [clock.as_of] if self._filled and not self._true_before.get(user_id, False) else []

    # ---- who may

    def key(self, entrant: Entrant) -> str | None:
        """The key's text; None without a key, or without a value for it."""
        return key_of(entrant.event, self._entry["key"]) if entrant.event and "key" in self._entry else None

    def admits(self, entrant: Entrant, walk: Walk, open_before: set[tuple[str, str | None]]) -> bool:
        """Whether the entrant may enter, given all instances so far. `open_before`: users and keys with an instance open when the tick began."""
        key = self.key(entrant)
        if "key" in self._entry and key is None:
            return False
        if "if" in self._entry and not self._world.holds(self._entry["if"], self._name, entrant.user_id, entrant.at):
            return False
        if entrant.is_late and (entrant.user_id, key) in open_before:
            return False
        return self._reenters(
            entrant, [one.entry for one in walk.instances if (one.entry.user_id, one.entry.key) == (entrant.user_id, key)]
        )

    def _reenters(self, entrant: Entrant, others: list[Any]) -> bool:
        if any(one.entered_at <= entrant.at and (one.ended_at is None or entrant.at < one.ended_at) for one in others):
            return False
        match self._entry.get("reentry", "never"):
            case "never":
                return not others
            case {"after": duration}:
                ends = [one.ended_at for one in others if one.ended_at is not None]
                return not ends or entrant.at >= later(max(ends), duration, self._world.zone)
        return True


def _instant(literal: date | datetime, world: World) -> datetime:
    return literal_instant(literal, world.zone) if isinstance(literal, datetime) else day_start(literal, world.zone)
