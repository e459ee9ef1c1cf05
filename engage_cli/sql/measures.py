"""Event leaves: counts, days, sums and their like, edges and regularity, each a small aggregate by user."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.conditions import Aggregate
from engage_cli.definitions.paths import EACH, Part, Path
from engage_cli.plan.labels import slug
from engage_cli.plan.leaves import Counted, EdgeMeets, Events, EventSet, FirstEvents, Happened, Measured, OnDays, Regular
from engage_cli.plan.needs import Reading
from engage_cli.sql.atoms import Atom
from engage_cli.sql.events import Columns, EventQueries, ordered
from engage_cli.sql.functions import e_elements, e_json, e_round, e_sum
from engage_cli.sql.instants import instant
from engage_cli.sql.literals import all_of, column, integer_literal, known, negation
from engage_cli.sql.readers import ColumnReader
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.rows import number_condition, row_condition
from engage_cli.sql.scope import EVENTS, Scope

USER_KEY = "user_key"
OVER_NONE = frozenset({Aggregate.SUM, Aggregate.UNIQUE})
"""Aggregates that are 0 over no values; the others are missing."""


class EventLeaves(Struct):
    """Compiles event leaves into relations. Measures of equal events share one relation, which gets a column for each."""

    queries: EventQueries
    relations: Relations
    measures: dict[str, dict[str, exp.Expr]] = field(default_factory=dict)

    def atom(self, leaf: Happened | Counted | Measured | OnDays | EdgeMeets | Regular) -> Atom:
        """The leaf as a condition over a relation that is joined to the subjects."""
        match leaf:
            case Happened(events):
                return Atom.presence(self._base(events))
            case Counted(events, check):
                return Atom.measure(*self.aggregated(events, "n", exp.Count(this=exp.Star())), check, over_none=0)
            case OnDays(events, check):
                return Atom.measure(*self.days(events), check, over_none=0)
            case Measured():
                return self._measured(leaf)
            case EdgeMeets():
                return Atom.presence(self._edge(leaf))
            case Regular():
                return self._regular(leaf)

    # ---- shared aggregates -----------------------------------------------------------------------------------------

    def _base(self, events: Events) -> str:
        """The relation of a set's users, which measures add columns to."""
        name, new = self.relations.name_for(events, f"did_{events.label}" if isinstance(events, EventSet) else events.label)
        if new:
            self.measures[name] = {}
            self._rebuild(name, events)
        return name

    def aggregated(self, events: EventSet, label: str, aggregate: exp.Expr) -> tuple[str, str]:
        """The relation of a set's users with an aggregate over their events, and its column: `label`, or `label_2` where that is taken."""
        name = self._base(events)
        column_name, number = label, 1
        while self.measures[name].get(column_name, aggregate) != aggregate:
            number += 1
            column_name = f"{label}_{number}"
        if column_name not in self.measures[name]:
            self.measures[name][column_name] = aggregate
            self._rebuild(name, events)
        return name, column_name

    def days(self, events: EventSet) -> tuple[str, str]:
        """The relation of a set's users with the number of their distinct local days, and its column.

        Those of a long stretch are counted part by part, and the parts, which have no day in common, are added up.
        """
        pieces = self.queries.pieces_of_days(events)
        if not pieces:
            return self.aggregated(events, "days", self.queries.distinct_days(events))
        name, new = self.relations.name_for((events, "days"), f"days_of_{events.label}")
        if new:
            key = column(USER_KEY, EVENTS)
            selects = [self.queries.select(part, [key, exp.alias_(days, "days")]).group_by(key.copy()) for part, days in pieces]
            parts = exp.union(*selects, distinct=False, copy=False)
            total = exp.alias_(exp.cast(exp.Sum(this=column("days", EVENTS)), "BIGINT"), "days")
            query = exp.select(key.copy(), total).from_(exp.alias_(parts.subquery(), EVENTS, table=True)).group_by(key.copy())
            self.relations.add(name, query, comment(f"days with it: {', '.join(events.names)}", events.span))
        return name, "days"

    def _rebuild(self, name: str, events: Events) -> None:
        key = column(USER_KEY, EVENTS)
        first = self.queries.first_users(events) if isinstance(events, FirstEvents) else None
        if first is not None:
            self.relations.add(name, first, comment(f"who did: {', '.join(events.names)}", events.span))
            return
        columns = [key, *(exp.alias_(value.copy(), label) for label, value in self.measures[name].items())]
        query = self.queries.select(events, columns).group_by(key.copy())
        self.relations.add(name, query, comment(f"who did: {', '.join(events.names)}", events.span))

    # ---- measures of a property ------------------------------------------------------------------------------------

    def _measured(self, leaf: Measured) -> Atom:
        name, label = self.measure(leaf)
        return Atom.measure(name, label, leaf.check, 0 if leaf.aggregate in OVER_NONE else None)

    def measure(self, leaf: Measured) -> tuple[str, str]:
        """The relation of a measure, whatever is asked of it, and its column there."""
        label = f"{leaf.aggregate.value}_{slug(leaf.path.text)}"
        if leaf.reading is Reading.INSTANT:
            label += "_instant"
        if not leaf.path.has_each and leaf.aggregate is not Aggregate.UNIQUE:
            reader = ColumnReader(EVENTS, leaf.path, frozenset())
            return self.aggregated(leaf.events, label, aggregate_of(leaf.aggregate, reader.read(leaf.reading)))
        name, new = self.relations.name_for((leaf.events, leaf.path, leaf.aggregate, leaf.reading), f"{label}_of_{leaf.events.label}")
        if new:
            query = self._over_elements(leaf, label) if leaf.path.has_each else self._over_distinct(leaf, label)
            what = "elements" if leaf.path.has_each else ", ".join(leaf.events.names)
            self.relations.add(name, query, comment(f"{label.replace('_', ' ')} of {what}", leaf.events.span))
        return name, label

    def _over_distinct(self, leaf: Measured, label: str) -> exp.Select:
        """How many distinct values there are, of each user once: half the work of COUNT(DISTINCT …)."""
        rows = self.values(leaf.events, leaf.path, leaf.reading).distinct()
        return (
            exp.select(column(USER_KEY, EVENTS), exp.alias_(exp.Count(this=column("value", EVENTS)), label))
            .from_(exp.alias_(rows.subquery(), EVENTS, table=True))
            .group_by(column(USER_KEY, EVENTS))
        )

    def _over_elements(self, leaf: Measured, label: str) -> exp.Select:
        """The aggregate over the elements of lists."""
        rows = self.values(leaf.events, leaf.path, leaf.reading)
        return (
            exp.select(column(USER_KEY, EVENTS), exp.alias_(aggregate_of(leaf.aggregate, column("value", EVENTS)), label))
            .from_(exp.alias_(rows.subquery(), EVENTS, table=True))
            .group_by(column(USER_KEY, EVENTS))
        )

    def values(self, events: EventSet, path: Path, reading: Reading) -> exp.Select:
        """(user_key, value): a row an event; where the path has `[]` one an element of the list, through every one of them."""
        if not path.has_each:
            value = ColumnReader(EVENTS, path, frozenset()).read(reading)
            return self.queries.select(events, [column(USER_KEY, EVENTS), exp.alias_(value, "value")])
        keys = [column(USER_KEY, EVENTS)]
        return element_values(lambda columns: self.queries.select(events, columns), keys, EVENTS, self.queries.scope(), path, reading)

    # ---- edges -----------------------------------------------------------------------------------------------------

    def _edge(self, leaf: EdgeMeets) -> str:
        word = "latest" if leaf.latest else "earliest"
        name, new = self.relations.name_for(leaf, f"{word}_{leaf.events.label}")
        if not new:
            return name
        order = [ordered(column(part, EVENTS), descending=leaf.latest) for part in ("ts", "message_id")]
        place = exp.Window(this=exp.RowNumber(), partition_by=[column(USER_KEY, EVENTS)], order=exp.Order(expressions=order))
        star = exp.Column(this=exp.Star(), table=exp.to_identifier(EVENTS))
        inner = self.queries.select(leaf.events, [star, exp.alias_(place, "place")])
        scope = self.queries.scope()
        condition = row_condition(leaf.row, scope)
        query = exp.select(column(USER_KEY, EVENTS)).from_(exp.alias_(inner.subquery(), EVENTS, table=True))
        query = self.queries.joined(query, scope, EVENTS)
        first = exp.EQ(this=column("place", EVENTS), expression=integer_literal(1))
        query = query.where(all_of([first, condition]))
        return self.relations.add(name, query, comment(f"whose {word} such event meets more", leaf.events.span))

    # ---- regularity ------------------------------------------------------------------------------------------------

    def _regular(self, leaf: Regular) -> Atom:
        """How many stretches pass: those with events are counted, those without all pass or all fail."""
        name, new = self.relations.name_for((leaf.events, leaf.stretches, leaf.tests), f"did_{leaf.events.label}")
        if new:
            self.relations.add(name, self._passing(leaf), comment("stretches with and without it", leaf.events.span))
        passes_empty = all(test.holds(0) for test in leaf.tests)
        passing: exp.Expr = exp.Coalesce(this=column("passing", name), expressions=[integer_literal(0)])
        if passes_empty:
            active = exp.Coalesce(this=column("active", name), expressions=[integer_literal(0)])
            empty = exp.Paren(this=exp.Sub(this=integer_literal(len(leaf.stretches)), expression=active))
            passing = exp.Add(this=passing, expression=empty)
        condition = exp.GTE(this=passing, expression=integer_literal(leaf.at_least))
        return Atom(name, condition, implies_presence=not passes_empty)

    def _passing(self, leaf: Regular) -> exp.Select:
        tests = []
        for test in leaf.tests:
            condition = number_condition(test.check, column("n", "c"))
            tests.append(negation(condition) if test.negated else condition)
        met = exp.Case(ifs=[exp.If(this=known(all_of(tests)), true=integer_literal(1))], default=integer_literal(0))
        numbered = self._numbered(leaf) if _of_everybody(leaf) else self._numbered_by_subject(leaf)
        return (
            exp.select(
                column(USER_KEY, "c"),
                exp.alias_(exp.Sum(this=met), "passing"),
                exp.alias_(exp.Count(this=exp.Star()), "active"),
            )
            .from_(exp.alias_(numbered.subquery(), "c", table=True))
            .group_by(column(USER_KEY, "c"))
        )

    def _numbered(self, leaf: Regular) -> exp.Select:
        """(user_key, number, n): how many events there are in each stretch that has any."""
        numbered = exp.select(column(USER_KEY, EVENTS), exp.alias_(column("number", "p"), "number"), "COUNT(*) AS n")
        base = self.queries.select(leaf.events, [column(USER_KEY, EVENTS), column("ts", EVENTS)])
        periods = exp.alias_(_periods(leaf).subquery(), "p", table=True)
        inside = exp.and_(
            exp.GT(this=column("ts", EVENTS), expression=column("low", "p")),
            exp.LTE(this=column("ts", EVENTS), expression=column("high", "p")),
        )
        numbered = numbered.from_(exp.alias_(base.subquery(), EVENTS, table=True)).join(periods, on=inside)
        return numbered.group_by(column(USER_KEY, EVENTS), column("number", "p"))

    def _numbered_by_subject(self, leaf: Regular) -> exp.Select:
        """The same where each subject has stretches of its own. An event is of the first of them that begins before it."""
        ways = []
        for number, stretch in enumerate(leaf.stretches):
            assert stretch.low is not None
            begun = exp.GT(this=column("ts", EVENTS), expression=instant(stretch.low.instant, EVENTS))
            ways.append(exp.If(this=begun, true=integer_literal(number)))
        base = self.queries.select(leaf.events, [column(USER_KEY, EVENTS), exp.alias_(exp.Case(ifs=ways), "number")])
        numbered = exp.select(column(USER_KEY, EVENTS), column("number", EVENTS), "COUNT(*) AS n")
        numbered = numbered.from_(exp.alias_(base.subquery(), EVENTS, table=True))
        return numbered.group_by(column(USER_KEY, EVENTS), column("number", EVENTS))


def _of_everybody(leaf: Regular) -> bool:
    return all(stretch.low is not None and isinstance(stretch.low.instant, datetime) for stretch in leaf.stretches)


def element_values(
    select: Callable[[Columns], exp.Select], keys: Columns, alias: str, scope: Scope, path: Path, reading: Reading
) -> exp.Select:
    """(keys, value): a row an element of the lists at `path`, through every `[]` of it.

    `select` gives columns of the rows, which stand under `alias` and whose values are of `scope`; `keys` may have names of their own.
    """
    first, rest = path.split_at_each()
    elements = ColumnReader(alias, first, frozenset()).read(Reading.ELEMENTS)
    query = select([*keys, exp.alias_(exp.Explode(this=elements), "element")])
    own = [column(key.output_name, alias) for key in keys]
    while EACH in rest:
        inner, rest = _up_to_each(rest)
        element = exp.Explode(this=e_elements(e_json(column("element", alias), inner)))
        query = exp.select(*own, exp.alias_(element, "element")).from_(exp.alias_(query.subquery(), alias, table=True))
    value = scope.inside(column("element", alias)).values(Path(rest) if rest else None).read(reading)
    return exp.select(*own, exp.alias_(value, "value")).from_(exp.alias_(query.subquery(), alias, table=True))


def _periods(leaf: Regular) -> exp.Select:
    """One row a stretch: its number, and its ends (the first excluded, the second included)."""
    rows = []
    for number, stretch in enumerate(leaf.stretches):
        assert stretch.low is not None and stretch.high is not None
        ends = [instant(end.instant, EVENTS) for end in (stretch.low, stretch.high)]
        rows.append(exp.Tuple(expressions=[integer_literal(number), *ends]))
    names = [exp.to_identifier(name) for name in ("number", "low", "high")]
    values = exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier("v"), columns=names))
    return exp.select(*(column(name.name, "v") for name in names)).from_(values)


def _up_to_each(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    at = parts.index(EACH)
    return parts[:at], parts[at + 1 :]


def aggregate_of(aggregate: Aggregate, value: exp.Expr) -> exp.Expr:
    """An aggregate over readings of a property."""
    match aggregate:
        case Aggregate.SUM:
            return e_round(e_sum(value))
        case Aggregate.AVG:
            return e_round(exp.Div(this=e_sum(value), expression=exp.Count(this=value.copy())))
        case Aggregate.MIN:
            return exp.Min(this=value)
        case Aggregate.MAX:
            return exp.Max(this=value)
        case Aggregate.UNIQUE:
            return exp.Count(this=exp.Distinct(expressions=[value]))
