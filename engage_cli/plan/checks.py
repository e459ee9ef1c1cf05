"""What is asked of one value, with everything resolved: types chosen, dates turned into instants, negations taken apart.

Frozen and free of spans, so that two conditions that mean the same are equal and are computed once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engage_cli.definitions.paths import Path
from engage_cli.plan.instants import Stretch
from engage_cli.plan.needs import Reading


@dataclass(frozen=True, slots=True)
class Present:
    """The value is not missing."""


@dataclass(frozen=True, slots=True)
class TextIs:
    """The text is one of these. With `fold`, in lower case (the values are so already)."""

    values: tuple[str, ...]
    fold: bool


@dataclass(frozen=True, slots=True)
class NumberIs:
    """The number is one of these."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BooleanIs:
    value: bool


@dataclass(frozen=True, slots=True)
class NumberIn:
    """The number lies between the bounds; None is open."""

    low: float | None
    low_inclusive: bool
    high: float | None
    high_inclusive: bool


@dataclass(frozen=True, slots=True)
class InstantIn:
    """The instant lies in the stretch."""

    stretch: Stretch


class Manner(StrEnum):
    """How a text is looked at."""

    CONTAINS = "contains"
    STARTS = "starts_with"
    ENDS = "ends_with"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class TextLike:
    """The text contains, begins with, ends with `text`, or the pattern `text` is found in it."""

    manner: Manner
    text: str
    fold: bool


@dataclass(frozen=True, slots=True)
class InFile:
    """The text is one of a list file's values."""

    path: str
    fold: bool


@dataclass(frozen=True, slots=True)
class Anniversary:
    """The local month and day are among `days` ((month, day), sorted)."""

    days: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AnniversaryWithin:
    """The local month and day come again on a day from that of the subject's own instant to `days` later, both in."""

    days: int


@dataclass(frozen=True, slots=True)
class OfTrait:
    """A reference to the subject's trait."""

    path: Path


@dataclass(frozen=True, slots=True)
class OfStep:
    """A reference to a property of the event that the step with this index took."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class OfKey:
    """The key of the journey's instance that asks (`match`)."""


@dataclass(frozen=True, slots=True)
class OfContext:
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


@dataclass(frozen=True, slots=True)
class Against:
    """The value compares so with another value of data. `instants_only` leaves the numbers out (after, before, since, until)."""

    relation: Relation
    other: Referred
    fold: bool = False
    instants_only: bool = False


@dataclass(frozen=True, slots=True)
class AnyCheck:
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


@dataclass(frozen=True, slots=True)
class Test:
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


@dataclass(frozen=True, slots=True)
class Value:
    """The value at `path` (None: the element itself) passes the test. The path has no `[]`."""

    path: Path | None
    test: Test


@dataclass(frozen=True, slots=True)
class SomeElement:
    """Some one element of the list at `path` (None: the element itself) meets `row`."""

    path: Path | None
    row: "Row"


@dataclass(frozen=True, slots=True)
class RowAll:
    parts: tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class RowAny:
    parts: tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class RowNot:
    part: "Row"


Row = Value | SomeElement | RowAll | RowAny | RowNot
ANY_ROW = RowAll(())


@dataclass(frozen=True, slots=True)
class CountTest:
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
