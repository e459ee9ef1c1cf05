"""What can happen to an instance next: of all that is possible, the first in the order of docs/journeys.md ("What comes first")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.reference.dataset import Event
from tests.reference.instants import later
from tests.reference.journeys.graph import Way
from tests.reference.journeys.instance import Instance, Token
from tests.reference.journeys.occurrences import Clock, events_for_instance, events_for_token, occurs
from tests.reference.journeys.world import World
from tests.reference.ties import Ties

EXITS, RESTARTS, BRANCHES, TIMERS, ENTRIES = range(5)
NO_EVENT = datetime.min.replace(tzinfo=UTC)
"""The own instant of an exit that no event brings about: it goes before those that one does."""


@dataclass(frozen=True)
class Action:
    """Something that happens at an instant. `place` orders what has the same instant and rank."""

    at: datetime
    rank: int
    place: tuple[Any, ...]
    event: Event | None = None
    token: Token | None = None
    way: Way | None = None
    rule: int | None = None
    """The exit rule, counted from 0; None: the goal."""

    @property
    def order(self) -> tuple[datetime, int, tuple[Any, ...]]:
        """What comes first is least."""
        return self.at, self.rank, self.place


class Possible:
    """Finds the next action of an instance of one journey."""

    def __init__(self, journey: Mapping[str, Any], world: World) -> None:
        self._name: str = journey["journey"]
        self._exits = journey.get("exit", [])
        self._goal = journey.get("goal")
        self._key_path = journey["entry"].get("key")
        self._world = world

    def ties(self, instance: Instance, token: Token) -> Ties:
        """What conditions know of an instance, asked where the token stands."""
        entry = instance.entry
        return Ties(
            journey=self._name,
            instance_id=entry.instance_id,
            key=entry.key,
            key_path=self._key_path,
            entered_at=entry.entered_at,
            context=instance.values(token),
            arrivals=dict(instance.arrivals),
            zone=self._world.events_zone,
        )

    def next(self, instance: Instance, clock: Clock) -> Action | None:
        """The first action up to the tick's instant, if there is any."""
        actions = [*self._of_goal(instance, clock)]
        if instance.is_open:
            actions += self._of_exits(instance, clock)
            for token in instance.tokens.values():
                if token.step.kind == "hold":
                    actions += self._of_hold(instance, token, clock)
                elif token.leaves_at is not None and token.leaves_at <= clock.as_of:
                    actions.append(Action(token.leaves_at, TIMERS, (token.order,), token=token))
        return min(actions, key=lambda action: action.order, default=None)

    # ---- exits and goal

    def _of_exits(self, instance: Instance, clock: Clock) -> Iterator[Action]:
        ties = self.ties(instance, instance.root)
        for acting, event in events_for_instance(instance, self._world, clock, clock.as_of):
            for rule, exit_rule in enumerate(self._exits):
                if "on" in exit_rule and occurs(exit_rule["on"], event, self._world, ties):
                    yield Action(acting, EXITS, (event.timestamp, event.message_id, rule), event=event, rule=rule)
                    break
        for rule, exit_rule in enumerate(self._exits):
            instant = None
            if "after" in exit_rule:
                instant = later(instance.entry.entered_at, exit_rule["after"], self._world.zone)
            elif "when" in exit_rule:
                entered_at, user_id = instance.entry.entered_at, instance.entry.user_id
                instant = self._when(
                    exit_rule["when"], user_id, instance.last_at, clock.as_of, entered_at, instance.entered_in, clock, ties
                )
            if instant is not None and instant <= clock.as_of:
                yield Action(instant, EXITS, (NO_EVENT, "", rule), rule=rule)

    def _of_goal(self, instance: Instance, clock: Clock) -> Iterator[Action]:
        if self._goal is None or instance.goal is not None:
            return
        ties = self.ties(instance, instance.root)
        for acting, event in events_for_instance(instance, self._world, clock, clock.as_of):
            end = later(instance.entry.entered_at, self._goal["for"], self._world.zone) if "for" in self._goal else event.timestamp
            if event.timestamp <= end and occurs(self._goal["on"], event, self._world, ties):
                yield Action(acting, EXITS, (event.timestamp, event.message_id, len(self._exits)), event=event)

    # ---- holds

    def _of_hold(self, instance: Instance, token: Token, clock: Clock) -> Iterator[Action]:
        hold, ties = token.step.what or {}, self.ties(instance, token)
        deadline = later(token.waiting_since, hold["for"], self._world.zone) if "for" in hold else None
        end = clock.as_of if deadline is None else min(deadline, clock.as_of)
        for acting, event in events_for_token(instance, token, self._world, clock, end):
            for way in token.step.ways:
                if "on" in way.definition and occurs(way.definition["on"], event, self._world, ties):
                    by_event = (event.timestamp, event.message_id, token.order)
                    if way.definition.get("restart"):
                        yield Action(acting, RESTARTS, by_event, event=event, token=token, way=way)
                    else:
                        yield Action(acting, BRANCHES, (way.place, *by_event), event=event, token=token, way=way)
                    break
        start = max(token.waiting_since, instance.last_before or token.waiting_since)
        for way in token.step.ways:
            if "when" in way.definition:
                instant = self._when(
                    way.definition["when"], instance.entry.user_id, start, end, token.arrived_at, token.arrived_in, clock, ties
                )
                if instant is not None:
                    yield Action(instant, BRANCHES, (way.place, instant, "", token.order), token=token, way=way)
        if deadline is not None and deadline <= clock.as_of:
            yield Action(deadline, TIMERS, (token.order,), token=token)

    def _when(
        self,
        condition: Mapping[str, Any],
        user_id: str,
        start: datetime,
        end: datetime,
        arrived_at: datetime,
        arrived_in: int,
        clock: Clock,
        ties: Ties,
    ) -> datetime | None:
        """When a condition is first true, from start to end. Over undated inputs it is asked at the arrival and at the tick alone."""
        if not self._world.is_undated(condition):
            return self._world.first_true(condition, self._name, user_id, start, end, ties)
        asked_at = [arrived_at] if arrived_in == clock.number and start <= arrived_at else []
        asked_at += [clock.as_of] if clock.as_of <= end else []
        return next((instant for instant in asked_at if self._world.holds(condition, self._name, user_id, instant, ties)), None)
