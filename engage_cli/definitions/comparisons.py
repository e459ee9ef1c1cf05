"""Comparisons and wheres: what a property, a trait or an element must be like. docs/values.md gives their meaning."""

from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.definitions.values import Duration, Period, Value
from engage_cli.source import Span


class Op(StrEnum):
    """The operators, by the name an author writes."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    IN_FILE = "in_file"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_ANY = "contains_any"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    MATCHES = "matches"
    NOT_MATCHES = "not_matches"
    EXISTS = "exists"
    BEFORE = "before"
    AFTER = "after"
    SINCE = "since"
    UNTIL = "until"
    WITHIN_LAST = "within_last"
    WITHIN_NEXT = "within_next"
    OLDER_THAN = "older_than"
    LATER_THAN = "later_than"
    PERIOD = "period"
    ANNIVERSARY_WITHIN_NEXT = "anniversary_within_next"


NEGATIONS = {Op.NE: Op.EQ, Op.NOT_IN: Op.IN, Op.NOT_CONTAINS: Op.CONTAINS, Op.NOT_MATCHES: Op.MATCHES}


class ListFile(Struct, frozen=True):
    """`in_file`: a CSV file in the project folder whose first column holds the values."""

    path: str


Operand = Value | tuple[Value, ...] | bool | Duration | Period | ListFile


class Test(Struct, frozen=True):
    """One operator with its operand.

    The operand by operator: a Value for eq, ne, contains, not_contains, gt … until, starts_with, ends_with (Text or a
    reference for these two); Text for matches and not_matches; a tuple of Values for in, not_in, contains_any (or one
    reference for in and not_in) and a pair for between; a bool for exists; a ListFile for in_file; a Duration for
    within_last … later_than and anniversary_within_next; a Period.
    """

    __test__ = False

    op: Op
    operand: Operand
    span: Span


class Comparison(Struct, frozen=True):
    """All tests hold for one value. `ignore_case` applies to every text test among them."""

    tests: tuple[Test, ...]
    ignore_case: bool
    span: Span


class Field(Struct, frozen=True):
    """The value at `path` compares so. Inside an element the path is relative; None is the element itself."""

    path: Path | None
    comparison: Comparison
    span: Span


class Element(Struct, frozen=True):
    """Some one element of the list at `path` meets `where`. The path's last part is `[]`."""

    path: Path
    where: "Where"
    span: Span


class WhereAll(Struct, frozen=True):
    """Every part holds. An empty one holds always (no `where`)."""

    parts: tuple["Where", ...]


class WhereAny(Struct, frozen=True):
    """At least one part holds."""

    parts: tuple["Where", ...]


class WhereNot(Struct, frozen=True):
    """The part does not hold. `none: [..]` is the not of an any."""

    part: "Where"


Where = Field | Element | WhereAll | WhereAny | WhereNot
ALWAYS = WhereAll(())
