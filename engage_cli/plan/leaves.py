"""The leaves of conditions: what is asked of a subject's events, traits, share or membership. Equal leaves are computed once.

Labels and spans only name and document; they take no part in equality.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from engage_cli.definitions.conditions import Aggregate, Order
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.values import Duration
from engage_cli.plan.checks import ANY_ROW, Check, CountTest, NumberIn, Row
from engage_cli.plan.instants import Stretch
from engage_cli.plan.needs import Reading
from engage_cli.source import Span

if TYPE_CHECKING:  # predicates hold leaves, and this one a predicate
    from engage_cli.plan.predicates import Predicate


AT_LEAST_ONE = NumberIn(1, True, None, False)
"""The check of a number that there is one."""


@dataclass(frozen=True, slots=True)
class EventSet:
    """The events of these names (each may hold `*`) in a stretch that meet a row predicate.

    `label` says in words what it is (`order_completed_last_30_days`); relations are named after it.
    """

    names: tuple[str, ...]
    stretch: Stretch
    row: Row = ANY_ROW
    label: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False)
    session: Duration | None = None
    """Only events of the user's latest session: all their events with pauses of at most so long between them."""


@dataclass(frozen=True, slots=True)
class FirstEvents:
    """Each user's first event ever of `names` (by timestamp, then message id), as far as it lies in the stretch.

    BY_WHERE: the first that meets `row`; by name: the first of the names, which must meet `row`.
    """

    names: tuple[str, ...]
    stretch: Stretch
    row: Row
    by_name: bool
    label: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False)


Events = EventSet | FirstEvents


class Happened(Struct, frozen=True):
    """There is such an event."""

    events: Events


class Counted(Struct, frozen=True):
    """The number of such events passes the check; over none it is 0."""

    events: EventSet
    check: Check


class Measured(Struct, frozen=True):
    """An aggregate of a property (of its elements, where the path has `[]`) over such events passes the check."""

    events: EventSet
    aggregate: Aggregate
    path: Path
    reading: Reading
    check: Check


class OnDays(Struct, frozen=True):
    """The number of distinct local days of such events passes the check; over none it is 0."""

    events: EventSet
    check: Check


class EdgeMeets(Struct, frozen=True):
    """The first, or last, of such events (by timestamp, then message id) meets `row`."""

    events: EventSet
    latest: bool
    row: Row


class Regular(Struct, frozen=True):
    """The count passes all tests in at least `at_least` of the stretches. `events` spans all of them."""

    events: EventSet
    stretches: tuple[Stretch, ...]
    at_least: int
    tests: tuple[CountTest, ...]


class PlannedStep(Struct, frozen=True):
    """A step: its events, and how long after the step before it at most."""

    events: Events
    within: Duration | None
    index: int
    """The step's place among all that a `ref` may name."""


class Forbidden(Struct, frozen=True):
    """Events that must not come: `after` counts the positive steps before it; `within` bounds one at the end."""

    events: EventSet
    after: int
    within: Duration | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """The steps happened in order, with nothing forbidden between."""

    steps: tuple[PlannedStep, ...]
    order: Order
    at_least: int
    duration: Duration | None
    between: tuple[Forbidden, ...]
    after: tuple[Forbidden, ...]
    without: tuple[EventSet, ...]
    settled: bool
    label: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TraitMeets:
    """The subject's traits meet the row predicate."""

    row: Row
    span: Span | None = field(default=None, compare=False)


class InShareOf(Struct, frozen=True):
    """bucket · scale < threshold, where the bucket is in [0, 2^32): integers only, see docs/conditions.md."""

    salt: str
    scale: int
    threshold: int


class MemberOf(Struct, frozen=True):
    """The subject is in the audience."""

    audience: str


@dataclass(frozen=True, slots=True)
class AmongRows:
    """The subject is among the ids that an author's SELECT gives."""

    text: str
    span: Span | None = field(default=None, compare=False)
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SomeLinked:
    """Some subject of the other kind (`of`) that memberships link with this one meets the predicate."""

    of: Subject
    predicate: "Predicate"
    label: str = field(default="", compare=False)
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ConsentIs:
    """The subject's subscription state of the channel, or (`group`) of the group on it, is one of `statuses` (`none`: there is none).

    Of a channel it is what the channel's own row says. Of a group: `unsubscribed` where the channel's row says that, else what the group's
    row says, else what the channel's does.
    """

    channel: str
    group: str | None
    statuses: tuple[str, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EntityRows:
    """The rows of an entity that are linked with a subject, or with a row of the entity around, and meet `row` and `has`.

    `has` is a predicate over HasRows leaves, which are asked of each of the rows; None holds for all.
    """

    entity: str
    row: Row = ANY_ROW
    has: "Predicate | None" = None
    span: Span | None = field(default=None, compare=False)


class RowMeasure(Struct, frozen=True):
    """An aggregate of a column (of its elements, where the path has `[]`) over rows."""

    aggregate: Aggregate
    path: Path
    reading: Reading


class HasRows(Struct, frozen=True):
    """The number of such rows, or a measure over them, passes the check."""

    rows: EntityRows
    check: Check
    measure: RowMeasure | None = None

    @property
    def is_presence(self) -> bool:
        """Whether all that is asked is that there is such a row."""
        return self.measure is None and self.check == AT_LEAST_ONE


@dataclass(frozen=True, slots=True)
class ContextMeets:
    """What the journey's instance that asks carries meets the row predicate."""

    row: Row
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class MessageWas:
    """A message of this campaign, and of this one of a journey's steps (None: any), has had this status at an instant in the stretch."""

    kind: str
    campaign: str
    step: str | None
    status: str
    stretch: Stretch
    span: Span | None = field(default=None, compare=False)
    own: bool = False
    """Of the very instance that asks."""


@dataclass(frozen=True, slots=True)
class StayWas:
    """The user has an instance of the journey that is open (`status` inside), over (ended), or over for this reason; entered, or ended,
    in the stretch."""

    journey: str
    status: str
    stretch: Stretch
    span: Span | None = field(default=None, compare=False)


Leaf = (
    Happened
    | Counted
    | Measured
    | OnDays
    | EdgeMeets
    | Regular
    | Sequence
    | TraitMeets
    | InShareOf
    | MemberOf
    | AmongRows
    | SomeLinked
    | ConsentIs
    | ContextMeets
    | MessageWas
    | StayWas
    | HasRows
)
