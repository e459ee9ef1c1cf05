"""Everything that a journey asks: its conditions and events with the places where they stand. Read by the rules and by `check`."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.condition_walk import leaves_of, references_in, references_of
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.journey import EntryOn, ExitOn, ExitWhen, Journey
from engage_cli.definitions.journey_steps import Delay, Fork, Hold, JourneyStep, Occurrence, SetTrait, Split, Sync, UntilValue
from engage_cli.definitions.values import Reference, Value
from engage_cli.source import Span


class Role(StrEnum):
    """Where a question of a journey is asked: of those who enter, of everybody inside at any moment, or at a step."""

    ENTRY = "entry"
    INSIDE = "inside"
    """Exit rules and the goal."""
    STEP = "step"


class Place(Struct, frozen=True):
    """Where a journey asks: in which role, at which step (its id; None outside the steps), in which branch of a hold."""

    role: Role
    step: str | None = None
    branch: str | None = None


class AskedCondition(Struct, frozen=True):
    """A condition. `acts` tells one that acts when it becomes or is true (`when` of entry, hold, exit) from one that is looked at once."""

    place: Place
    condition: Condition
    span: Span
    acts: bool


class AskedEvent(Struct, frozen=True):
    """An event that is waited for, or that enters."""

    place: Place
    on: Occurrence

    @property
    def span(self) -> Span:
        """Where the event is named."""
        return self.on.span


class AskedValue(Struct, frozen=True):
    """A value that a step takes: a date, what a trait is set to, a property of a synced event."""

    place: Place
    value: Value
    span: Span


Asked = AskedCondition | AskedEvent | AskedValue


def asked_by(journey: Journey) -> Iterator[Asked]:
    """Every condition, event and value of a journey, each once, in the order written."""
    entry, entering = journey.entry, Place(Role.ENTRY)
    if isinstance(entry, EntryOn):
        yield AskedEvent(entering, entry.on)
        if entry.condition is not None:
            yield AskedCondition(entering, entry.condition, entry.span, acts=False)
    else:
        yield AskedCondition(entering, entry.condition, entry.span, acts=True)
    inside = Place(Role.INSIDE)
    for rule in journey.exits:
        match rule:
            case ExitOn(on):
                yield AskedEvent(inside, on)
            case ExitWhen(condition, span):
                yield AskedCondition(inside, condition, span, acts=True)
    if journey.goal is not None:
        yield AskedEvent(inside, journey.goal.on)
    for step in journey.all_steps():
        yield from _asked_at(step)


def _asked_at(step: JourneyStep) -> Iterator[Asked]:
    """What a step itself asks."""
    place = Place(Role.STEP, step.id)
    match step:
        case Hold(branches=branches):
            for branch in branches:
                inner = Place(Role.STEP, step.id, branch.name)
                if branch.on is not None:
                    yield AskedEvent(inner, branch.on)
                if branch.when is not None:
                    yield AskedCondition(inner, branch.when, branch.span, acts=True)
        case Split(branches=when_branches) | Fork(branches=when_branches):
            for when_branch in when_branches:
                if when_branch.when is not None:
                    yield AskedCondition(place, when_branch.when, when_branch.span, acts=False)
        case Delay(wait=UntilValue(value)):
            yield AskedValue(place, value, step.span)
        case SetTrait(to=value):
            yield AskedValue(place, value, step.span)
        case Sync(properties=properties):
            for _, value in properties:
                yield AskedValue(place, value, step.span)
        case _:
            return


def conditions_of(journey: Journey) -> Iterator[Condition]:
    """Every condition of a journey, in the order written."""
    for asked in asked_by(journey):
        if isinstance(asked, AskedCondition):
            yield asked.condition


def references_asked(asked: Asked) -> Iterator[tuple[Reference, Span]]:
    """The references of one question, each with its place in the file."""
    match asked:
        case AskedCondition(condition=condition):
            for leaf in leaves_of(condition):
                yield from references_of(leaf)
        case AskedEvent(on=on):
            yield from references_in(on.where)
        case AskedValue(value=value, span=span):
            if isinstance(value, Reference):
                yield value, span
