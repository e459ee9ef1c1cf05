"""The names of the data that definitions use, each with its place: events, properties, traits, columns. `check` looks for them in it."""

from collections.abc import Iterator

from msgspec import Struct

from engage_cli.definitions import conditions as w
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.broadcast_walk import conditions_of
from engage_cli.definitions.comparisons import Element, Field, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.condition_walk import leaves_of, references_in
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.entity_walk import with_inner_rows
from engage_cli.definitions.expression import traits_in
from engage_cli.definitions.journey import ENTRY, EntryOn, Journey
from engage_cli.definitions.journey_steps import Hold
from engage_cli.definitions.journey_walk import AskedCondition, AskedEvent, asked_by, references_asked
from engage_cli.definitions.paths import Path as TraitPath
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Expressed, OfEvents, Rfm, Trait
from engage_cli.definitions.values import ContextRef, TraitRef
from engage_cli.source import Span


class Mention(Struct, frozen=True):
    """A name of the data that a definition uses: of an event, a trait (of users or of accounts), a property of the events `of`, a column of
    the entity `of`."""

    kind: str
    name: str
    span: Span
    of: tuple[str, ...] = ()


def trait_kind(of: Subject) -> str:
    """The kind of a mention of a trait of theirs."""
    return "trait" if of is Subject.USERS else "account trait"


def mentioned(condition: Condition, of: Subject = Subject.USERS) -> Iterator[Mention]:
    """Every event, property, trait and column that a condition about users or accounts names; those of nested audiences are theirs."""
    match condition:
        case w.AllOf(parts) | w.AnyOf(parts) | w.NoneOf(parts):
            for part in parts:
                yield from mentioned(part, of)
        case w.Not(part):
            yield from mentioned(part, of)
        case w.Quantified(quantifier, part):
            yield from mentioned(part, quantifier.of)
        case w.TraitIs(path, _, span):
            yield Mention(trait_kind(of), path.name, span)
        case w.EventDone(names, span, where):
            yield from _of_events(names, span, where)
            yield from _of_ask(condition)
        case w.SequenceDone(steps, without=without):
            for step in (*steps, *without):
                yield from _of_events(step.names, step.span, step.where)
        case w.HasEntity():
            for rows in with_inner_rows(condition):
                yield from _of_rows(rows)
        case _:
            return


def _of_rows(rows: w.HasEntity) -> Iterator[Mention]:
    for name, place in _names_in(rows.where):
        yield Mention("column", name, place, (rows.entity,))
    if isinstance(rows.ask, w.Measure):
        yield Mention("column", rows.ask.path.name, rows.span, (rows.entity,))


def mentioned_by(trait: Trait) -> Iterator[Mention]:
    """Every event, property and trait that a computed trait names."""
    match trait.computation:
        case OfEvents(names=names, where=where, property=path) | Rfm(names=names, where=where, property=path):
            yield from _of_events(names, trait.source_span, where)
            if path is not None:
                yield Mention("property", path.name, trait.source_span, names)
        case Expressed(expression=expression):
            for path in traits_in(expression):
                yield Mention(trait_kind(trait.of), path.name, trait.source_span)


def mentioned_in(journey: Journey) -> Iterator[Mention]:
    """Every event, property and trait that a journey names, in its context too."""
    events = context_events(journey)
    if isinstance(journey.entry, EntryOn) and journey.entry.key is not None:
        yield Mention("property", journey.entry.key.name, journey.entry.on.span, journey.entry.on.names)
    for asked in asked_by(journey):
        match asked:
            case AskedCondition(condition=condition):
                yield from mentioned(condition)
                for leaf in leaves_of(condition):
                    if isinstance(leaf, w.ContextIs):
                        yield from _of_context(leaf.path, leaf.span, events)
                    if isinstance(leaf, w.EventDone) and leaf.match is not None:
                        yield Mention("property", leaf.match.name, leaf.span, leaf.names)
            case AskedEvent(on=on):
                yield from _of_events(on.names, on.span, on.where)
                if on.match is not None:
                    yield Mention("property", on.match.name, on.span, on.names)
        for reference, span in references_asked(asked):
            match reference:
                case TraitRef(path):
                    yield Mention("trait", path.name, span)
                case ContextRef(path):
                    yield from _of_context(path, span, events)


def mentioned_in_broadcast(broadcast: Broadcast) -> Iterator[Mention]:
    """Every event, property, trait and column that a broadcast names."""
    for condition in conditions_of(broadcast).values():
        yield from mentioned(condition)
    if broadcast.goal is not None:
        on = broadcast.goal.on
        yield from _of_events(on.names, on.span, on.where)
        for reference, span in references_in(on.where):
            if isinstance(reference, TraitRef):
                yield Mention("trait", reference.path.name, span)


def _of_context(path: TraitPath, span: Span, events: dict[str, tuple[str, ...]]) -> Iterator[Mention]:
    name = path.parts[1]
    if path.name in events and isinstance(name, str):
        yield Mention("property", name, span, events[path.name])


def context_events(journey: Journey) -> dict[str, tuple[str, ...]]:
    """The names of the events whose properties the context has, by the name under which it has them."""
    events = {ENTRY: journey.entry.on.names} if isinstance(journey.entry, EntryOn) else {}
    for step in journey.all_steps():
        for branch in step.branches if isinstance(step, Hold) else ():
            if branch.on is not None:
                events[branch.name] = (*events.get(branch.name, ()), *branch.on.names)
    return events


def _of_events(names: tuple[str, ...], span: Span, where: Where) -> Iterator[Mention]:
    for name in names:
        yield Mention("event", name, span)
    for name, place in _names_in(where):
        yield Mention("property", name, place, names)


def _of_ask(done: w.EventDone) -> Iterator[Mention]:
    match done.ask:
        case w.Measure(_, path):
            yield Mention("property", path.name, done.span, done.names)
        case w.Edge(_, where):
            for name, place in _names_in(where):
                yield Mention("property", name, place, done.names)
        case _:
            return


def _names_in(where: Where) -> Iterator[tuple[str, Span]]:
    match where:
        case WhereAll(parts) | WhereAny(parts):
            for part in parts:
                yield from _names_in(part)
        case WhereNot(part):
            yield from _names_in(part)
        case Field(path, _, span):
            if path is not None:
                yield path.name, span
        case Element(path, _, span):
            yield path.name, span
