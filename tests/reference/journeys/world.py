"""What is known at a tick, and what conditions say of a user then: data, traits that we set, what journeys did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.case import linked
from tests.reference.conditions import Condition, Definition, holds
from tests.reference.consents import states_of
from tests.reference.dataset import Dataset, Event, distinct_events, traits_of, universe
from tests.reference.journeys.changes import change_instants, data_instants, instants_within
from tests.reference.journeys.history import History
from tests.reference.journeys.rows import TraitSet
from tests.reference.subject import Subject
from tests.reference.ties import Ledger, Ties
from tests.reference.traits import with_computed
from tests.reference.values import is_missing

MICROSECOND = timedelta(microseconds=1)


class World:
    """The rows that have come in by a tick, and what the journeys wrote so far."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.zone = ZoneInfo(history.zone)
        self.events_zone = ZoneInfo(history.dataset.events_zone)
        self.sets: list[TraitSet] = []
        """In the order of the log: by instant, journey in the order in which they run, entry, instance, and as it came."""
        self.ledgers: list[Callable[[str], Ledger]] = []
        """What each journey did with a user."""
        self._places: dict[int, tuple[Any, ...]] = {}
        self.version = 0
        """Counts whatever may change an answer, for those who keep answers."""
        self.new: set[str] = set()
        """The ids of the events that came in with this tick."""
        self._seen: set[str] = set()
        self._events: dict[str, list[Event]] = {}
        self._subjects: dict[tuple[str, datetime], Subject] = {}

    def take_in(self, tick: int) -> None:
        """Everything that is there by the tick (counted from 0)."""
        self.dataset: Dataset = self.history.known_by(tick)
        events = distinct_events(self.dataset)
        self._events = {}
        for event in events:
            self._events.setdefault(event.user_id, []).append(event)
        known = {event.message_id for event in events}
        self.new, self._seen = known - self._seen, known
        self._last = self.history.schedule[tick - 1] if tick else None
        self.users = sorted(universe(self.dataset, datetime.max.replace(tzinfo=self.zone)))
        self.changed()

    def is_news(self, event: Event) -> bool:
        """Whether no tick before this one had the event. It is judged by the first one that has it: what is known later changes nothing."""
        return event.message_id in self.new or self._last is None or event.timestamp > self._last

    def changed(self) -> None:
        """Forget kept answers."""
        self.version += 1
        self._subjects.clear()

    def note_set(self, row: TraitSet, by: tuple[str, datetime]) -> None:
        """Put a row into the log, by its instant, and then by the journey and the entry of the instance that set it."""
        journey, entered_at = by
        run_order = list(self.history.journeys).index(journey)
        self._places[id(row)] = (row.at, run_order, entered_at, row.instance_id, len(self._places))
        self.sets.append(row)
        self.sets.sort(key=lambda row: self._places[id(row)])

    def ledger(self, user_id: str) -> Ledger:
        """What all journeys did with a user so far."""
        parts = [of_journey(user_id) for of_journey in self.ledgers]
        return Ledger([stay for part in parts for stay in part.stays], [made for part in parts for made in part.made])

    def events(self, user_id: str) -> Sequence[Event]:
        """The user's events, in order."""
        return self._events.get(user_id, [])

    def all_events(self) -> list[Event]:
        """Everybody's, in order."""
        return sorted(
            (event for events in self._events.values() for event in events), key=lambda event: (event.timestamp, event.message_id)
        )

    # ---- subjects

    def subject(self, user_id: str, as_of: datetime, ties: Ties | None = None) -> Subject:
        """The user as of the instant, for an instance that asks."""
        if (user_id, as_of) not in self._subjects:
            self._subjects[user_id, as_of] = self._subject(user_id, as_of)
        subject = self._subjects[user_id, as_of]
        return replace(subject, ties=ties) if ties else subject

    def _subject(self, user_id: str, as_of: datetime) -> Subject:
        history = self.history
        if self.dataset.accounts or self.dataset.memberships:
            users, _ = linked(self.dataset, as_of, history.zone, history.lists)
            found = [user for user in users if user.user_id == user_id]
            links = found[0].linked if found else []
        else:
            links = []
        subject = Subject(
            user_id=user_id,
            as_of=as_of,
            zone=self.zone,
            traits=self._traits(user_id, as_of),
            traits_zone=ZoneInfo(self.dataset.profiles_zone),
            events=[event for event in self.events(user_id) if event.timestamp <= as_of],
            lists=history.lists,
            linked=links,
            consents=states_of(self.dataset.consents, user_id, as_of),
            ledger=self.ledger(user_id),
        )
        (computed,) = with_computed([subject], history.of_kind("trait"))
        return computed

    def _traits(self, user_id: str, as_of: datetime) -> dict[str, Any]:
        """Those of the profiles, and over them what we set, each at its instant."""
        rows = [row for row in self.dataset.profiles if row.user_id == user_id]
        traits = dict(traits_of(replace(self.dataset, profiles=rows), user_id, as_of))
        for one in self.sets:
            if one.user_id == user_id and one.at <= as_of and not self._was_overwritten(one, as_of):
                traits[one.trait] = one.value
        return traits

    def _was_overwritten(self, one: TraitSet, as_of: datetime) -> bool:
        """Whether a row of a profile source said something after the set."""
        return any(
            row.user_id == one.user_id
            and row.timestamp is not None
            and one.at < row.timestamp <= as_of
            and not is_missing(row.traits.get(one.trait))
            for row in self.dataset.profiles
        )

    # ---- conditions

    def is_known(self, user_id: str, as_of: datetime) -> bool:
        """Whether the user is in the universe by then."""
        return user_id in universe(self._of(user_id), as_of)

    def _of(self, user_id: str) -> Dataset:
        data = self.dataset
        return replace(
            data,
            events=[row for row in data.events if row.user_id == user_id],
            profiles=[row for row in data.profiles if row.user_id == user_id],
            consents=[row for row in data.consents if row.user_id == user_id],
        )

    def holds(self, condition: Condition, journey: str, user_id: str, as_of: datetime, ties: Ties | None = None) -> bool:
        """Whether a condition that stands in the journey is true for the user as of the instant."""
        return holds(condition, self.subject(user_id, as_of, ties), Definition(journey, self.history.of_kind("audience")))

    def is_undated(self, asked: Any) -> bool:
        """Whether the condition rests on a trait of a snapshot, of which the present value alone is known."""
        if not any(row.timestamp is None for row in self.dataset.profiles):
            return False
        own = {
            *self.history.of_kind("trait"),
            *(one["set"] for one in _mappings(list(self.history.of_kind("journey").values())) if "set" in one),
        }
        traits = {one["trait"].split(".")[0] for one in _mappings(self.history.closure(asked)) if isinstance(one.get("trait"), str)}
        return bool(traits - own - {"user_id"})

    def changes(self, asked: Any, user_id: str, low: datetime, high: datetime, ties: Ties | None = None) -> list[datetime]:
        """The instants in (low, high] at which the answer to a condition may change for the user."""
        bases = set(data_instants(self.subject(user_id, high, ties)))
        profiles_zone = ZoneInfo(self.dataset.profiles_zone)
        for row in self.dataset.profiles:
            if row.user_id == user_id:
                bases |= {row.timestamp} if row.timestamp else set()
                bases |= set(instants_within(dict(row.traits), profiles_zone, self.zone))
        bases |= {row.updated_at for row in self.dataset.consents if row.user_id == user_id and row.updated_at}
        bases |= {since for user, since in self.dataset.known.items() if user == user_id and since}
        for one in self.sets:
            if one.user_id == user_id:
                bases |= {one.at, *instants_within(one.value, profiles_zone, self.zone)}
        ledger = self.ledger(user_id)
        for stay in ledger.stays:
            bases |= {stay.entered_at} | ({stay.ended_at} if stay.ended_at else set())
        bases |= {made.scheduled_at for made in ledger.made}
        if ties:
            bases |= set(instants_within(dict(ties.context), ties.zone, self.zone))
        return change_instants(self.history.closure(asked), bases, self.zone, low, high)

    def first_true(
        self, condition: Condition, journey: str, user_id: str, start: datetime, end: datetime, ties: Ties | None = None
    ) -> datetime | None:
        """The first instant from start to end, both in, as of which the condition is true."""
        if start > end:
            return None
        for instant in [start, *self.changes(condition, user_id, start, end, ties)]:
            if self.holds(condition, journey, user_id, instant, ties):
                return instant
        return None


def _mappings(asked: Any) -> list[Mapping[str, Any]]:
    if isinstance(asked, Mapping):
        return [asked, *(one for value in asked.values() for one in _mappings(value))]
    return [one for value in asked for one in _mappings(value)] if isinstance(asked, list | tuple) else []
