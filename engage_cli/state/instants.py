"""Instants at the edges: aware UTC in Python, naive UTC in the tables, ISO text in files and messages."""

from datetime import UTC, datetime

from sqlglot import exp

EARLIER_HINT = (
    "ask for a later instant, or look at an earlier one with {}; if the later one was a slip, `engage state restore` takes it back"
)
"""What to do where something stands at a later instant than the one asked for, with the way to look at that."""


def stored(instant: datetime) -> datetime:
    """An aware instant as the tables keep it: naive, in UTC."""
    assert instant.tzinfo is not None, "an instant has a zone"
    return instant.astimezone(UTC).replace(tzinfo=None)


def read(value: datetime) -> datetime:
    """A TIMESTAMP of the tables as an aware instant."""
    return value.replace(tzinfo=UTC)


def iso(instant: datetime) -> str:
    """`2026-11-23T10:00:00Z`, with a fraction where there is one, its trailing zeros left out."""
    text = stored(instant).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def compact(instant: datetime) -> str:
    """`20261123T100000Z`: the instant in a folder's name."""
    return iso(instant).replace("-", "").replace(":", "")


def literal(instant: datetime) -> exp.Expr:
    """The instant as a TIMESTAMP of a query."""
    return exp.cast(exp.Literal.string(stored(instant).isoformat(sep=" ")), exp.DType.TIMESTAMP)


def iso_of(column: exp.Expr) -> exp.Expr:
    """A TIMESTAMP column as the same text that `iso` gives."""
    day, time = (exp.cast(exp.cast(column.copy(), kind), exp.DType.VARCHAR) for kind in (exp.DType.DATE, exp.DType.TIME))
    return exp.Concat(expressions=[day, exp.Literal.string("T"), time, exp.Literal.string("Z")])
