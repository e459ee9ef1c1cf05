"""Comparisons and wheres as written, to checks and rows with every type, bound and negation settled."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from engage_cli.definitions.comparisons import (
    NEGATIONS,
    Comparison,
    Element,
    Field,
    ListFile,
    Op,
    Operand,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engage_cli.definitions.comparisons import Test as WrittenTest
from engage_cli.definitions.paths import EACH, Path
from engage_cli.definitions.values import (
    Boolean,
    ContextRef,
    Day,
    Duration,
    Instant,
    Literal,
    Number,
    Period,
    Reference,
    StepRef,
    Text,
    TraitRef,
    Value,
)
from engage_cli.plan import checks as c
from engage_cli.plan.instants import (
    Bound,
    Stretch,
    day_bounds,
    instant_of,
    moved,
    period_stretch,
    seconds_of,
    since_instant,
    to_local,
    until_instant,
)
from engage_cli.plan.relative import Own


class Context(Struct, frozen=True):
    """What gives a comparison its meaning: the instant (OWN: each subject's), the project's zone, and the steps that a `ref` may name."""

    as_of: datetime | Own
    zone: ZoneInfo
    steps: Mapping[str, int] = field(default_factory=dict)


# ---- rows ----------------------------------------------------------------------------------------------------------


def row_of(where: Where, context: Context) -> c.Row:
    """The row predicate of a where."""
    match where:
        case WhereAll(parts):
            return c.RowAll(tuple(row_of(part, context) for part in parts))
        case WhereAny(parts):
            return c.RowAny(tuple(row_of(part, context) for part in parts))
        case WhereNot(part):
            return c.RowNot(row_of(part, context))
        case Field(path, comparison):
            return field_row(path, comparison, context)
        case Element(path, inner):
            return _each(path, row_of(inner, context))
        case _:
            assert_never(where)


def field_row(path: Path | None, comparison: Comparison, context: Context) -> c.Row:
    """The row predicate of one compared field: positive tests meet in one element, each negative one says that none does."""
    positive: list[c.Row] = []
    negative: list[c.Row] = []
    rest = None if path is None else _after_each(path)
    for test in comparison.tests:
        negated, resolved = tests_of(test, comparison.ignore_case, context)
        values = [c.Value(rest, one) for one in resolved]
        if negated:
            inner = c.RowAll(tuple(values)) if len(values) != 1 else values[0]
            negative.append(c.RowNot(_each(path, inner) if path is not None else inner))
        else:
            positive.extend(values)
    rows = list(negative)
    if positive:
        together = positive[0] if len(positive) == 1 else c.RowAll(tuple(positive))
        rows.insert(0, _each(path, together) if path is not None else together)
    return rows[0] if len(rows) == 1 else c.RowAll(tuple(rows))


def _after_each(path: Path) -> Path | None:
    """The part of a path after its last `[]`: what is compared inside the element. None: the element itself."""
    if not path.has_each:
        return path
    last = len(path.parts) - 1 - path.parts[::-1].index(EACH)
    rest = path.parts[last + 1 :]
    return Path(rest) if rest else None


def _each(path: Path, row: c.Row) -> c.Row:
    """`row` of some element, for every `[]` of the path from the inside out."""
    if not path.has_each:
        return row
    head, rest = path.parts[: path.parts.index(EACH)], path.parts[path.parts.index(EACH) + 1 :]
    inner = _each(Path(rest), row) if EACH in rest else row
    return c.SomeElement(Path(head) if head else None, inner)


def matching_row(path: Path) -> c.Row:
    """The row predicate of `match`: the property at the path equals the key of the instance that asks."""
    same = c.Against(c.Relation.EQ, c.OfKey())
    return row_at(path, c.Test(same, same))


def row_at(path: Path, test: c.Test) -> c.Row:
    """The row predicate that the value at the path, of lists some element, passes the test."""
    return _each(path, c.Value(_after_each(path), test))


# ---- tests ---------------------------------------------------------------------------------------------------------


def tests_of(test: WrittenTest, fold: bool, context: Context) -> tuple[bool, list[c.Test]]:
    """Whether the written test negates, and the positive tests that must all hold of the value."""
    if test.op is Op.EXISTS:
        return test.operand is False, [c.Test(c.Present())]
    op = NEGATIONS.get(test.op, test.op)
    return op is not test.op, _positive(op, test.operand, fold, context)


def _positive(op: Op, operand: Operand, fold: bool, context: Context) -> list[c.Test]:
    match op:
        case Op.EQ | Op.IN:
            values = operand if isinstance(operand, tuple) else (_value(operand),)
            check = _equals(values, fold, context)
            return [c.Test(check, check)]
        case Op.CONTAINS | Op.CONTAINS_ANY:
            values = operand if isinstance(operand, tuple) else (_value(operand),)
            whole = _any([_contains(value, fold, context) for value in values])
            return [c.Test(whole, _equals(values, fold, context, c.Relation.SAME))]
        case Op.IN_FILE:
            assert isinstance(operand, ListFile)
            file_check = c.InFile(operand.path, fold)
            return [c.Test(file_check, file_check)]
        case Op.STARTS_WITH | Op.ENDS_WITH | Op.MATCHES:
            return [c.Test(_text_like(op, _value(operand), fold, context))]
        case Op.BETWEEN:
            assert isinstance(operand, tuple)
            low, high = operand
            return [c.Test(_compare(Op.GTE, low, context)), c.Test(_compare(Op.LTE, high, context))]
        case Op.GT | Op.GTE | Op.LT | Op.LTE | Op.AFTER | Op.BEFORE | Op.SINCE | Op.UNTIL:
            return [c.Test(_compare(op, _value(operand), context))]
        case _:
            return [c.Test(_in_time(op, operand, context))]


def _value(operand: Operand) -> Value:
    assert isinstance(operand, Text | Number | Boolean | Day | Instant | TraitRef | StepRef | ContextRef), operand
    return operand


def _refer(value: Reference, context: Context) -> c.Referred:
    match value:
        case TraitRef(path):
            return c.OfTrait(path)
        case StepRef(step, path):
            return c.OfStep(context.steps[step], path)
        case ContextRef(path):
            return c.OfContext(path)
        case _:
            assert_never(value)


def _any(found: list[c.Check]) -> c.Check:
    return found[0] if len(found) == 1 else c.AnyCheck(tuple(found))


def fold_case(text: str) -> str:
    """The lower case that `ignore_case` compares."""
    return text.lower()


def _equals(values: tuple[Value, ...], fold: bool, context: Context, with_reference: c.Relation = c.Relation.EQ) -> c.Check:
    """Equality with any of the values, each as its own type; those of one type in one check."""
    texts = tuple(sorted({fold_case(v.value) if fold else v.value for v in values if isinstance(v, Text)}))
    numbers = tuple(sorted({float(v.value) for v in values if isinstance(v, Number)}))
    found: list[c.Check] = [c.TextIs(texts, fold)] if texts else []
    if numbers:
        found.append(c.NumberIs(numbers))
    for value in values:
        match value:
            case Boolean(truth):
                found.append(c.BooleanIs(truth))
            case Day(day):
                low, high = day_bounds(day, context.zone)
                found.append(c.InstantIn(Stretch(Bound(low, True), Bound(high, False))))
            case Instant():
                at = instant_of(value, context.zone)
                found.append(c.InstantIn(Stretch(Bound(at, True), Bound(at, True))))
            case TraitRef() | StepRef() | ContextRef():
                found.append(c.Against(with_reference, _refer(value, context), fold))
            case Text() | Number():
                pass
            case _:
                assert_never(value)
    return _any(found)


def _contains(value: Value, fold: bool, context: Context) -> c.Check:
    if isinstance(value, TraitRef | StepRef | ContextRef):
        return c.Against(c.Relation.CONTAINS, _refer(value, context), fold)
    text = text_of(value)
    return c.TextLike(c.Manner.CONTAINS, fold_case(text) if fold else text, fold)


def _text_like(op: Op, value: Value, fold: bool, context: Context) -> c.Check:
    if isinstance(value, TraitRef | StepRef | ContextRef):
        return c.Against(c.Relation(op.value), _refer(value, context), fold)
    text = text_of(value)
    if fold and op is not Op.MATCHES:
        text = fold_case(text)
    return c.TextLike(c.Manner(op.value), text, fold)


def text_of(literal: Literal) -> str:
    """The text reading of a literal (docs/values.md)."""
    match literal:
        case Text(value):
            return value
        case Boolean(value):
            return "true" if value else "false"
        case Number(value):
            return str(value) if isinstance(value, int) else number_text(value)
        case Day(value):
            return value.isoformat()
        case Instant(value):
            return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat().replace("+00:00", "Z")
        case _:
            assert_never(literal)


def number_text(value: float) -> str:
    """A double in its shortest decimal form: `12.0` is `12`."""
    return "0" if value == 0 else repr(value).removesuffix(".0")


_RELATIONS = {
    Op.GT: c.Relation.GT,
    Op.AFTER: c.Relation.GT,
    Op.GTE: c.Relation.GTE,
    Op.SINCE: c.Relation.GTE,
    Op.LT: c.Relation.LT,
    Op.BEFORE: c.Relation.LT,
    Op.UNTIL: c.Relation.LT,
    Op.LTE: c.Relation.LTE,
}
_INSTANTS_ONLY = frozenset({Op.AFTER, Op.BEFORE, Op.SINCE, Op.UNTIL})


def _compare(op: Op, value: Value, context: Context) -> c.Check:
    """Greater, less and their like; a bare date stands for its whole day."""
    relation = _RELATIONS[op]
    match value:
        case TraitRef() | StepRef() | ContextRef():
            return c.Against(relation, _refer(value, context), instants_only=op in _INSTANTS_ONLY)
        case Number(number):
            return _number_range(relation, float(number))
        case Instant():
            return c.InstantIn(_instant_range(relation, instant_of(value, context.zone)))
        case Day():
            return c.InstantIn(_day_range(op, value, context.zone))
        case _:
            raise AssertionError(f"{op} does not take {value}")


def _number_range(relation: c.Relation, number: float) -> c.Check:
    match relation:
        case c.Relation.GT | c.Relation.GTE:
            return c.NumberIn(number, relation is c.Relation.GTE, None, False)
        case _:
            return c.NumberIn(None, False, number, relation is c.Relation.LTE)


def _instant_range(relation: c.Relation, at: datetime) -> Stretch:
    match relation:
        case c.Relation.GT | c.Relation.GTE:
            return Stretch(low=Bound(at, relation is c.Relation.GTE))
        case _:
            return Stretch(high=Bound(at, relation is c.Relation.LTE))


def _day_range(op: Op, day: Day, zone: ZoneInfo) -> Stretch:
    """After a day, from it on, before it, or up to its end: the day itself is whole."""
    match op:
        case Op.GT | Op.AFTER:
            return Stretch(low=Bound(until_instant(day, zone), True))
        case Op.GTE | Op.SINCE:
            return Stretch(low=Bound(since_instant(day, zone), True))
        case Op.LT | Op.BEFORE:
            return Stretch(high=Bound(since_instant(day, zone), False))
        case _:
            return Stretch(high=Bound(until_instant(day, zone), False))


def _in_time(op: Op, operand: Operand, context: Context) -> c.Check:
    if isinstance(operand, Period):
        return c.InstantIn(period_stretch(operand, context.as_of, context.zone))
    assert isinstance(operand, Duration), operand
    as_of = context.as_of
    match op:
        case Op.WITHIN_LAST:
            return c.InstantIn(Stretch(Bound(moved(as_of, operand, -1, context.zone), False), Bound(as_of, True)))
        case Op.OLDER_THAN:
            return c.InstantIn(Stretch(high=Bound(moved(as_of, operand, -1, context.zone), True)))
        case Op.WITHIN_NEXT:
            return c.InstantIn(Stretch(Bound(as_of, False), Bound(moved(as_of, operand, 1, context.zone), True)))
        case Op.LATER_THAN:
            return c.InstantIn(Stretch(low=Bound(moved(as_of, operand, 1, context.zone), False)))
        case Op.ANNIVERSARY_WITHIN_NEXT:
            days = seconds_of(operand) // 86400
            if isinstance(as_of, Own):
                return c.AnniversaryWithin(days)
            return c.Anniversary(anniversaries(to_local(as_of, context.zone).date(), days))
        case _:
            raise AssertionError(f"{op} does not take {operand}")


def anniversaries(today: date, days: int) -> tuple[tuple[int, int], ...]:
    """The (month, day) of birth dates whose anniversary falls on a day from today to today + days, both in."""
    found = set()
    for offset in range(min(days, 366) + 1):
        day = today + timedelta(days=offset)
        found.add((day.month, day.day))
        following = day + timedelta(days=1)
        if (day.month, day.day) == (2, 28) and following.day != 29:
            found.add((2, 29))
    return tuple(sorted(found))
