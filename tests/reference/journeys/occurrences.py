"""Which events count for an `on`: those of the user that match, in the order in which they act."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.reference.dataset import Event
from tests.reference.events import names_match
from tests.reference.journeys.instance import Instance, Token
from tests.reference.journeys.world import World
from tests.reference.ties import Ties, matched_path
from tests.reference.wheres import event_meets

On = Mapping[str, Any]


@dataclass(frozen=True)
class Clock:
    """The tick: its number, its instant, and the events that came in too late for it or one before."""

    number: int
    as_of: datetime
    too_old: set[str]


def occurs(on: On, event: Event, world: World, ties: Ties | None) -> bool:
    """Whether the event is such a one: its name, its properties as of its own instant, its tie to the instance's key."""
    if not names_match(on["event"], event.name):
        return False
    where = on.get("where", {})
    if "match" in on:
        assert ties is not None
        where = {"all": [where, {matched_path(on["match"], ties.key_path): {"eq": {"key": "key"}}}]}
    return event_meets(event, where, world.subject(event.user_id, event.timestamp, ties))


def acting_at(event: Event, instance: Instance, world: World) -> datetime:
    """When an event acts on an instance: at its timestamp, but if it came in late not before the instance's last move before this tick."""
    if event.message_id in world.new and instance.last_before is not None:
        return max(event.timestamp, instance.last_before)
    return event.timestamp


def events_for_token(instance: Instance, token: Token, world: World, clock: Clock, end: datetime) -> Iterator[tuple[datetime, Event]]:
    """The events that count at the hold where the token stands, each with the instant at which it would act."""
    has_just_come = token.arrived_in == clock.number
    for event in world.events(instance.entry.user_id):
        if not has_just_come and (not world.is_news(event) or event.message_id in clock.too_old):
            continue
        acting = acting_at(event, instance, world)
        if _since_entry(token) and instance.entry.entered_at <= event.timestamp < token.arrived_at and event is not instance.event:
            acting = max(acting, token.arrived_at)
        elif event.timestamp < token.arrived_at:
            continue
        if token.waiting_since <= acting <= end and event.message_id not in token.spent | _entered_by(instance):
            yield acting, event


def _since_entry(token: Token) -> bool:
    definition = token.step.definition
    return "entry" in (definition.get("since"), (definition["hold"] or {}).get("since"))


def events_for_instance(instance: Instance, world: World, clock: Clock, end: datetime) -> Iterator[tuple[datetime, Event]]:
    """The events that count for exits and the goal, each with the instant at which it would act."""
    for event in world.events(instance.entry.user_id):
        acting = acting_at(event, instance, world)
        counts = (instance.entered_in == clock.number or world.is_news(event)) and (
            event.timestamp >= instance.entry.entered_at
            and event.message_id not in clock.too_old | _entered_by(instance) | instance.moved_by
        )
        if counts and instance.last_at <= acting <= end:
            yield acting, event


def _entered_by(instance: Instance) -> set[str]:
    return {instance.event.message_id} if instance.event else set()
