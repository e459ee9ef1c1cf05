"""Values of definitions as literals of the AST."""

from collections.abc import Iterable
from datetime import datetime

from sqlglot import exp

TRUE = exp.true()
FALSE = exp.false()


def text_literal(value: str) -> exp.Expr:
    """A VARCHAR literal."""
    return exp.Literal.string(value)


def number_literal(value: float) -> exp.Expr:
    """A number that compares with DOUBLEs exactly as the double `value`.

    Up to fifteen digits are written as they are read (an integer or a decimal whose conversion is exact); what is longer, or has
    an exponent, is cast from its text.
    """
    written = repr(value).removesuffix(".0")
    digits = written.lstrip("-").replace(".", "")
    if not digits.isdigit() or len(digits) > 15:
        return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")
    literal = exp.Literal.number(written.lstrip("-"))
    return exp.Neg(this=literal) if value < 0 else literal


def timestamp_literal(instant: datetime) -> exp.Expr:
    """A TIMESTAMP literal of an aware instant, in UTC."""
    return exp.cast(exp.Literal.string(instant.replace(tzinfo=None).isoformat(sep=" ")), "TIMESTAMP")


def integer_literal(value: int) -> exp.Expr:
    """A whole number."""
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The conjunction; TRUE of none."""
    parts = [part for part in conditions if part != TRUE]
    if any(part == FALSE for part in parts):
        return FALSE.copy()
    return exp.and_(*parts, copy=False) if parts else TRUE.copy()


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The disjunction; FALSE of none."""
    parts = [part for part in conditions if part != FALSE]
    if any(part == TRUE for part in parts):
        return TRUE.copy()
    return exp.or_(*parts, copy=False) if parts else FALSE.copy()


def known(condition: exp.Expr) -> exp.Expr:
    """`condition` with NULL taken as false."""
    if condition in (TRUE, FALSE) or (isinstance(condition, exp.Coalesce) and condition.expressions[-1] == FALSE):
        return condition
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def negation(condition: exp.Expr) -> exp.Expr:
    """NOT of a condition that is never NULL."""
    if condition == TRUE:
        return FALSE.copy()
    if condition == FALSE:
        return TRUE.copy()
    return exp.not_(condition, copy=False)


def column(name: str, table: str) -> exp.Expr:
    """A column, quoted where its name is no plain identifier."""
    return exp.column(exp.to_identifier(name), table=exp.to_identifier(table))


End = tuple[exp.Expr, bool]
"""One end of a range, itself in or out."""


def between(value: exp.Expr, low: End | None, high: End | None) -> exp.Expr:
    """The value lies between the ends; None is open."""
    parts: list[exp.Expr] = []
    if low is not None:
        parts.append((exp.GTE if low[1] else exp.GT)(this=value.copy(), expression=low[0]))
    if high is not None:
        parts.append((exp.LTE if high[1] else exp.LT)(this=value.copy(), expression=high[0]))
    return all_of(parts)
