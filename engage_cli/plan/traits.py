"""Computed traits as a plan has them: what each is computed of, with every type and instant settled, and which of them are named where."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from engage_cli.definitions.expression import Expression, traits_in
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Compute
from engage_cli.definitions.values import Literal
from engage_cli.plan import checks as c
from engage_cli.plan.leaves import (
    AmongRows,
    ConsentIs,
    ContextMeets,
    Counted,
    EdgeMeets,
    EntityRows,
    EventSet,
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
from engage_cli.plan.predicates import leaves_of
from engage_cli.source import Span


class TraitOfEvents(Struct, frozen=True):
    """Computed over a set of events; `at_least` is of the most frequent value."""

    compute: Compute
    events: EventSet
    path: Path | None
    at_least: int


class TraitOfTraits(Struct, frozen=True):
    """Arithmetic over traits."""

    expression: Expression


class TraitOfRows(Struct, frozen=True):
    """The `value` of the subject's row of an author's SELECT."""

    text: str


class TraitOfRanks(Struct, frozen=True):
    """Scores of recency, frequency and monetary value (of `path`) of a set of events, among all subjects who have such events."""

    events: EventSet
    path: Path


TraitSource = TraitOfEvents | TraitOfTraits | TraitOfRows | TraitOfRanks


def is_undated(source: TraitSource) -> bool:
    """Whether only its value as of the run's instant can be computed: at an earlier one it is what earlier runs recorded."""
    return isinstance(source, TraitOfRows | TraitOfRanks)


@dataclass(frozen=True, slots=True)
class PlannedTrait:
    """A computed trait of users or accounts (`of`); `default` stands where it is missing."""

    name: str
    source: TraitSource
    default: Literal | None
    span: Span = field(compare=False)
    of: Subject = Subject.USERS


def ranks_everybody(traits: Iterable[PlannedTrait]) -> bool:
    """Whether the value of one subject depends on the events of all others."""
    return any(isinstance(trait.source, TraitOfRanks) for trait in traits)


def traits_of_leaf(leaf: Leaf) -> Iterator[Path]:
    """The traits, computed or not, that a leaf compares or refers to."""
    match leaf:
        case TraitMeets(row):
            yield from traits_of_row(row, own=True)
        case Happened(events) | Counted(events) | Measured(events) | OnDays(events) | Regular(events):
            yield from traits_of_row(events.row)
        case EdgeMeets(events, _, row):
            yield from traits_of_row(events.row)
            yield from traits_of_row(row)
        case Sequence():
            for step in leaf.steps:
                yield from traits_of_row(step.events.row)
            for forbidden in (*leaf.between, *leaf.after):
                yield from traits_of_row(forbidden.events.row)
            for events in leaf.without:
                yield from traits_of_row(events.row)
        case ContextMeets(row):
            yield from traits_of_row(row)
        case HasRows():
            yield from traits_of_rows(leaf.rows)
        case InShareOf() | MemberOf() | AmongRows() | SomeLinked() | ConsentIs() | MessageWas() | StayWas():
            return


def rows_inside(rows: EntityRows) -> list[HasRows]:
    """What is asked of the rows that are linked with rows of an entity, in the order written."""
    return [] if rows.has is None else [leaf for leaf in leaves_of(rows.has) if isinstance(leaf, HasRows)]


def traits_of_rows(rows: EntityRows) -> Iterator[Path]:
    """The traits of the subject that conditions on rows of an entity, and on those linked with them, refer to."""
    yield from traits_of_row(rows.row)
    for leaf in rows_inside(rows):
        yield from traits_of_rows(leaf.rows)


def traits_of_row(row: c.Row, *, own: bool = False) -> Iterator[Path]:
    """The traits that a row predicate refers to; with `own` also its own paths, which are traits."""
    match row:
        case c.RowAll(parts) | c.RowAny(parts):
            for part in parts:
                yield from traits_of_row(part, own=own)
        case c.RowNot(part):
            yield from traits_of_row(part, own=own)
        case c.SomeElement(path, inner):
            if own and path is not None:
                yield path
            yield from traits_of_row(inner)
        case c.Value(path, test):
            if own and path is not None:
                yield path
            for check in (test.whole, test.element):
                if check is not None:
                    yield from _referred(check)


def _referred(check: c.Check) -> Iterator[Path]:
    match check:
        case c.AnyCheck(parts):
            for part in parts:
                yield from _referred(part)
        case c.Against(other=c.OfTrait(path)):
            yield path


def traits_of_source(source: TraitSource) -> Iterator[Path]:
    """The traits that a trait is computed of."""
    match source:
        case TraitOfEvents(_, events) | TraitOfRanks(events):
            yield from traits_of_row(events.row)
        case TraitOfTraits(expression):
            yield from traits_in(expression)
        case TraitOfRows():
            return


def computed_among(paths: Iterable[Path], traits: Mapping[str, PlannedTrait]) -> list[PlannedTrait]:
    """The computed ones of some traits, with all that they are computed of, each once."""
    found: dict[str, PlannedTrait] = {}

    def visit(path: Path) -> None:
        trait = traits.get(path.name)
        if trait is not None and trait.name not in found:
            found[trait.name] = trait
            for inner in traits_of_source(trait.source):
                visit(inner)

    for path in paths:
        visit(path)
    return list(found.values())
