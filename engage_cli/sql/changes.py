"""The instants at which a condition can change, for each of some subjects.

Every condition keeps its value from one instant on until something happens: an event, the end of a window that passes over one, a turn of
the calendar, a new row of a log. A leaf's instants are found from its own rows and its own stretch of time, by literal bounds. They are
more than those at which it does change: whoever evaluates the condition at each of them, and at the beginning, knows its whole course.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import assert_never

from sqlglot import exp

from engage_cli.definitions.paths import EACH, Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Compute
from engage_cli.definitions.values import Duration
from engage_cli.plan import checks as c
from engage_cli.plan.courses import (
    CLOCK_CHANGE,
    LONGEST_CLAMP,
    first_instant,
)
from engage_cli.plan.finding import found_in
from engage_cli.plan.instants import Bound, shift
from engage_cli.plan.leaves import (
    AmongRows,
    ConsentIs,
    ContextMeets,
    Counted,
    EdgeMeets,
    Events,
    EventSet,
    FirstEvents,
    Happened,
    HasRows,
    InShareOf,
    Leaf,
    Measured,
    MemberOf,
    MessageWas,
    OnDays,
    Regular,
    Sequence,
    SomeLinked,
    StayWas,
    TraitMeets,
)
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog, Reading
from engage_cli.plan.predicates import Predicate, leaves_of
from engage_cli.plan.relative import OWN, Own, Relative, Shifted, Turned
from engage_cli.plan.requirements import IDS
from engage_cli.plan.resolve import row_at
from engage_cli.plan.traits import PlannedTrait, TraitOfEvents, traits_of_leaf, traits_of_source
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.events import EventQueries, event_condition
from engage_cli.sql.functions import e_full_days, e_plus, e_time, e_to_json
from engage_cli.sql.ledger import JOURNEY_STAYS, MADE_MESSAGES, of_campaign
from engage_cli.sql.literals import all_of, any_of, between, column, integer_literal, text_literal, timestamp_literal
from engage_cli.sql.moments import MEMBERSHIP, ROW, SUBJECT, SUBJECT_KEY, USER_KEY
from engage_cli.sql.passing import DAY, ELEMENT, TURN, Passing, Side, Source
from engage_cli.sql.readers import ColumnReader, ElementReader, InstantReader, JsonReader, MissingReader, Reader, TextReader
from engage_cli.sql.rows import row_condition
from engage_cli.sql.scope import EVENTS, TRAITS, Scope, context_scope, join_subject, trait_scope
from engage_cli.sql.traits import text_of_literal

_RELATIVE = (Own, Shifted, Turned, c.AnniversaryWithin)


def instants_of_change(moments: MomentPlan, name: str, catalog: Catalog, subjects: str, low: datetime, high: datetime) -> exp.Select:
    """(subject_key, at): each instant after `low` and up to `high` at which a condition may change for a subject, once.

    `subjects` is a relation of `subject_key` and `user_key`, where conditions look at it also `context VARCHAR`. What was staged is what
    the plan needs of subjects from `low` on. Undated inputs (MomentPlan.undated) have no instants.
    """
    finder = ChangeFinder(moments, catalog, subjects, low, high)
    finder.predicate(moments.conditions[name].predicate, finder.asked)
    return finder.query()


class ChangeFinder(Passing):
    """Collects the instants of the leaves of a condition."""

    def __init__(self, moments: MomentPlan, catalog: Catalog, subjects: str, low: datetime, high: datetime) -> None:
        super().__init__(Side(Subject.USERS, exp.to_table(subjects)), moments.zone, low, high)
        self.moments = moments
        self.catalogs = {Subject.USERS: catalog, Subject.ACCOUNTS: catalog.for_accounts()}

    # ---- predicates ------------------------------------------------------------------------------------------------

    def predicate(self, predicate: Predicate, side: Side) -> None:
        """The instants of a predicate's leaves, about the subjects of a side."""
        for leaf in leaves_of(predicate):
            self._leaf(leaf, side)

    def _leaf(self, leaf: Leaf, side: Side) -> None:
        for path in traits_of_leaf(leaf):
            self._trait(path, side)
        match leaf:
            case Happened(events) | Counted(events) | OnDays(events):
                self._events(events, side)
            case Measured(events, _, path, _, check):
                self._events(events, side, row_at(path, c.Test(check)))
            case EdgeMeets(events, _, row):
                self._events(events, side, row)
            case Regular(events, stretches):
                self._events(events, side, ends=[end for stretch in stretches for end in (stretch.low, stretch.high)])
            case Sequence():
                self._sequence(leaf, side)
            case TraitMeets(row):
                self._trait_row(row, side)
            case ContextMeets(row):
                self._row(
                    row, self.of_subjects(self.asked), context_scope(self.catalogs[Subject.USERS], self.moments.zone, subject=SUBJECT)
                )
            case MemberOf(name):
                self.predicate(self.moments.audiences[name].predicate, side)
            case SomeLinked(of, predicate):
                self.at(self.rows_of(side, "membership_history", MEMBERSHIP), column("since", MEMBERSHIP))
                self.predicate(predicate, self._linked(side, of))
            case ConsentIs(channel):
                channels = exp.EQ(this=column("channel", ROW), expression=text_literal(channel))
                self.at(self.rows_of(side, "consent_history", ROW).where(channels), column("since", ROW))
            case MessageWas() | StayWas():
                self._ledger(leaf, side)
            case InShareOf() | AmongRows() | HasRows():
                pass
            case _:
                assert_never(leaf)

    def _linked(self, side: Side, of: Subject) -> Side:
        """Those that memberships ever link with the subjects of a side."""
        query = exp.select(column(SUBJECT_KEY, SUBJECT), column(f"{of.one}_key", MEMBERSHIP)).from_(side.item)
        same = exp.EQ(this=column(side.key, MEMBERSHIP), expression=column(side.key, SUBJECT))
        return Side(of, query.join(exp.alias_(exp.to_table("membership_history"), MEMBERSHIP, table=True), on=same).subquery())

    # ---- events ----------------------------------------------------------------------------------------------------

    def _events(self, events: Events, side: Side, more: c.Row = c.ANY_ROW, ends: Iterable[Bound | None] = ()) -> None:
        """When an event comes, when an end of its window passes over it, and when what it says begins to mean something else."""
        source = self._source_of(events, side)
        self.at(source, column("ts", EVENTS))
        own = () if isinstance(events, EventSet) and ends else (events.stretch.low, events.stretch.high)
        for end in dict.fromkeys(end.instant for end in (*own, *ends) if end is not None):
            self.passed(source, column("ts", EVENTS), end)
        if any(True for _ in found_in((events.row, more), _RELATIVE)):
            seen = source.where(self._ever_seen(events))
            for row in (events.row, more):
                self._row(row, seen, self._queries(side).scope())

    def _queries(self, side: Side) -> EventQueries:
        return EventQueries(self.catalogs[side.of], self.moments.zone, OWN, self.low)

    def _source_of(self, events: Events, side: Side) -> Source:
        """The events of a set at whatever instant, as far as what they say alone decides."""
        queries = self._queries(side)
        scope = queries.scope()
        source = self.of_events(side).where(event_condition(events.names, self.catalogs[side.of]))
        condition = row_condition(_lasting(events.row), scope)
        return Source(join_subject(source.query, scope.used, column(USER_KEY, EVENTS)), source.key).where(condition)

    def _ever_seen(self, events: Events) -> exp.Expr:
        """The event lies in the window at some instant of those looked at."""
        ts, end = column("ts", EVENTS), events.stretch.high
        first = None if isinstance(events, FirstEvents) else first_instant(events.stretch, self.low, self.zone)
        seen = between(ts, None if first is None else (timestamp_literal(first), True), (timestamp_literal(self.high), True))
        if end is None or not isinstance(end.instant, datetime):
            return seen
        return all_of([seen, between(ts, None, (timestamp_literal(end.instant), end.inclusive))])

    def _sequence(self, leaf: Sequence, side: Side) -> None:
        for events in (*(step.events for step in leaf.steps), *(one.events for one in (*leaf.between, *leaf.after)), *leaf.without):
            self._events(events, side)
        for forbidden in leaf.after if leaf.settled else ():
            if forbidden.within is not None:
                self._settled(leaf.steps[-1].events, forbidden.within, side)

    def _settled(self, events: Events, within: Duration, side: Side) -> None:
        """When the window after the last step is over."""
        margin = CLOCK_CHANGE + LONGEST_CLAMP if within.unit.is_calendar else timedelta()
        low = shift(self.low, within, -1, self.zone) - margin
        high = shift(self.high, within, -1, self.zone) + margin
        ts = column("ts", EVENTS)
        source = self._source_of(events, side).where(between(ts, (timestamp_literal(low), True), (timestamp_literal(high), True)))
        self.emit(source, after_duration(ts, within, self.moments.zone))

    # ---- what rows say ---------------------------------------------------------------------------------------------

    def _row(self, row: c.Row, source: Source, scope: Scope) -> None:
        """When the values of rows come to lie elsewhere of what is counted from the subject's own instant."""
        if not any(True for _ in found_in(row, _RELATIVE)):
            return
        match row:
            case c.RowAll(parts) | c.RowAny(parts):
                for part in parts:
                    self._row(part, source, scope)
            case c.RowNot(part):
                self._row(part, source, scope)
            case c.Value(path, test):
                self._value(test, source, scope.values(path).read(Reading.INSTANT))
            case c.SomeElement(path, inner):
                reader = scope.values(path)
                if reader.may_be_list:
                    elements = source.elements(reader.read(Reading.ELEMENTS))
                    self._row(inner, elements, scope.inside(column("element", ELEMENT), reader))
            case _:
                assert_never(row)

    def _value(self, test: c.Test, source: Source, instant: exp.Expr) -> None:
        for end in dict.fromkeys(_ends(test)):
            self.passed(source, instant, end)
        for check in found_in((test.whole, test.element), (c.AnniversaryWithin,)):
            self.anniversaries(source, instant, check.days)

    # ---- traits ----------------------------------------------------------------------------------------------------

    def _trait(self, path: Path, side: Side) -> None:
        """When a trait is set to another value, or computed to be another."""
        if path == IDS[side.of]:
            return
        trait = self._computed(path, side)
        if trait is None:
            self.at(self.rows_of(side, _history(side.of), TRAITS), column("since", TRAITS))
            return
        for inner in traits_of_source(trait.source):
            self._trait(inner, side)
        if isinstance(trait.source, TraitOfEvents):
            self._trait_of_events(trait.source, side)

    def _computed(self, path: Path, side: Side) -> PlannedTrait | None:
        trait = self.moments.traits.get(path.name)
        return trait if trait is not None and trait.of is side.of else None

    def _trait_of_events(self, source: TraitOfEvents, side: Side) -> None:
        if source.events.session is not None:
            self.at(self.of_events(side), column("ts", EVENTS))
        self._events(source.events, side)
        if source.compute in (Compute.DAYS_SINCE_FIRST, Compute.DAYS_SINCE_LAST):
            self._days_since(source, side)

    def _days_since(self, source: TraitOfEvents, side: Side) -> None:
        """Every 24 hours after an event. Of those that cannot be the first, or the last, none."""
        ts = column("ts", EVENTS)
        events = self._source_of(source.events, side).where(self._ever_seen(source.events))
        for counted, instant in self._counted_from(source, events, ts):
            days = -(-(self.high - self.low) // timedelta(days=1)) + 1
            turns: list[exp.Expr] = [exp.Tuple(expressions=[integer_literal(day)]) for day in range(1, days + 1)]
            before = e_full_days(instant, timestamp_literal(self.low))
            number = exp.paren(exp.Add(this=before, expression=column("day", TURN)))
            seconds = exp.Mul(this=number, expression=integer_literal(DAY))
            self.emit(counted.joined(turns, ("day",)), e_plus(instant, seconds))

    def _counted_from(self, source: TraitOfEvents, events: Source, ts: exp.Expr) -> Iterator[tuple[Source, exp.Expr]]:
        """The events from which days may be counted. Where no window passes over them: the first of all, or the last so far."""
        first = source.compute is Compute.DAYS_SINCE_FIRST
        end = source.events.stretch.low if first else source.events.stretch.high
        moves = end is not None and not isinstance(end.instant, datetime)
        plain = source.events.session is None and source.events.row == _lasting(source.events.row)
        if moves or not plain:
            yield events, ts
            return
        edge = exp.alias_((exp.Min if first else exp.Max)(this=ts.copy()), "edge")
        by_low = events if first else events.where(exp.LTE(this=ts.copy(), expression=timestamp_literal(self.low)))
        grouped = by_low.query.select(exp.alias_(by_low.key.copy(), SUBJECT_KEY), edge).group_by(by_low.key.copy())
        yield Source(exp.Select().from_(exp.alias_(grouped.subquery(), ROW, table=True)), column(SUBJECT_KEY, ROW)), column("edge", ROW)
        if not first:
            yield events.where(self.inside(ts)), ts

    def _trait_row(self, row: c.Row, side: Side) -> None:
        """`_row` of traits, each part over the rows that its trait's values come from."""
        match row:
            case c.RowAll(parts) | c.RowAny(parts):
                for part in parts:
                    self._trait_row(part, side)
            case c.RowNot(part):
                self._trait_row(part, side)
            case c.Value(path) | c.SomeElement(path):
                assert path is not None, "only an element is read as a whole"
                for source, scope in self._values_of(path, side) if any(True for _ in found_in(row, _RELATIVE)) else ():
                    self._row(row, source, scope)
            case _:
                assert_never(row)

    def _values_of(self, path: Path, side: Side) -> Iterator[tuple[Source, Scope]]:
        """The rows that the values of a trait come from, and how a path into the trait is read there."""
        trait, catalog = self._computed(path, side), self.catalogs[side.of]
        if path == IDS[side.of]:
            of = side.of
            reader = InstantReader(e_time(column(of.id_name, ROW), "UTC", self.moments.zone))
            yield self.rows_of(side, of.value, ROW), self._scope(side, lambda _path: reader)
        elif trait is None:
            end = column("until", TRAITS)
            still = any_of([exp.Is(this=end, expression=exp.null()), exp.GT(this=end.copy(), expression=timestamp_literal(self.low))])
            yield self.rows_of(side, _history(side.of), TRAITS).where(exp.paren(still)), trait_scope(catalog, self.moments.zone)
        elif isinstance(trait.source, TraitOfEvents):
            yield from self._values_of_events(trait, trait.source, side)

    def _scope(self, side: Side, read: "Read") -> Scope:
        """A scope in which values are read so; what is inside a list is in the project's zone, where its reader does not say another."""
        return Scope(self.catalogs[side.of], self.moments.zone, read, self.moments.zone)

    def _values_of_events(self, trait: PlannedTrait, source: TraitOfEvents, side: Side) -> Iterator[tuple[Source, Scope]]:
        zone, elements_zone = self.moments.zone, self.catalogs[side.of].elements_zone
        if trait.default is not None:
            default = e_to_json(text_literal(text_of_literal(trait.default)))
            read_in = elements_zone if source.compute in (Compute.FIRST, Compute.LAST) else zone
            yield self.of_subjects(side), self._scope(side, lambda path: JsonReader(default, _rest(path), read_in, zone))
        rows = self._source_of(source.events, side).where(self._ever_seen(source.events))
        path = source.path
        if path is None or source.compute not in _OF_VALUES:
            return
        if source.compute in (Compute.FIRST, Compute.LAST):
            value = ColumnReader(EVENTS, path, frozenset()).read(Reading.VALUE)
            yield rows, self._scope(side, lambda into: JsonReader(value, _rest(into), elements_zone, zone))
            return
        rows, text = self._texts(rows, path, self._queries(side).scope())
        if source.compute is Compute.MOST_FREQUENT:
            yield rows, self._scope(side, lambda into: TextReader(text, zone) if _rest(into) is None else MissingReader())
        else:
            element = e_to_json(text)
            yield rows, self._scope(side, lambda into: ElementReader(element, zone, whole=_rest(into) is None))

    def _texts(self, rows: Source, path: Path, scope: Scope) -> tuple[Source, exp.Expr]:
        """The rows of the texts at a path, of lists one for each element, and the text in them."""
        parts = path.parts
        while EACH in parts:
            at = parts.index(EACH)
            head, parts = parts[:at], parts[at + 1 :]
            rows = rows.elements(scope.values(Path(head) if head else None).read(Reading.ELEMENTS))
            scope = scope.inside(column("element", ELEMENT))
        return rows, scope.values(Path(parts) if parts else None).read(Reading.TEXT)

    # ---- messages and stays ----------------------------------------------------------------------------------------

    def _ledger(self, leaf: MessageWas | StayWas, side: Side) -> None:
        table, instants = (MADE_MESSAGES, ("at",)) if isinstance(leaf, MessageWas) else (JOURNEY_STAYS, ("began_at", "ended_at"))
        source = self.rows_of(side, table, EVENTS).where(*of_campaign(leaf))
        for name in instants:
            self.at(source, column(name, EVENTS))
            for end in (leaf.stretch.low, leaf.stretch.high):
                if end is not None:
                    self.passed(source, column(name, EVENTS), end.instant)


# ---- how values are read -------------------------------------------------------------------------------------------

Read = Callable[[Path | None], Reader]
_OF_VALUES = frozenset({Compute.FIRST, Compute.LAST, Compute.MOST_FREQUENT, Compute.UNIQUE_LIST})
"""What may compute an instant."""


def _rest(path: Path | None) -> Path | None:
    """The path into a computed trait's value; None for the value itself."""
    rest = () if path is None else path.parts[1:]
    return Path(rest) if rest else None


def _history(of: Subject) -> str:
    return "trait_history" if of is Subject.USERS else "account_trait_history"


def _lasting(row: c.Row) -> c.Row:
    """The part of a row predicate that is so for a row whenever, and of whomever, it is asked."""
    if isinstance(row, c.RowAll):
        return c.RowAll(tuple(part for part in row.parts if _lasting(part) == part))
    moves = any(True for _ in found_in(row, (c.Against, *_RELATIVE)))
    return c.ANY_ROW if moves else row


def _ends(test: c.Test) -> Iterator[Relative]:
    """The ends, counted from the subject's own instant, between which a test looks."""
    yield from found_in((test.whole, test.element), (Own, Shifted, Turned))
