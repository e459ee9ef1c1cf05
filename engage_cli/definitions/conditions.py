"""Conditions as an author wrote them, checked and typed. docs/conditions.md gives their meaning."""

from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.comparisons import ALWAYS, Comparison, Where
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.values import Day, Duration, Instant, Period
from engage_cli.source import Span

# ---- windows -------------------------------------------------------------------------------------------------------


class Within(Struct, frozen=True):
    """(as_of − duration, as_of]."""

    duration: Duration


class BetweenAgo(Struct, frozen=True):
    """(as_of − far, as_of − near]."""

    far: Duration
    near: Duration


class Range(Struct, frozen=True):
    """[since, until); a bare date takes its whole day in. At least one of the two."""

    since: Instant | Day | None
    until: Instant | Day | None


class InPeriod(Struct, frozen=True):
    """A calendar period of as_of in the project's zone."""

    period: Period


Window = Within | BetweenAgo | Range | InPeriod | None
"""None is all history."""


class JourneySince(Struct, frozen=True):
    """From the instance's entry on (`step` None), or from its arrival at a step; the instant itself included. In journeys only."""

    step: str | None
    span: Span


# ---- measures ------------------------------------------------------------------------------------------------------


class Aggregate(StrEnum):
    """What is computed of a property over the matching events."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    UNIQUE = "unique"


class Count(Struct, frozen=True):
    """How many events match. `never: true` is `count: 0`."""

    comparison: Comparison


class Measure(Struct, frozen=True):
    """A sum, average, minimum, maximum or number of distinct values of a property."""

    aggregate: Aggregate
    path: Path
    comparison: Comparison


class Days(Struct, frozen=True):
    """On how many distinct calendar days of the project's zone."""

    comparison: Comparison


class Edge(Struct, frozen=True):
    """The first (`earliest`) or last (`latest`) of the matching events meets `where` as well."""

    latest: bool
    where: Where


class Regularly(Struct, frozen=True):
    """`comparison` of the count holds in at least `at_least` of the last `of_last` stretches of `every`."""

    every: Duration
    at_least: int
    of_last: int
    comparison: Comparison | None
    """None: at least one event."""


Ask = Count | Measure | Days | Edge | Regularly | None
"""What is asked of the matching events; None: that there is one."""


class FirstTime(StrEnum):
    """`first_time: true` (BY_WHERE: first that meets where) or `by_name` (first of that name, and it meets where)."""

    BY_WHERE = "true"
    BY_NAME = "by_name"


# ---- kinds ---------------------------------------------------------------------------------------------------------


class AllOf(Struct, frozen=True):
    parts: tuple["Condition", ...]
    span: Span


class AnyOf(Struct, frozen=True):
    parts: tuple["Condition", ...]
    span: Span


class NoneOf(Struct, frozen=True):
    parts: tuple["Condition", ...]
    span: Span


class Not(Struct, frozen=True):
    part: "Condition"
    span: Span


class Everyone(Struct, frozen=True):
    span: Span


class TraitIs(Struct, frozen=True):
    """The trait at `path` compares so. `user_id` is the user's id."""

    path: Path
    comparison: Comparison
    span: Span


class EventDone(Struct, frozen=True):
    """The user did one of `names` (each may hold `*`), as the rest says.

    `match`: the property that equals the key of the journey's instance; `since` (beside a window of an `until` alone, or of none):
    from a moment of the instance on. Both in journeys only.
    """

    names: tuple[str, ...]
    span: Span
    where: Where = ALWAYS
    window: Window = None
    ask: Ask = None
    first_time: FirstTime | None = None
    match: Path | None = None
    since: JourneySince | None = None


class Order(StrEnum):
    """What may come between the steps of a sequence, and whether their order counts."""

    THEN = "then"
    STRICT = "strict"
    ANY = "any"


class Step(Struct, frozen=True):
    """One step of a sequence. A negated one must not happen."""

    names: tuple[str, ...]
    span: Span
    where: Where = ALWAYS
    alias: str | None = None
    within: Duration | None = None
    first_time: FirstTime | None = None
    negated: bool = False


class SequenceDone(Struct, frozen=True):
    """The user did these steps in order. `match` and `since` as of an EventDone, for all of its events."""

    steps: tuple[Step, ...]
    span: Span
    window: Window = None
    order: Order = Order.THEN
    at_least: int | None = None
    duration: Duration | None = None
    """`span:` in YAML: from the first step's event to the last one's."""
    settled: bool = False
    without: tuple[Step, ...] = ()
    match: Path | None = None
    since: JourneySince | None = None


class InAudience(Struct, frozen=True):
    name: str
    span: Span


class InShare(Struct, frozen=True):
    """`random`: the user's bucket falls in the share. `percent` is exact: millionths of a percent, 0 to 100,000,000."""

    percent_millionths: int
    salt: str | None
    """None: the id of the definition in which it is written."""
    span: Span


class InSql(Struct, frozen=True):
    """The user is among the `user_id`s of one read-only SELECT over the declared sources."""

    text: str
    span: Span


class ConsentStatus(StrEnum):
    """What a person said to messages on a channel, or to a group of them; NONE: nothing."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    DID_NOT_SUBSCRIBE = "did_not_subscribe"
    NONE = "none"


class HasConsent(Struct, frozen=True):
    """The user's subscription state of the channel, or of the group on it, is one of `statuses`."""

    channel: str
    group: str | None
    statuses: tuple[ConsentStatus, ...]
    span: Span


class Quantifier(StrEnum):
    """How many of an account's users, or of a user's accounts, meet a condition. `ALL_` needs at least one; `NO_` is not `ANY_`."""

    ANY_USER = "any_user"
    ALL_USERS = "all_users"
    NO_USER = "no_user"
    ANY_ACCOUNT = "any_account"
    ALL_ACCOUNTS = "all_accounts"
    NO_ACCOUNT = "no_account"

    @property
    def of(self) -> Subject:
        """What the condition inside is about."""
        return Subject.USERS if self.value.endswith(("user", "users")) else Subject.ACCOUNTS


class Quantified(Struct, frozen=True):
    """So many of the subjects that memberships link with this one meet `part`."""

    quantifier: Quantifier
    part: "Condition"
    span: Span


class ContextIs(Struct, frozen=True):
    """What the instance carries at `path` (it begins with `entry` or a hold branch's name) compares so. In journeys only."""

    path: Path
    comparison: Comparison
    span: Span


class MessageOf(StrEnum):
    """What made a message."""

    BROADCAST = "broadcast"
    JOURNEY = "journey"
    STEP = "step"


class MessageStatus(StrEnum):
    """What became of a message: made (SCHEDULED), decided (SENT, SKIPPED), or what the provider says happened then."""

    SCHEDULED = "scheduled"
    SENT = "sent"
    SKIPPED = "skipped"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    CONVERTED = "converted"


class MessageMade(Struct, frozen=True):
    """Such a message was made for the user in the window.

    `name` is that of the broadcast, journey or step; `journey` that in which the step stands, and None for the other two.
    """

    of: MessageOf
    name: str
    status: MessageStatus
    span: Span
    journey: str | None = None
    window: Window = None


INSIDE = "inside"
ENDED = "ended"


class JourneyState(Struct, frozen=True):
    """The user has an instance of the journey that is open (`status` INSIDE), over (ENDED), or over for the reason that `status` names.

    `window`: when it was entered (INSIDE), or when it ended.
    """

    journey: str
    status: str
    span: Span
    window: Window = None


class HasEntity(Struct, frozen=True):
    """So many rows of an entity, linked with the subject (inside `has`: with the row around it), meet `where` and `has`.

    `has` is made of `entity` conditions and groups of them; `ask` None: at least one.
    """

    entity: str
    span: Span
    where: Where = ALWAYS
    has: "Condition | None" = None
    ask: Count | Measure | None = None


Condition = (
    AllOf
    | AnyOf
    | NoneOf
    | Not
    | Everyone
    | TraitIs
    | EventDone
    | SequenceDone
    | InAudience
    | InShare
    | InSql
    | Quantified
    | HasConsent
    | ContextIs
    | MessageMade
    | JourneyState
    | HasEntity
)


def named_audiences(condition: Condition) -> list[str]:
    """The audiences that a condition names, in the order written."""
    match condition:
        case InAudience(name):
            return [name]
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            return [name for part in parts for name in named_audiences(part)]
        case Not(part) | Quantified(_, part):
            return named_audiences(part)
        case _:
            return []
