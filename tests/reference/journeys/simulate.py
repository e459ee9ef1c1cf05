"""The whole way: a history in, what every journey did out."""

from collections.abc import Sequence
from datetime import datetime

from tests.reference.instants import before
from tests.reference.journeys.actions import ENTRIES, Action
from tests.reference.journeys.entering import Entrance, Entrant
from tests.reference.journeys.history import Definition, History
from tests.reference.journeys.instance import Instance
from tests.reference.journeys.journey import Walk
from tests.reference.journeys.occurrences import Clock
from tests.reference.journeys.rows import ListChange, Results, Synced
from tests.reference.journeys.world import World


def simulate(history: History) -> dict[str, Results]:
    """What every journey of the project did up to the last tick of the schedule."""
    return simulated(history)[1]


def simulated(history: History) -> tuple[World, dict[str, Results]]:
    """The same, and what is known of the world then."""
    world = World(history)
    journeys = {name: _Simulated(definition, world) for name, definition in history.journeys.items()}
    for number, as_of in enumerate(history.schedule):
        world.take_in(number)
        for journey in journeys.values():
            journey.tick(number, as_of)
    return world, {name: journey.results() for name, journey in journeys.items()}


class _Simulated:
    """One journey over the ticks."""

    def __init__(self, definition: Definition, world: World) -> None:
        self._definition = definition
        self._world = world
        self._walk = Walk(definition, world)
        world.ledgers.append(self._walk.ledger)
        self._entrance: Entrance | None = None
        self._last: datetime | None = None
        self._too_old: set[str] = set()
        self._next: dict[int, tuple[tuple[int, int], Action | None]] = {}

    def tick(self, number: int, as_of: datetime) -> None:
        """Everything that happens up to the instant, one thing at a time, the first first."""
        if self._entrance is None:
            self._entrance = Entrance(self._definition, self._world, as_of)
        self._note_what_came_too_late()
        self._next.clear()
        clock = Clock(number, as_of, self._too_old)
        self._walk.start_tick(number)
        open_before = {(one.entry.user_id, one.entry.key) for one in self._walk.instances if one.is_open}
        entrants = self._entrance.entrants(clock, self._last)
        while True:
            found = self._first_action(clock)
            if entrants and (found is None or self._order(entrants[0]) < found[1].order):
                entrant = entrants.pop(0)
                if self._entrance.admits(entrant, self._walk, open_before):
                    self._walk.enter(entrant.user_id, self._entrance.key(entrant), entrant.at, entrant.event, clock)
            elif found is not None:
                self._walk.act(*found)
            else:
                break
        self._last = as_of

    def _note_what_came_too_late(self) -> None:
        if self._last is not None:
            oldest = before(self._last, self._world.history.late_window, self._world.zone)
            self._too_old |= {
                one.message_id for one in self._world.all_events() if one.message_id in self._world.new and one.timestamp <= oldest
            }

    @staticmethod
    def _order(entrant: Entrant) -> tuple[datetime, int, tuple[str, ...]]:
        return entrant.at, ENTRIES, entrant.order[1:]

    def _first_action(self, clock: Clock) -> tuple[Instance, Action] | None:
        """The first of what is possible for any instance; what was found for one that has not moved since is kept."""
        possible = []
        for position, instance in enumerate(self._walk.instances):
            state = (self._world.version, len(instance.log) + (instance.goal is not None))
            if self._next.get(position, (None,))[0] != state:
                self._next[position] = (state, self._walk.possible.next(instance, clock))
            action = self._next[position][1]
            if action is not None:
                possible.append((action.order, (instance.entry.entered_at, instance.entry.instance_id), instance, action))
        return min(possible, key=lambda one: one[:2])[2:] if possible else None

    def results(self) -> Results:
        """What the journey did up to the last tick, every list in order."""
        walk, made = self._walk, {instance.entry.instance_id for instance in self._walk.instances}
        instances = sorted(walk.instances, key=lambda instance: (instance.entry.entered_at, instance.entry.instance_id))
        return Results(
            entries=[instance.entry for instance in instances],
            transitions=[row for instance in instances for row in instance.log],
            positions=sorted(walk.positions(), key=lambda row: (row.instance_id, row.token)),
            candidates=sorted(walk.candidates, key=lambda row: (row.scheduled_at, row.candidate_id)),
            sets=[row for row in self._world.sets if row.instance_id in made],
            syncs=sorted(walk.syncs, key=lambda row: (row.at, row.instance_id, row.step)),
            list_changes=list_changes(walk.syncs, self._last),
            goals=sorted((one.goal for one in instances if one.goal), key=lambda row: (row.reached_at, row.instance_id)),
        )


def list_changes(syncs: Sequence[Synced], as_of: datetime | None) -> list[ListChange]:
    """When each user comes onto a list and off it, up to the instant: the edges of the union of their times on it."""
    changes = []
    on_lists = {(row.destination, row.list_name, row.user_id) for row in syncs if row.list_name is not None}
    for destination, list_name, user_id in on_lists:
        stays = [
            (row.at, row.remove_at) for row in syncs if (row.destination, row.list_name, row.user_id) == (destination, list_name, user_id)
        ]
        assert list_name is not None
        for start, end in _union(stays):
            changes.append(ListChange(destination, list_name, user_id, start, added=True))
            if end is not None:
                changes.append(ListChange(destination, list_name, user_id, end, added=False))
    ordered = sorted(changes, key=lambda row: (row.at, row.destination, row.list_name, row.user_id))
    return [row for row in ordered if as_of is not None and row.at <= as_of]


def _union(stays: list[tuple[datetime, datetime | None]]) -> list[tuple[datetime, datetime | None]]:
    """The stretches that these make together; None is without an end. One that begins where another ends continues it."""
    union: list[tuple[datetime, datetime | None]] = []
    for start, end in sorted(stays, key=lambda stay: stay[0]):
        if union and (union[-1][1] is None or start <= union[-1][1]):
            before_it, last = union[-1]
            union[-1] = (before_it, None if last is None or end is None else max(last, end))
        else:
            union.append((start, end))
    return union
