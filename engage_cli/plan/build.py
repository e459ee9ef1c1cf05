"""Audiences and their conditions to a plan: predicates over leaves, in dependency order, and what they need of the data."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions import conditions as w
from engage_cli.definitions.comparisons import ALWAYS, Comparison, Where
from engage_cli.definitions.conditions import named_audiences
from engage_cli.definitions.destinations import ListDestination
from engage_cli.definitions.paths import Path, path_of
from engage_cli.definitions.project import Project
from engage_cli.definitions.trait import Computation, Expressed, FromSql, OfEvents, Rfm
from engage_cli.plan.checks import ANY_ROW, Check, CountTest, Row, RowAll, readings_of
from engage_cli.plan.instants import Bound, Stretch, moved, window_stretch
from engage_cli.plan.labels import join_label, names_label, slug, window_label
from engage_cli.plan.leaves import (
    AT_LEAST_ONE,
    AmongRows,
    ConsentIs,
    ContextMeets,
    Counted,
    EdgeMeets,
    EntityRows,
    Events,
    EventSet,
    FirstEvents,
    Forbidden,
    Happened,
    HasRows,
    InShareOf,
    Leaf,
    Measured,
    MemberOf,
    MessageWas,
    OnDays,
    PlannedStep,
    Regular,
    RowMeasure,
    Sequence,
    SomeLinked,
    StayWas,
    TraitMeets,
)
from engage_cli.plan.needs import Needs, Reading
from engage_cli.plan.outcomes import asks_outcomes, with_outcomes
from engage_cli.plan.predicates import Always, And, Is, Negated, Or, Plan, PlannedAudience, Predicate
from engage_cli.plan.relative import Arrived
from engage_cli.plan.requirements import leaves_about, needs_of
from engage_cli.plan.resolve import Context, field_row, matching_row, row_of, tests_of
from engage_cli.plan.traits import (
    PlannedTrait,
    TraitOfEvents,
    TraitOfRanks,
    TraitOfRows,
    TraitOfTraits,
    TraitSource,
    ranks_everybody,
    traits_of_leaf,
    traits_of_source,
)
from engage_cli.records import replace
from engage_cli.source import Span

_MILLIONTHS_OF_ALL = 100_000_000


def plan_audiences(
    project: Project, asked: Iterable[str], as_of: datetime, zone: str, users: frozenset[str] | None = None, traits: Iterable[str] = ()
) -> Plan:
    """The plan for the asked audiences and all that they name, at one instant (aware, UTC) in the project's zone.

    `users` limits what is staged to these ids, where nobody else matters; the computed `traits` are planned, too. The definitions are
    checked: no unknown names, no cycles.
    """
    asked, context = tuple(asked), Context(as_of, ZoneInfo(zone))
    planned = plan_named(project, asked, context)
    computed = plan_traits(project, planned.values(), [path_of(name) for name in traits], context)
    users = None if ranks_everybody(computed.values()) else users
    needs = needs_of(planned.values(), Needs(as_of, zone, users=users), computed)
    if any(asks_outcomes(one.predicate) for one in planned.values()):
        needs = with_outcomes(needs, project.config.messaging.outcomes)
    return Plan(as_of, zone, planned, asked, needs, computed)


def plan_named(project: Project, names: Iterable[str], context: Context) -> dict[str, PlannedAudience]:
    """The audiences of these names and all that they name, each after those that it names."""
    planned: dict[str, PlannedAudience] = {}

    def visit(name: str) -> None:
        if name in planned:
            return
        audience = project.audiences[name]
        for other in named_audiences(audience.members):
            visit(other)
        predicate = Planner(context, name).predicate(audience.members)
        lists = [one for one in (project.config.destinations.get(name) for name in audience.sync) if isinstance(one, ListDestination)]
        planned[name] = PlannedAudience(
            name=name,
            predicate=predicate,
            condition=audience.members,
            with_traits=audience.with_traits,
            span=audience.span,
            of=audience.of,
            with_anonymous=audience.with_anonymous,
            list_traits=tuple(dict.fromkeys(path for one in lists for path in one.traits)),
            with_entities=audience.with_entities,
        )

    for name in names:
        visit(name)
    return planned


def plan_traits(project: Project, audiences: Iterable[PlannedAudience], asked: Iterable[Path], context: Context) -> dict[str, PlannedTrait]:
    """The computed traits behind some audiences and those asked for by name, each after those that it is computed of."""
    planned: dict[str, PlannedTrait] = {}

    def visit(path: Path) -> None:
        trait = project.traits.get(path.name)
        if trait is None or trait.name in planned:
            return
        source = Planner(context, trait.name).source(trait.computation, trait.span)
        made = PlannedTrait(trait.name, source, trait.default, trait.span, trait.of)
        for inner in traits_of_source(made.source):
            visit(inner)
        planned[trait.name] = made

    for audience in audiences:
        for _, leaf in leaves_about(audience.of, audience.predicate):
            for path in traits_of_leaf(leaf):
                visit(path)
        for path in audience.sent:
            visit(path)
    for path in asked:
        visit(path)
    return planned


class Planner(Struct, frozen=True):
    """Turns the conditions of one definition into predicates. `owner` is the definition's id, the default salt.

    `match` and `since` tie the events of one condition to the journey's instance that asks.
    """

    context: Context
    owner: str
    match: Path | None = None
    since: w.JourneySince | None = None
    is_journey: bool = False
    """Whether the definition is a journey, whose instances ask."""

    def predicate(self, condition: w.Condition) -> Predicate:
        """The predicate that a condition means."""
        match condition:
            case w.AllOf(parts):
                return And(tuple(self.predicate(part) for part in parts))
            case w.AnyOf(parts):
                return Or(tuple(self.predicate(part) for part in parts))
            case w.NoneOf(parts):
                return Negated(Or(tuple(self.predicate(part) for part in parts)))
            case w.Not(part):
                return Negated(self.predicate(part))
            case w.Everyone():
                return Always()
            case w.EventDone(match=match, since=since):
                return replace(self, match=match, since=since)._event(condition)
            case w.Quantified():
                return self._quantified(condition)
            case w.ContextIs() | w.MessageMade() | w.JourneyState():
                return Is(self._of_journeys(condition))
            case w.HasEntity():
                return self._entity(condition)
            case w.TraitIs() | w.SequenceDone() | w.InAudience() | w.InShare() | w.InSql() | w.HasConsent():
                return Is(self._leaf(condition))
            case _:
                assert_never(condition)

    def _of_journeys(self, condition: w.ContextIs | w.MessageMade | w.JourneyState) -> Leaf:
        match condition:
            case w.ContextIs(path, comparison, span):
                return ContextMeets(field_row(path, comparison, self.context), span)
            case w.MessageMade(w.MessageOf.STEP, name, status, span, journey, window):
                assert journey is not None, "a step stands in a journey"
                return MessageWas(
                    w.MessageOf.JOURNEY.value,
                    journey,
                    name,
                    status.value,
                    self._stretch(window),
                    span,
                    self.is_journey and journey == self.owner,
                )
            case w.MessageMade(of, name, status, span, _, window):
                return MessageWas(of.value, name, None, status.value, self._stretch(window), span)
            case w.JourneyState(journey, status, span, window):
                return StayWas(journey, status, self._stretch(window), span)
            case _:
                assert_never(condition)

    def _leaf(self, condition: w.TraitIs | w.SequenceDone | w.InAudience | w.InShare | w.InSql | w.HasConsent) -> Leaf:
        match condition:
            case w.TraitIs(path, comparison, span):
                return TraitMeets(field_row(path, comparison, self.context), span)
            case w.SequenceDone():
                return self._sequence(condition)
            case w.InAudience(name):
                return MemberOf(name)
            case w.InShare(millionths, salt):
                return InShareOf(self.owner if salt is None else salt, _MILLIONTHS_OF_ALL, millionths << 32)
            case w.InSql(text, span):
                return AmongRows(text, span, f"sql_{self.owner}")
            case w.HasConsent(channel, group, statuses, span):
                return ConsentIs(channel, group, tuple(sorted(set(statuses))), span)
            case _:
                assert_never(condition)

    def _quantified(self, condition: w.Quantified) -> Predicate:
        """Each quantifier by `some`: all of them do if there is one and not one that does not."""
        of, part = condition.quantifier.of, self.predicate(condition.part)

        def some(predicate: Predicate, label: str) -> Predicate:
            return Is(SomeLinked(of, predicate, label, condition.span))

        match condition.quantifier:
            case w.Quantifier.ANY_USER | w.Quantifier.ANY_ACCOUNT:
                return some(part, f"some_{of.one}_of_{self.owner}")
            case w.Quantifier.NO_USER | w.Quantifier.NO_ACCOUNT:
                return Negated(some(part, f"some_{of.one}_of_{self.owner}"))
            case w.Quantifier.ALL_USERS | w.Quantifier.ALL_ACCOUNTS:
                other = some(Negated(part), f"other_{of.one}_of_{self.owner}")
                return And((some(Always(), f"has_{of.one}"), Negated(other)))
            case _:
                assert_never(condition.quantifier)

    # ---- entities --------------------------------------------------------------------------------------------------

    def _entity(self, asked: w.HasEntity) -> Predicate:
        has = None if asked.has is None else self.predicate(asked.has)
        rows = EntityRows(asked.entity, row_of(asked.where, self.context), has, asked.span)
        match asked.ask:
            case None:
                return Is(HasRows(rows, AT_LEAST_ONE))
            case w.Count(comparison):
                return self._numbers(comparison, lambda check: HasRows(rows, check))
            case w.Measure(aggregate, path, comparison):
                measure = RowMeasure(aggregate, path, self._measure_reading(aggregate, comparison))
                return self._numbers(comparison, lambda check: HasRows(rows, check, measure))
            case _:
                assert_never(asked.ask)

    # ---- traits ----------------------------------------------------------------------------------------------------

    def source(self, computation: Computation, span: Span) -> TraitSource:
        """What a trait is computed of."""
        match computation:
            case OfEvents():
                events = self._events(computation.names, computation.where, computation.window, span)
                if computation.session is not None:
                    session = computation.session
                    label = join_label(events.label, f"in_latest_session_of_{slug(str(session))}")
                    events = replace(events, session=session, label=label)
                return TraitOfEvents(computation.compute, events, computation.property, computation.at_least)
            case Expressed(expression=expression):
                return TraitOfTraits(expression)
            case FromSql(text):
                return TraitOfRows(text)
            case Rfm(names, path, where, window):
                return TraitOfRanks(self._events(names, where, window, span), path)
            case _:
                assert_never(computation)

    # ---- events ----------------------------------------------------------------------------------------------------

    def _event(self, done: w.EventDone) -> Predicate:
        if done.first_time is not None:
            return Is(Happened(self._first(done.names, done.where, done.window, done.first_time, done.span)))
        if isinstance(done.ask, w.Regularly):
            return Is(self._regular(done, done.ask))
        events = self._events(done.names, done.where, done.window, done.span)
        match done.ask:
            case None:
                return Is(Happened(events))
            case w.Count(comparison):
                return self._numbers(comparison, lambda check: Counted(events, check))
            case w.Days(comparison):
                return self._numbers(comparison, lambda check: OnDays(events, check))
            case w.Measure(aggregate, path, comparison):
                reading = self._measure_reading(aggregate, comparison)
                return self._numbers(comparison, lambda check: Measured(events, aggregate, path, reading, check))
            case w.Edge(latest, where):
                return Is(EdgeMeets(events, latest, row_of(where, self.context)))
            case _:
                assert_never(done.ask)

    def _events(self, names: tuple[str, ...], where: Where, window: w.Window, span: Span) -> EventSet:
        label = join_label(names_label(names), window_label(window))
        return EventSet(tuple(sorted(set(names))), self._stretch(window), self._row(where), label, span)

    def _first(self, names: tuple[str, ...], where: Where, window: w.Window, first: w.FirstTime, span: Span) -> FirstEvents:
        label = join_label("first", names_label(names), window_label(window))
        by_name = first is w.FirstTime.BY_NAME
        return FirstEvents(tuple(sorted(set(names))), self._stretch(window), self._row(where), by_name, label, span)

    def _row(self, where: Where) -> Row:
        row = row_of(where, self.context)
        if self.match is None:
            return row
        matched = matching_row(self.match)
        return matched if row == ANY_ROW else RowAll((matched, row))

    def _stretch(self, window: w.Window) -> Stretch:
        stretch = window_stretch(window, self.context.as_of, self.context.zone)
        return stretch if self.since is None else replace(stretch, low=Bound(Arrived(self.since.step), True))

    def _numbers(self, comparison: Comparison, leaf: Callable[[Check], Leaf]) -> Predicate:
        """The tests of a measure, each an atom of its own so that a negative one is an exact negation."""
        parts: list[Predicate] = []
        for test in comparison.tests:
            negated, resolved = tests_of(test, False, self.context)
            atoms = tuple(Is(leaf(one.whole)) for one in resolved if one.whole is not None)
            together: Predicate = atoms[0] if len(atoms) == 1 else And(atoms)
            parts.append(Negated(together) if negated else together)
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _measure_reading(self, aggregate: w.Aggregate, comparison: Comparison) -> Reading:
        """What the property is read as: text to be counted, an instant where min or max is compared with one, else a number."""
        if aggregate is w.Aggregate.UNIQUE:
            return Reading.TEXT
        readings = [
            reading
            for test in comparison.tests
            for one in tests_of(test, False, self.context)[1]
            if one.whole is not None
            for reading in readings_of(one.whole)
        ]
        return Reading.INSTANT if Reading.INSTANT in readings else Reading.NUMBER

    def _regular(self, done: w.EventDone, ask: w.Regularly) -> Regular:
        as_of, zone = self.context.as_of, self.context.zone
        ends = [moved(as_of, ask.every, -times, zone) for times in range(ask.of_last + 1)]
        stretches = tuple(Stretch(Bound(low, False), Bound(high, True)) for high, low in pairwise(ends))
        label = join_label(names_label(done.names), f"in_{ask.of_last}_times_{slug(str(ask.every))}")
        whole = Stretch(stretches[-1].low, stretches[0].high)
        names = tuple(sorted(set(done.names)))
        events = EventSet(names, whole, self._row(done.where), label, done.span)
        return Regular(events, stretches, ask.at_least, self._count_tests(ask.comparison))

    def _count_tests(self, comparison: Comparison | None) -> tuple[CountTest, ...]:
        """The tests of a period's count, by default that there is one."""
        if comparison is None:
            return (CountTest(False, AT_LEAST_ONE),)
        found = [(test, tests_of(test, False, self.context)) for test in comparison.tests]
        return tuple(CountTest(negated, one.whole) for _, (negated, tests) in found for one in tests if one.whole is not None)

    # ---- sequences -------------------------------------------------------------------------------------------------

    def _sequence(self, done: w.SequenceDone) -> Sequence:
        positive = [step for step in done.steps if not step.negated]
        places = {step.alias: index for index, step in enumerate(positive) if step.alias is not None}
        inner = replace(self, context=replace(self.context, steps=places), match=done.match, since=done.since)
        steps: list[PlannedStep] = []
        between: list[Forbidden] = []
        after: list[Forbidden] = []
        for step in done.steps:
            if not step.negated:
                steps.append(PlannedStep(inner.step_events(step, done.window), step.within, len(steps)))
                continue
            forbidden = Forbidden(inner._events(step.names, step.where, done.window, step.span), len(steps), step.within)
            (after if len(steps) == len(positive) else between).append(forbidden)
        label = join_label("sequence", *(slug(step.names[0], 24) for step in positive[:3]))
        if done.order is w.Order.STRICT:
            anything = replace(inner, match=None)._events(("*",), ALWAYS, done.window, done.span)
            between.extend(Forbidden(anything, index) for index in range(1, len(steps)))
        return Sequence(
            steps=tuple(steps),
            order=w.Order.ANY if done.order is w.Order.ANY else w.Order.THEN,
            at_least=len(steps) if done.at_least is None else done.at_least,
            duration=done.duration,
            between=tuple(between),
            after=tuple(after),
            without=tuple(inner._events(step.names, step.where, done.window, step.span) for step in done.without),
            settled=done.settled,
            label=label,
            span=done.span,
        )

    def step_events(self, step: w.Step, window: w.Window) -> Events:
        """The events that may take a step, within the sequence's window."""
        if step.first_time is not None:
            return self._first(step.names, step.where, window, step.first_time, step.span)
        return self._events(step.names, step.where, window, step.span)
