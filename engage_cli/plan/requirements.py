"""What a plan needs staged: which events from when on, and which readings of which properties and traits."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from engage_cli.definitions.conditions import Aggregate
from engage_cli.definitions.expression import traits_in
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Compute
from engage_cli.plan import checks as c
from engage_cli.plan.courses import first_instant
from engage_cli.plan.instants import Stretch
from engage_cli.plan.leaves import (
    ConsentIs,
    ContextMeets,
    Counted,
    EdgeMeets,
    Events,
    EventSet,
    FirstEvents,
    Happened,
    HasRows,
    Leaf,
    Measured,
    OnDays,
    Regular,
    Sequence,
    SomeLinked,
    TraitMeets,
)
from engage_cli.plan.needs import ACCOUNT_ID, USER_ID, Column, EntityNeed, EventNeed, ListNeed, Needs, Reading
from engage_cli.plan.predicates import PlannedAudience, Predicate, leaves_of
from engage_cli.plan.traits import PlannedTrait, TraitOfEvents, TraitOfRanks, TraitOfRows, TraitOfTraits, TraitSource, rows_inside
from engage_cli.records import replace

IDS = {Subject.USERS: USER_ID, Subject.ACCOUNTS: ACCOUNT_ID}
"""By kind of subject, the trait that is no trait: its id."""


def leaves_about(of: Subject, predicate: Predicate) -> Iterator[tuple[Subject, Leaf]]:
    """Every leaf of a predicate about subjects of a kind, and those inside its quantifiers, each with the kind that it is about."""
    for leaf in leaves_of(predicate):
        yield of, leaf
        if isinstance(leaf, SomeLinked):
            yield from leaves_about(leaf.of, leaf.predicate)


def needs_of(
    audiences: Iterable[PlannedAudience], base: Needs, traits: Mapping[str, PlannedTrait] | None = None, low: datetime | None = None
) -> Needs:
    """`base` with everything that these audiences' predicates look at and that their outputs carry, and what the computed `traits` do.

    Where subjects have instants of their own, none is before `low`.
    """
    found, sent = _Found(ZoneInfo(base.zone), low), set[str]()
    for audience in audiences:
        found.subjects(audience.of, audience.predicate)
        sent.update(audience.with_entities)
        for path in audience.sent:
            if path != IDS[audience.of]:
                found.traits_of[audience.of] |= {Column(path, Reading.VALUE), Column(path, Reading.TEXT)}
    computed = traits or {}
    for trait in computed.values():
        found.about(trait.of, trait.source)
    for columns in found.traits_of.values():
        columns.difference_update([column for column in columns if column.path.name in computed])
    return replace(
        base,
        events=tuple(EventNeed(names, since, frozenset(columns)) for (names, since), columns in found.events.items()),
        traits=frozenset(found.traits_of[Subject.USERS]),
        account_traits=frozenset(found.traits_of[Subject.ACCOUNTS]),
        accounts=found.accounts,
        lists=tuple(sorted(found.lists, key=lambda need: (need.path, need.header))),
        channels=frozenset(found.channels),
        entities=tuple(EntityNeed(name, frozenset(columns), name in sent) for name, columns in sorted(found.entities.items())),
    )


def needs_of_leaf(leaf: Leaf, base: Needs) -> Needs:
    """`base` with what one leaf about users looks at, over all time."""
    return base.with_also(needs_of_leaf_alone(leaf, base))


def needs_of_leaf_alone(leaf: Leaf, base: Needs) -> Needs:
    """What one leaf about users looks at, over all time, in place of the events, traits and lists of `base`."""
    found = _Found(ZoneInfo(base.zone), None)
    found.leaf(leaf)
    return replace(
        base,
        events=tuple(EventNeed(names, since, frozenset(columns)) for (names, since), columns in found.events.items()),
        traits=frozenset(found.traits),
        lists=tuple(sorted(found.lists, key=lambda need: (need.path, need.header))),
    )


class _Found(Struct):
    """The needs met so far. Events are keyed by their names and first instant."""

    zone: ZoneInfo
    low: datetime | None
    events: dict[tuple[tuple[str, ...], datetime | None], set[Column]] = field(default_factory=dict)
    traits_of: dict[Subject, set[Column]] = field(default_factory=lambda: {of: set() for of in Subject})
    lists: set[ListNeed] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)
    entities: dict[str, set[Column]] = field(default_factory=dict)
    of: Subject = Subject.USERS
    accounts: bool = False

    @property
    def traits(self) -> set[Column]:
        """Those of the kind of subject that is looked at."""
        return self.traits_of[self.of]

    def subjects(self, of: Subject, predicate: Predicate) -> None:
        """What a predicate over subjects of one kind looks at."""
        outer, self.of = self.of, of
        self.accounts |= of is Subject.ACCOUNTS
        for leaf in leaves_of(predicate):
            self.leaf(leaf)
        self.of = outer

    def leaf(self, leaf: Leaf) -> None:
        match leaf:
            case Happened(events) | Counted(events) | OnDays(events) | Regular(events):
                self.event_set(events)
            case Measured(events, aggregate, path, reading):
                self.event_set(events).add(_measured_column(aggregate, path, reading))
            case EdgeMeets(events, _, row):
                self.row(row, self.event_set(events), [])
            case Sequence():
                self.sequence(leaf)
            case TraitMeets(row):
                self.row(row, self.traits, [])
                self.traits.difference_update([column for column in self.traits if column.path == IDS[self.of]])
            case ContextMeets(row):
                # What is in the context stands beside the subject; only references need columns.
                self.row(row, set(), [])
            case SomeLinked(of, predicate):
                self.accounts = True
                self.subjects(of, predicate)
            case ConsentIs(channel):
                self.channels.add(channel)
            case HasRows():
                self.rows(leaf)
            case _:
                pass

    def about(self, of: Subject, source: TraitSource) -> None:
        """What a computed trait of one kind of subject looks at."""
        outer, self.of = self.of, of
        self.accounts |= of is Subject.ACCOUNTS
        self.source(source)
        self.of = outer

    def rows(self, leaf: HasRows) -> None:
        """What a condition on rows of an entity looks at: their columns, and those of what is linked with them."""
        columns = self.entities.setdefault(leaf.rows.entity, set())
        self.row(leaf.rows.row, columns, [])
        if leaf.measure is not None:
            columns.add(_measured_column(leaf.measure.aggregate, leaf.measure.path, leaf.measure.reading))
        for inner in rows_inside(leaf.rows):
            self.rows(inner)

    def source(self, source: TraitSource) -> None:
        match source:
            case TraitOfEvents(compute, events, path):
                columns = self.event_set(events)
                if path is not None:
                    columns.add(column_of(compute, path))
                if events.session is not None:
                    self.event_set(EventSet(("*",), Stretch()))
            case TraitOfTraits(expression):
                self.traits.update(Column(path, Reading.NUMBER) for path in traits_in(expression))
                self.traits.difference_update([column for column in self.traits if column.path == IDS[self.of]])
            case TraitOfRanks(events, path):
                self.event_set(events).add(column_of(Compute.SUM, path))
            case TraitOfRows():
                pass

    def event_set(self, events: Events, steps: list[set[Column]] | None = None) -> set[Column]:
        """The columns wanted of these events; whatever is added to the set is wanted too."""
        columns = self.events.setdefault(self._key(events), set())
        self.row(events.row, columns, [] if steps is None else steps)
        return columns

    def _key(self, events: Events) -> tuple[tuple[str, ...], datetime | None]:
        """The names, and the first instant that matters."""
        return events.names, None if isinstance(events, FirstEvents) else first_instant(events.stretch, self.low, self.zone)

    def sequence(self, leaf: Sequence) -> None:
        steps: list[set[Column]] = []
        for step in leaf.steps:
            steps.append(self.events.setdefault(self._key(step.events), set()))
        for step in leaf.steps:
            self.event_set(step.events, steps)
        for forbidden in (*leaf.between, *leaf.after):
            self.event_set(forbidden.events, steps)
        for events in leaf.without:
            self.event_set(events, steps)

    def row(self, row: c.Row, columns: set[Column], steps: list[set[Column]]) -> None:
        """What a row predicate looks at, of the row itself and of what it refers to."""
        match row:
            case c.RowAll(parts) | c.RowAny(parts):
                for part in parts:
                    self.row(part, columns, steps)
            case c.RowNot(part):
                self.row(part, columns, steps)
            case c.Value(path, test):
                for check in (test.whole, test.element):
                    if check is not None:
                        self.check(check, path, columns, steps)
                if path is not None and test.element is not None:
                    columns.add(Column(path, Reading.ELEMENTS))
            case c.SomeElement(path, inner):
                if path is not None:
                    columns.add(Column(path, Reading.ELEMENTS))
                # What is inside an element is read from its JSON; only its references need columns.
                self.row(inner, set(), steps)
            case _:
                assert_never(row)

    def check(self, check: c.Check, path: Path | None, columns: set[Column], steps: list[set[Column]]) -> None:
        if path is not None:
            columns.update(Column(path, reading) for reading in c.readings_of(check))
        match check:
            case c.AnyCheck(parts):
                for part in parts:
                    self.check(part, None, columns, steps)
            case c.InFile(file):
                self.lists.add(ListNeed(file, "" if path is None else str(path.parts[-1])))
            case c.Against(other=c.OfTrait(other)):
                if other != IDS[self.of]:
                    self.traits.update(Column(other, reading) for reading in c.readings_against(check))
            case c.Against(other=c.OfStep(step, other)):
                steps[step].update(Column(other, reading) for reading in c.readings_against(check))
            case _:
                pass


def column_of(compute: Compute, path: Path) -> Column:
    """The column of events that a trait is computed of."""
    if path.has_each:
        return Column(path.split_at_each()[0], Reading.ELEMENTS)
    match compute:
        case Compute.FIRST | Compute.LAST:
            return Column(path, Reading.VALUE)
        case Compute.MOST_FREQUENT | Compute.UNIQUE_LIST | Compute.UNIQUE_COUNT:
            return Column(path, Reading.TEXT)
        case _:
            return Column(path, Reading.NUMBER)


def _measured_column(aggregate: Aggregate, path: Path, reading: Reading) -> Column:
    if path.has_each:
        return Column(path.split_at_each()[0], Reading.ELEMENTS)
    return Column(path, Reading.TEXT if aggregate is Aggregate.UNIQUE else reading)
