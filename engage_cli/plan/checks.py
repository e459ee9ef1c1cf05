"""What is asked of one value, with everything resolved: types chosen, dates turned into instants, negations taken apart.

Frozen and free of spans, so that two conditions that mean the same are equal and are computed once.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.plan.instants import Stretch
from engage_cli.plan.needs import Reading


class Present(Struct, frozen=True):
    """The value is not missing."""


class TextIs(Struct, frozen=True):
    """The text is one of these. With `fold`, in lower case (the values are so already)."""

    values: tuple[str, ...]
    fold: bool


class NumberIs(Struct, frozen=True):
    """The number is one of these."""

    values: tuple[float, ...]


class BooleanIs(Struct, frozen=True):
    value: bool


class NumberIn(Struct, frozen=True):
    """The number lies between the bounds; None is open."""

    low: float | None
    low_inclusive: bool
    high: float | None
    high_inclusive: bool


class InstantIn(Struct, frozen=True):
    """The instant lies in the stretch."""

    stretch: Stretch


class Manner(StrEnum):
    """How a text is looked at."""

    CONTAINS = "contains"
    STARTS = "starts_with"
    ENDS = "ends_with"
    MATCHES = "matches"


class TextLike(Struct, frozen=True):
    """The text contains, begins with, ends with `text`, or the pattern `text` is found in it."""

    manner: Manner
    text: str
    fold: bool


class InFile(Struct, frozen=True):
    """The text is one of a list file's values."""

    path: str
    fold: bool


class Anniversary(Struct, frozen=True):
    """The local month and day are among `days` ((month, day), sorted)."""

    days: tuple[tuple[int, int], ...]


class AnniversaryWithin(Struct, frozen=True):
    """The local month and day come again on a day from that of the subject's own instant to `days` later, both in."""

    days: int


class OfTrait(Struct, frozen=True):
    """A reference to the subject's trait."""

    path: Path


class OfStep(Struct, frozen=True):
    """A reference to a property of the event that the step with this index took."""

    step: int
    path: Path


class OfKey(Struct, frozen=True):
    """The key of the journey's instance that asks (`match`)."""


class OfContext(Struct, frozen=True):
    """A reference to what the journey's instance that asks carries."""

    path: Path


Referred = OfTrait | OfStep | OfKey | OfContext


class Relation(StrEnum):
    """How two values of data are compared."""

    EQ = "="  # a list on either side stands for its elements
    SAME = "same"  # the texts are equal; no list is looked into
    GT = ">"
    GTE = ">="
    LT = "<"
    LTE = "<="
    CONTAINS = "contains"
    STARTS = "starts_with"
    ENDS = "ends_with"


class Against(Struct, frozen=True):
    """The value compares so with another value of data. `instants_only` leaves the numbers out (after, before, since, until)."""

    relation: Relation
    other: Referred
    fold: bool = False
    instants_only: bool = False


class AnyCheck(Struct, frozen=True):
    """At least one of the checks holds of the value."""

    checks: tuple["Check", ...]


Check = (
    Present
    | TextIs
    | NumberIs
    | BooleanIs
    | NumberIn
    | InstantIn
    | TextLike
    | InFile
    | Anniversary
    | AnniversaryWithin
    | Against
    | AnyCheck
)


class Test(Struct, frozen=True):
    """`whole` holds of the value, or, where that is a list, `element` (if there is one) of any element. Either may be absent."""

    __test__ = False

    whole: Check | None
    element: Check | None = None


def readings_of(check: Check) -> frozenset[Reading]:
    """The readings of the value that a check looks at."""
    match check:
        case Present():
            return frozenset({Reading.PRESENT})
        case NumberIs() | NumberIn():
            return frozenset({Reading.NUMBER})
        case BooleanIs():
            return frozenset({Reading.BOOLEAN})
        case InstantIn() | Anniversary() | AnniversaryWithin():
            return frozenset({Reading.INSTANT})
        case TextIs() | TextLike() | InFile():
            return frozenset({Reading.TEXT})
        case Against():
            return readings_against(check)
        case AnyCheck(checks):
            return frozenset().union(*(readings_of(part) for part in checks))


def readings_against(check: Against) -> frozenset[Reading]:
    """The readings of either side that a comparison of two values of data looks at."""
    if check.relation in (Relation.GT, Relation.GTE, Relation.LT, Relation.LTE):
        return frozenset({Reading.INSTANT}) if check.instants_only else frozenset({Reading.NUMBER, Reading.INSTANT})
    if check.relation is Relation.EQ:
        return frozenset({Reading.TEXT, Reading.ELEMENTS})
    return frozenset({Reading.TEXT})


# ---- rows ----------------------------------------------------------------------------------------------------------


class Value(Struct, frozen=True):
    """The value at `path` (None: the element itself) passes the test. The path has no `[]`."""

    path: Path | None
    test: Test


class SomeElement(Struct, frozen=True):
    """Some one element of the list at `path` (None: the element itself) meets `row`."""

    path: Path | None
    row: "Row"


class RowAll(Struct, frozen=True):
    parts: tuple["Row", ...]


class RowAny(Struct, frozen=True):
    parts: tuple["Row", ...]


class RowNot(Struct, frozen=True):
    part: "Row"


Row = Value | SomeElement | RowAll | RowAny | RowNot
ANY_ROW = RowAll(())


class CountTest(Struct, frozen=True):
    """A check on a number that is never missing, or its negation."""

    negated: bool
    check: Check

    def holds(self, number: float) -> bool:
        """Whether a number passes."""
        return holds_for(self.check, number) != self.negated


def holds_for(check: Check, number: float) -> bool:
    """Whether a check on numbers holds for a known number (what a measure is over no events)."""
    match check:
        case NumberIs(values):
            return number in values
        case NumberIn(low, low_in, high, high_in):
            above = low is None or number > low or (low_in and number == low)
            below = high is None or number < high or (high_in and number == high)
            return above and below
        case AnyCheck(checks):
            return any(holds_for(part, number) for part in checks)
        case _:
            return False


def naive(instant: datetime) -> datetime:
    """An instant as the naive UTC value that stands in relations."""
    return instant.replace(tzinfo=None)
