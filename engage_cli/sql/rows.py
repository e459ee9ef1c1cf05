"""Row predicates to boolean expressions, two-valued.

In a positive place a NULL may stand for false: WHERE, AND and OR treat it so. Under a NOT it may not, so there every atom is
made known (`exact`).
"""

from collections.abc import Callable
from typing import assert_never

from sqlglot import exp

from engage_cli.definitions.paths import Path
from engage_cli.plan import checks as c
from engage_cli.plan.needs import Reading
from engage_cli.plan.relative import OWN
from engage_cli.sql.functions import e_any, e_contains, e_day, e_ends, e_local, e_match, e_months, e_plus, e_starts, e_text
from engage_cli.sql.instants import in_stretch
from engage_cli.sql.literals import (
    FALSE,
    all_of,
    any_of,
    between,
    column,
    integer_literal,
    known,
    negation,
    number_literal,
    text_literal,
)
from engage_cli.sql.readers import Reader
from engage_cli.sql.scope import USERS, Scope, list_alias, list_value


def row_condition(row: c.Row, scope: Scope, *, exact: bool = False) -> exp.Expr:
    """The condition that a row predicate is; never NULL where `exact`."""
    match row:
        case c.RowAll(parts):
            return all_of(row_condition(part, scope, exact=exact) for part in parts)
        case c.RowAny(parts):
            return any_of(row_condition(part, scope, exact=exact) for part in parts)
        case c.RowNot(part):
            return negation(row_condition(part, scope, exact=True))
        case c.Value(path, test):
            condition = _value_condition(path, test, scope)
            return known(condition) if exact else condition
        case c.SomeElement(path, inner):
            return _some_element(scope.values(path), scope, lambda inside: row_condition(inner, inside, exact=exact))
        case _:
            assert_never(row)


def _value_condition(path: Path | None, test: c.Test, scope: Scope) -> exp.Expr:
    reader = scope.values(path)
    ways = [] if test.whole is None else [check_condition(test.whole, reader, path, scope)]
    element = test.element
    if element is not None and reader.may_be_list:
        ways.append(_some_element(reader, scope, lambda inside: check_condition(element, inside.values(None), path, inside)))
    return any_of(ways)


def _some_element(reader: Reader, scope: Scope, condition: Callable[[Scope], exp.Expr]) -> exp.Expr:
    if not reader.may_be_list:
        return FALSE.copy()
    name = f"element_{scope.depth + 1}" if scope.depth else "element"
    inside = scope.inside(exp.column(name), reader)
    return e_any(reader.read(Reading.ELEMENTS), name, condition(inside))


# ---- checks --------------------------------------------------------------------------------------------------------


def check_condition(check: c.Check, reader: Reader, path: Path | None, scope: Scope) -> exp.Expr:
    """The condition that a check is of the value; NULL where the value does not read as the check's type."""
    match check:
        case c.Present():
            return reader.read(Reading.PRESENT)
        case c.TextIs(values, fold):
            return among(_text(reader, fold), [text_literal(value) for value in values])
        case c.NumberIs() | c.NumberIn():
            return number_condition(check, reader.read(Reading.NUMBER))
        case c.BooleanIs(value):
            return exp.EQ(this=reader.read(Reading.BOOLEAN), expression=exp.Boolean(this=value))
        case c.InstantIn(stretch):
            return in_stretch(reader.read(Reading.INSTANT), stretch, scope.subject)
        case c.TextLike():
            return _text_like(check, reader)
        case c.InFile(file, fold):
            return _in_file(_text(reader, fold), scope.list_table(file, path), fold, scope)
        case c.Anniversary(days):
            return _anniversary(days, reader, scope)
        case c.AnniversaryWithin(whole_days):
            return _anniversary_within(whole_days, reader, scope)
        case c.Against():
            return _against(check, reader, scope.referred(check.other), scope)
        case c.AnyCheck(checks):
            return any_of(check_condition(part, reader, path, scope) for part in checks)
        case _:
            assert_never(check)


def _text(reader: Reader, fold: bool) -> exp.Expr:
    text = reader.read(Reading.TEXT)
    return exp.Lower(this=text) if fold else text


def among(value: exp.Expr, options: list[exp.Expr]) -> exp.Expr:
    """`value` is one of the options."""
    if len(options) == 1:
        return exp.EQ(this=value, expression=options[0])
    return exp.In(this=value, expressions=options)


def number_condition(check: c.Check, value: exp.Expr) -> exp.Expr:
    """A check on numbers, of any expression over the subjects (under their alias)."""
    match check:
        case c.NumberIs(values):
            return among(value, [number_literal(one) for one in values])
        case c.NumberIn(low, low_in, high, high_in):
            return between(
                value,
                None if low is None else (number_literal(low), low_in),
                None if high is None else (number_literal(high), high_in),
            )
        case c.InstantIn(stretch):
            return in_stretch(value, stretch, USERS)
        case c.AnyCheck(checks):
            return any_of(number_condition(part, value.copy()) for part in checks)
        case _:
            raise AssertionError(f"not a check on numbers: {check}")


def _text_like(check: c.TextLike, reader: Reader) -> exp.Expr:
    literal = text_literal(check.text)
    match check.manner:
        case c.Manner.CONTAINS:
            return e_contains(_text(reader, check.fold), literal)
        case c.Manner.STARTS:
            return e_starts(_text(reader, check.fold), literal)
        case c.Manner.ENDS:
            return e_ends(_text(reader, check.fold), literal)
        case c.Manner.MATCHES:
            pattern = f"(?i){check.text}" if check.fold else check.text
            return e_match(reader.read(Reading.TEXT), text_literal(pattern))
        case _:
            assert_never(check.manner)


def _in_file(text: exp.Expr, table: str, fold: bool, scope: Scope) -> exp.Expr:
    """The text is one of a list's values. In an element, or in a join, it is a column that is joined: neither takes a subquery."""
    if scope.depth or scope.whole_lists:
        scope.used.add(list_alias(table, fold=fold))
        values = column("list_values", list_alias(table, fold=fold))
        return exp.ArrayContains(this=values, expression=text)
    query = exp.select(list_value(table, fold=fold)).from_(exp.to_table(table))
    return exp.In(this=text, query=exp.Subquery(this=query))


def _anniversary(days: tuple[tuple[int, int], ...], reader: Reader, scope: Scope) -> exp.Expr:
    local = e_local(reader.read(Reading.INSTANT), scope.zone)
    month, day = exp.Extract(this=exp.var("MONTH"), expression=local), exp.Extract(this=exp.var("DAY"), expression=local)
    number = exp.Add(this=exp.Mul(this=month, expression=integer_literal(100)), expression=day)
    return among(number, [integer_literal(month_number * 100 + day_number) for month_number, day_number in days])


def _anniversary_within(days: int, reader: Reader, scope: Scope) -> exp.Expr:
    """This year's anniversary of the local day, or next year's, is on one of the days; 29 February's is the 28th in other years."""
    born = exp.cast(e_day(reader.read(Reading.INSTANT), scope.zone), "TIMESTAMP")
    today = exp.cast(e_day(column(OWN.name, scope.subject), scope.zone), "TIMESTAMP")
    years = exp.Paren(this=exp.Sub(this=_year(today), expression=_year(born)))
    last = e_plus(today, days * 86400)
    ways = []
    for turn in (0, 1):
        months = exp.Mul(this=exp.Paren(this=exp.Add(this=years, expression=integer_literal(turn))), expression=integer_literal(12))
        ways.append(between(e_months(born, exp.cast(months, "INT")), (today.copy(), True), (last.copy(), True)))
    return any_of(ways)


def _year(instant: exp.Expr) -> exp.Expr:
    return exp.Extract(this=exp.var("YEAR"), expression=instant.copy())


# ---- two values of data --------------------------------------------------------------------------------------------

_ORDER = {c.Relation.GT: exp.GT, c.Relation.GTE: exp.GTE, c.Relation.LT: exp.LT, c.Relation.LTE: exp.LTE}


def _against(check: c.Against, left: Reader, right: Reader, scope: Scope) -> exp.Expr:
    if check.relation in _ORDER:
        return _ordered(check, left, right)
    if check.relation is c.Relation.EQ:
        return _same_text(check.fold, left, right, scope)
    if check.relation is c.Relation.SAME:
        return exp.EQ(this=_text(left, check.fold), expression=_text(right, check.fold))
    function = {c.Relation.CONTAINS: e_contains, c.Relation.STARTS: e_starts, c.Relation.ENDS: e_ends}[check.relation]
    return function(_text(left, check.fold), _text(right, check.fold))


def _same_text(fold: bool, left: Reader, right: Reader, scope: Scope) -> exp.Expr:
    """The texts are equal; a list on the right stands for its elements (one on the left does so by the test's element)."""
    ways: list[exp.Expr] = [exp.EQ(this=_text(left, fold), expression=_text(right, fold))]
    if right.may_be_list:
        name = f"other_{scope.depth}" if scope.depth else "other"
        other = e_text(exp.column(name))
        same = exp.EQ(this=_text(left, fold), expression=exp.Lower(this=other) if fold else other)
        ways.append(e_any(right.read(Reading.ELEMENTS), name, same))
    return any_of(ways)


def _ordered(check: c.Against, left: Reader, right: Reader) -> exp.Expr:
    """As numbers if both read so, else as instants if both do, else false."""
    kind = _ORDER[check.relation]
    instants = kind(this=left.read(Reading.INSTANT), expression=right.read(Reading.INSTANT))
    if check.instants_only:
        return instants
    numbers = kind(this=left.read(Reading.NUMBER), expression=right.read(Reading.NUMBER))
    return exp.Coalesce(this=numbers, expressions=[instants])
