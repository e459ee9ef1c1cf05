"""The trait definition: a value that is computed for each user, or each account."""

from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.comparisons import ALWAYS, Where
from engage_cli.definitions.conditions import Window
from engage_cli.definitions.expression import Expression
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.values import Duration, Literal
from engage_cli.source import Span


class Compute(StrEnum):
    """What is computed over the matching events; docs/traits.md gives the meaning of each."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MOST_FREQUENT = "most_frequent"
    FIRST = "first"
    LAST = "last"
    UNIQUE_LIST = "unique_list"
    UNIQUE_COUNT = "unique_count"
    DISTINCT_DAYS = "distinct_days"
    DAYS_SINCE_FIRST = "days_since_first"
    DAYS_SINCE_LAST = "days_since_last"


WITHOUT_PROPERTY = frozenset({Compute.COUNT, Compute.DISTINCT_DAYS, Compute.DAYS_SINCE_FIRST, Compute.DAYS_SINCE_LAST})
"""What is computed of the events themselves, and not of a property of theirs."""

NUMBERS = frozenset(Compute) - {Compute.MOST_FREQUENT, Compute.FIRST, Compute.LAST, Compute.UNIQUE_LIST}
"""What gives a number."""
OVER_NONE = frozenset({Compute.COUNT, Compute.SUM, Compute.UNIQUE_COUNT, Compute.DISTINCT_DAYS})
"""What is 0 over no events, unless `default` says otherwise; the others are missing."""


class OfEvents(Struct, frozen=True):
    """Computed over the subject's events of `names` that meet `where`, in the window, or in the subject's latest session.

    `session`: the longest pause within a session; a session is of all the subject's events. `at_least`: how often the most frequent
    value occurred at least.
    """

    compute: Compute
    names: tuple[str, ...]
    property: Path | None = None
    where: Where = ALWAYS
    window: Window = None
    session: Duration | None = None
    at_least: int = 2


class Expressed(Struct, frozen=True):
    """Arithmetic over other traits, as written and as read."""

    text: str
    expression: Expression


class FromSql(Struct, frozen=True):
    """The `value` of the subject's row of one read-only SELECT of its id (`user_id`, `account_id`) and `value`."""

    text: str


class Rfm(Struct, frozen=True):
    """Scores of how late, how often, and for how much (`property`, summed) the subject's events of `names` are, among all who have some."""

    names: tuple[str, ...]
    property: Path
    where: Where = ALWAYS
    window: Window = None


Computation = OfEvents | Expressed | FromSql | Rfm


class Trait(Struct, frozen=True):
    """A value computed for each user or account (`of`); `default` stands where it is missing."""

    name: str
    description: str
    computation: Computation
    default: Literal | None
    span: Span
    """Of the definition's name."""
    source_span: Span
    """Of what it is computed from: the expression, the SQL, or the event."""
    of: Subject = Subject.USERS
    sync: tuple[str, ...] = ()
    """The destinations that get the values that change."""


def is_never_missing(trait: Trait) -> bool:
    """Whether everybody has a value: one that stands where it is missing, or one over no events."""
    return trait.default is not None or (isinstance(trait.computation, OfEvents) and trait.computation.compute in OVER_NONE)
