"""Computed traits to relations: each a value by subject, read like a trait of theirs. Those over equal events share one relation.

Written of users; what is of accounts is renamed as it is kept (accounts.py), but for what an author wrote.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.conditions import Aggregate
from engage_cli.definitions.expression import Amount, Called, Combined, Expression, OfTrait
from engage_cli.definitions.paths import Path
from engage_cli.definitions.rfm import PARTS
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import OVER_NONE, Compute
from engage_cli.definitions.values import Boolean, Day, Duration, Instant, Literal, Number, Text
from engage_cli.plan.checks import ANY_ROW, Present
from engage_cli.plan.instants import Stretch, seconds_of
from engage_cli.plan.labels import slug
from engage_cli.plan.leaves import EventSet, Measured
from engage_cli.plan.needs import Reading
from engage_cli.plan.predicates import Plan
from engage_cli.plan.traits import PlannedTrait, TraitOfEvents, TraitOfRanks, TraitOfRows, TraitOfTraits
from engage_cli.sql.authored import read_authored
from engage_cli.sql.events import EventQueries, ordered
from engage_cli.sql.functions import (
    e_finite,
    e_first,
    e_full_days,
    e_last,
    e_only,
    e_plus,
    e_round,
    e_sorted_list,
    e_to_json,
)
from engage_cli.sql.literals import any_of, column, integer_literal, number_literal, text_literal, timestamp_literal
from engage_cli.sql.measures import USER_KEY, EventLeaves
from engage_cli.sql.readers import ColumnReader, JsonReader, MissingReader, NumberReader, Reader, TextReader
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.rfm import rfm_relation, rfm_value
from engage_cli.sql.scope import EVENTS, USERS, Derived, join_subject, trait_scope
from engage_cli.sql.traits_recorded import recorded_values

_MEASURES = {
    Compute.SUM: Aggregate.SUM,
    Compute.AVG: Aggregate.AVG,
    Compute.MIN: Aggregate.MIN,
    Compute.MAX: Aggregate.MAX,
    Compute.UNIQUE_COUNT: Aggregate.UNIQUE,
}
_NO_CHECK = Present()
"""A measure is what it is, whatever is asked of it."""
_OPERATORS: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}


def trait_columns(of: Subject) -> tuple[str, str]:
    """What the SQL of a trait gives: the subject's id, and the value."""
    return of.id_name, "value"


class Value(Struct, frozen=True):
    """Where a trait's value is: an expression over one relation, NULL for whom it is missing. `kind` is how it is to be read."""

    relation: str
    expression: exp.Expr
    kind: Reading
    """NUMBER, TEXT, or VALUE: JSON."""
    parts: Mapping[str, "Value"] = field(default_factory=dict)
    """What is at names inside it, where that stands in columns of its own."""


class TraitRelations(Struct):
    """Compiles the computed traits of a plan that are of one kind of subject, each when it is first read."""

    plan: Plan
    queries: EventQueries
    relations: Relations
    leaves: EventLeaves
    of: Subject = Subject.USERS

    def derived(self, path: Path) -> Derived | None:
        """A computed trait, or what is at a path in it; None for a trait that the subject comes with."""
        trait = self.plan.traits.get(path.name)
        if trait is None or trait.of is not self.of:
            return None
        value = self.value(trait)
        part = value.parts.get(str(path.parts[1])) if len(path.parts) == 2 else None
        if part is not None:
            return Derived(self._reader(trait, part.kind, part.expression, Path(path.parts[:1])), (part.relation,))
        whole = value.expression
        default = self._default(trait, value.kind)
        if default is not None:
            whole = exp.Coalesce(this=whole.copy(), expressions=[default])
        return Derived(self._reader(trait, value.kind, whole, path), (value.relation,))

    def _reader(self, trait: PlannedTrait, kind: Reading, whole: exp.Expr, path: Path) -> Reader:
        rest = path.parts[1:]
        if kind is Reading.VALUE:
            return JsonReader(whole, Path(rest) if rest else None, self._zone(trait), self.plan.zone)
        if rest:
            return MissingReader()
        return NumberReader(whole) if kind is Reading.NUMBER else TextReader(whole, self.plan.zone)

    def _zone(self, trait: PlannedTrait) -> str | None:
        """The zone of naive instants in a trait's JSON: of a value of an event the source's, of a list made here the project's."""
        if not isinstance(trait.source, TraitOfEvents):
            return "UTC"
        taken = trait.source.compute in (Compute.FIRST, Compute.LAST)
        return self.queries.catalog.elements_zone if taken else self.plan.zone

    def _default(self, trait: PlannedTrait, kind: Reading) -> exp.Expr | None:
        """What stands where the trait is missing."""
        if trait.default is not None:
            return _literal(trait.default, kind)
        over_none = isinstance(trait.source, TraitOfEvents) and trait.source.compute in OVER_NONE
        return integer_literal(0) if over_none else None

    # ---- kinds -----------------------------------------------------------------------------------------------------

    def value(self, trait: PlannedTrait) -> Value:
        """Where a trait's value is, before its default."""
        if trait.name in self.plan.recorded:
            name = self._recorded(trait)
            return Value(name, column("value", name), Reading.VALUE)
        match trait.source:
            case TraitOfEvents():
                return self._of_events(trait.source)
            case TraitOfTraits(expression):
                name = self._expressed(trait, expression)
                return Value(name, column("value", name), Reading.NUMBER)
            case TraitOfRows(text):
                name = self._rows(trait, text)
                return Value(name, column("value", name), Reading.VALUE)
            case TraitOfRanks():
                name = rfm_relation(trait.source, self.leaves, self.relations)
                scores = {part: Value(name, column(part, name), Reading.NUMBER) for part in PARTS}
                return Value(
                    name, rfm_value(name), Reading.VALUE, {**scores, "segment": Value(name, column("segment", name), Reading.TEXT)}
                )

    def _recorded(self, trait: PlannedTrait) -> str:
        name, new = self.relations.name_for(("recorded", trait.name), f"trait_{trait.name}")
        if new:
            self.relations.add(name, recorded_values(trait.name), comment(f"trait {trait.name}, as it was recorded", trait.span))
        return name

    def _of_events(self, source: TraitOfEvents) -> Value:
        events, compute, path = source.events, source.compute, source.path
        ts = column("ts", EVENTS)
        if compute is Compute.COUNT:
            return self._aggregate(events, "n", exp.Count(this=exp.Star()))
        if compute is Compute.DISTINCT_DAYS:
            name, label = self.leaves.days(events)
            return Value(name, column(label, name), Reading.NUMBER)
        if compute in (Compute.DAYS_SINCE_FIRST, Compute.DAYS_SINCE_LAST):
            first = compute is Compute.DAYS_SINCE_FIRST
            found = self._aggregate(events, "first_at" if first else "last_at", (exp.Min if first else exp.Max)(this=ts))
            return Value(found.relation, e_full_days(found.expression, self._now(events)), Reading.NUMBER)
        assert path is not None, f"{compute} without a property"
        if compute in _MEASURES:
            reading = Reading.TEXT if compute is Compute.UNIQUE_COUNT else Reading.NUMBER
            name, label = self.leaves.measure(Measured(events, _MEASURES[compute], path, reading, _NO_CHECK))
            value = column(label, name)
            if compute is Compute.UNIQUE_COUNT:  # of events without a value it is missing, as a sum is
                value = exp.Nullif(this=value, expression=integer_literal(0))
            return Value(name, value, Reading.NUMBER)
        if compute in (Compute.FIRST, Compute.LAST):
            taken = e_first if compute is Compute.FIRST else e_last
            value = ColumnReader(EVENTS, path, frozenset()).read(Reading.VALUE)
            found = self._aggregate(events, f"{compute}_{slug(path.text)}", taken(value, ts, column("message_id", EVENTS)))
            return Value(found.relation, found.expression, Reading.VALUE)
        return self._listed(source, path)

    def _now(self, events: EventSet) -> exp.Expr:
        """The instant that is asked about, as it can be read beside what was found of these events."""
        now = self.queries.now
        if isinstance(now, datetime):
            return timestamp_literal(now)
        return self._aggregate(events, now.name, exp.Max(this=column(now.name, EVENTS))).expression

    def _aggregate(self, events: EventSet, label: str, aggregate: exp.Expr) -> Value:
        name, taken = self.leaves.aggregated(events, label, aggregate)
        return Value(name, column(taken, name), Reading.NUMBER)

    def _listed(self, source: TraitOfEvents, path: Path) -> Value:
        """The list of distinct values, or the most frequent of them."""
        kind = Reading.TEXT if source.compute is Compute.MOST_FREQUENT else Reading.VALUE
        name, new = self.relations.name_for(source, f"{source.compute}_{slug(path.text)}_of_{source.events.label}")
        if new:
            rows = exp.alias_(self.leaves.values(source.events, path, Reading.TEXT).subquery(), EVENTS, table=True)
            there = exp.not_(exp.Is(this=column("value", EVENTS), expression=exp.null()))
            key = column(USER_KEY, EVENTS)
            if source.compute is Compute.UNIQUE_LIST:
                query = exp.select(key, exp.alias_(e_sorted_list(column("value", EVENTS)), "value")).from_(rows).where(there).group_by(key)
            else:
                counted = exp.select(key, column("value", EVENTS), exp.alias_(exp.Count(this=exp.Star()), "n")).from_(rows).where(there)
                query = _most_frequent(counted.group_by(key, column("value", EVENTS)), source.at_least)
            self.relations.add(name, query, comment(f"{source.compute} of {path.text}".replace("_", " "), source.events.span))
        return Value(name, column("value", name), kind)

    def _rows(self, trait: PlannedTrait, text: str) -> str:
        name, new = self.relations.name_for(("trait", trait.name), f"trait_{trait.name}")
        if new:
            of = self.of
            rows = read_authored(text, self.queries.catalog.tables, trait_columns(of)).over(self.queries.catalog, self.plan.as_of)
            what = f"the trait {trait.name} has more than one row for {'a user' if of is Subject.USERS else 'an account'}"
            columns = [column("user_key", USERS), exp.alias_(e_only(e_to_json(column("value", "s")), what), "value")]
            on = exp.EQ(this=column("user_id", USERS), expression=exp.cast(column(of.id_name, "s"), "TEXT"))
            query = exp.select(*columns).from_(exp.alias_(exp.Subquery(this=rows), "s", table=True))
            query = query.join(exp.alias_(exp.to_table("users"), USERS, table=True), on=on)
            query = query.where(exp.not_(exp.Is(this=column("value", "s"), expression=exp.null()))).group_by(column("user_key", USERS))
            self.relations.add(name, query, comment(f"trait {trait.name}, of the author's SQL", trait.span))
        return name

    # ---- arithmetic ------------------------------------------------------------------------------------------------

    def _expressed(self, trait: PlannedTrait, expression: Expression) -> str:
        name, new = self.relations.name_for(("trait", trait.name), f"trait_{trait.name}")
        if new:
            scope = trait_scope(self.queries.catalog, self.plan.zone, self.derived)
            value = e_round(_number(expression, lambda path: scope.trait(path).read(Reading.NUMBER)))
            query = exp.select(column("user_key", USERS), exp.alias_(value, "value"))
            query = query.from_(exp.alias_(exp.to_table("users"), USERS, table=True))
            query = join_subject(query, scope.used - {USERS}, column("user_key", USERS))
            self.relations.add(name, query, comment(f"trait {trait.name}", trait.span))
        return name

    # ---- sessions --------------------------------------------------------------------------------------------------

    def session(self, pause: Duration) -> str:
        """The relation (user_key, since): where each subject's latest session began."""
        name, new = self.relations.name_for(("session", pause), "latest_session")
        if new:
            key, ts = column("user_key", EVENTS), column("ts", EVENTS)
            before = exp.Window(this=exp.Lag(this=ts.copy()), partition_by=[key.copy()], order=exp.Order(expressions=[ordered(ts.copy())]))
            every = self.queries.select(EventSet(("*",), Stretch(), ANY_ROW), [key, ts, exp.alias_(before, "before")])
            alone = exp.Is(this=column("before", EVENTS), expression=exp.null())
            begins = exp.GT(this=ts.copy(), expression=e_plus(column("before", EVENTS), seconds_of(pause)))
            query = exp.select(key.copy(), exp.alias_(exp.Max(this=ts.copy()), "since"))
            query = query.from_(exp.alias_(every.subquery(), EVENTS, table=True)).where(any_of([alone, begins])).group_by(key.copy())
            self.relations.add(name, query, comment(f"where the latest session begins, with pauses of at most {pause}", None))
        return name


def _most_frequent(counted: exp.Select, at_least: int) -> exp.Select:
    """Of (user_key, value, n) the value with the greatest n, a tie going to the alphabetically first."""
    order = [ordered(column("n", EVENTS), descending=True), ordered(column("value", EVENTS))]
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(USER_KEY, EVENTS)], order=exp.Order(expressions=order))
    star = exp.Column(this=exp.Star(), table=exp.to_identifier(EVENTS))
    placed = exp.select(star, exp.alias_(place, "place")).from_(exp.alias_(counted.subquery(), EVENTS, table=True))
    first = exp.EQ(this=column("place", EVENTS), expression=integer_literal(1))
    often = exp.GTE(this=column("n", EVENTS), expression=integer_literal(at_least))
    query = exp.select(column(USER_KEY, EVENTS), column("value", EVENTS)).from_(exp.alias_(placed.subquery(), EVENTS, table=True))
    return query.where(exp.and_(first, often))


def _number(expression: Expression, trait: Callable[[Path], exp.Expr]) -> exp.Expr:
    """The number of an expression; NULL where a part is missing or a step gives no finite number."""
    match expression:
        case Amount(value):
            return number_literal(value)
        case OfTrait(path):
            return trait(path)
        case Combined(operator, left, right):
            one, other = exp.paren(_number(left, trait)), exp.paren(_number(right, trait))
            divisor = exp.Nullif(this=other, expression=number_literal(0.0)) if operator == "/" else other
            return e_finite(_OPERATORS[operator](this=one, expression=divisor))
        case Called(function, parts):
            return _called(function, [_number(part, trait) for part in parts])


def _called(function: str, parts: list[exp.Expr]) -> exp.Expr:
    match function:
        case "abs":
            return exp.Abs(this=parts[0])
        case "coalesce":
            return exp.Coalesce(this=parts[0], expressions=parts[1:])
    # GREATEST and LEAST pass over what is missing.
    chosen = (exp.Greatest if function == "max" else exp.Least)(this=parts[0], expressions=parts[1:])
    missing = any_of(exp.Is(this=part.copy(), expression=exp.null()) for part in parts)
    return exp.Case(ifs=[exp.If(this=exp.not_(exp.paren(missing)), true=chosen)])


def _literal(value: Literal, kind: Reading) -> exp.Expr:
    """A default as the trait's kind has it."""
    if isinstance(value, Number) and kind is Reading.NUMBER:
        return number_literal(float(value.value))
    text = text_of_literal(value)
    if kind is Reading.TEXT:
        return text_literal(text)
    return exp.cast(text_literal(text if isinstance(value, Number | Boolean) else json.dumps(text)), "JSON")


def text_of_literal(value: Literal) -> str:
    """A default as text."""
    match value:
        case Text(text):
            return text
        case Number(number):
            return str(number)
        case Boolean(truth):
            return "true" if truth else "false"
        case Day(day):
            return day.isoformat()
        case Instant(instant):
            return instant.isoformat()
