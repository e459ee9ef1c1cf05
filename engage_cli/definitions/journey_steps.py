"""The steps of a journey: what happens to people one after the other, and how steps stand inside each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.comparisons import ALWAYS, Where
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.paths import Path
from engage_cli.definitions.values import ContextRef, Day, Duration, Instant, TraitRef, Value
from engage_cli.source import Span

TIMEOUT = "timeout"
"""What stands for a branch's name on the way of a hold that nothing ended in time."""


class Occurrence(Struct, frozen=True):
    """`on`: the next event of one of `names` (each may hold `*`) that meets `where`.

    `match`: the property that equals the instance's key; None where it is not tied to it.
    """

    names: tuple[str, ...]
    span: Span
    where: Where = ALWAYS
    match: Path | None = None


# ---- waits ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class ClockTime:
    """A time of day, in minutes from midnight; 1440, the end of the day, only where a window ends."""

    minutes: int

    def __str__(self) -> str:
        return f"{self.minutes // 60:02d}:{self.minutes % 60:02d}"


class Weekday(StrEnum):
    """The days of the week, in order, by the words that `days` takes."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Offset(Struct, frozen=True):
    """So long before or after a date that was read from data: `-1 hour`."""

    duration: Duration
    before: bool

    def __str__(self) -> str:
        return f"{'-' if self.before else ''}{self.duration}"


class ForDuration(Struct, frozen=True):
    """So long after the arrival."""

    duration: Duration


class UntilInstant(Struct, frozen=True):
    """Until a fixed instant, in the project's zone where it names none; of a bare date its first one. A past one is no wait."""

    instant: Instant | Day


class UntilLocalTime(Struct, frozen=True):
    """Until the next such time of day where the person is, from the arrival on, on one of `days` (in the order of the week; none: any)."""

    time: ClockTime
    days: tuple[Weekday, ...] = ()


class InWindow(Struct, frozen=True):
    """Until the next moment in [start, end) of a day where the person is, on one of `days` (none: any); no wait inside it."""

    start: ClockTime
    end: ClockTime
    days: tuple[Weekday, ...] = ()


class UntilValue(Struct, frozen=True):
    """Until a date read from the context or a trait as of the arrival, and `offset` from it; past or missing, it is no wait."""

    value: ContextRef | TraitRef
    offset: Offset | None = None


Wait = ForDuration | UntilInstant | UntilLocalTime | InWindow | UntilValue

# ---- steps ---------------------------------------------------------------------------------------------------------


class Delay(Struct, frozen=True):
    id: str
    written: bool
    span: Span
    wait: Wait


class HoldBranch(Struct, frozen=True):
    """Taken by an event (`on`, whose properties go into the context under `name`) or when a condition is true: exactly one of the two.

    `restart` (of an event, without steps): the wait begins again.
    """

    name: str
    span: Span
    on: Occurrence | None = None
    when: Condition | None = None
    restart: bool = False
    steps: tuple["JourneyStep", ...] = ()


class Hold(Struct, frozen=True):
    """Until one of the branches, at most `duration` (then `timeout`); without a duration, until then.

    `since_entry`: also an event between the entry and the arrival counts.
    """

    id: str
    written: bool
    span: Span
    duration: Duration | None
    branches: tuple[HoldBranch, ...]
    timeout: tuple["JourneyStep", ...] = ()
    since_entry: bool = False


class WhenBranch(Struct, frozen=True):
    """A branch of a split or fork; one without `when` is for everyone (else)."""

    name: str
    span: Span
    when: Condition | None = None
    steps: tuple["JourneyStep", ...] = ()


class Split(Struct, frozen=True):
    """The first branch whose condition holds; where none does, on to the next step."""

    id: str
    written: bool
    span: Span
    branches: tuple[WhenBranch, ...]


class Fork(Struct, frozen=True):
    """Every branch whose condition holds, side by side; on when the last has ended."""

    id: str
    written: bool
    span: Span
    branches: tuple[WhenBranch, ...]


class Arm(Struct, frozen=True):
    """A share of the people. `percent_millionths` is exact, in millionths of a percent; those of a randomize make 100,000,000."""

    name: str
    span: Span
    percent_millionths: int
    control: bool = False
    steps: tuple["JourneyStep", ...] = ()


class Randomize(Struct, frozen=True):
    """One arm for each instance, by chance; the same again for the same user and key unless `reassign`."""

    id: str
    written: bool
    span: Span
    branches: tuple[Arm, ...]
    reassign: bool = False


class Category(StrEnum):
    """What a message is. TRANSACTIONAL ones are sent whatever the consent, the holdout and the caps say."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class Render(StrEnum):
    """Whether the rendered message is handed over, or the template's name and its variables for a provider that renders itself."""

    MESSAGE = "message"
    VARIABLES = "variables"


class Send(Struct, frozen=True):
    """A message. `subject`, `preheader`, `sender` (`from`) and `reply_to` stand in place of the template's own.

    `priority`: the greater comes first where caps leave no room for all. `expires_after` None: the default.
    """

    id: str
    written: bool
    span: Span
    template: str
    channel: str
    group: str | None = None
    category: Category = Category.MARKETING
    priority: int = 0
    expires_after: Duration | None = None
    render: Render = Render.MESSAGE
    subject: str | None = None
    preheader: str | None = None
    sender: str | None = None
    reply_to: str | None = None


class Sync(Struct, frozen=True):
    """To a destination: onto a `list` of it, and off again after `remove_after`; or an `event` with `properties`, in the order written."""

    id: str
    written: bool
    span: Span
    destination: str
    list: str | None = None
    remove_after: Duration | None = None
    event: str | None = None
    properties: tuple[tuple[str, Value], ...] = ()


class SetTrait(Struct, frozen=True):
    """`set`: a trait of ours on the user gets a value, as of the arrival."""

    id: str
    written: bool
    span: Span
    trait: str
    to: Value


class Goto(Struct, frozen=True):
    """On to the step `target`, which stands further down."""

    id: str
    written: bool
    span: Span
    target: str


class Exit(Struct, frozen=True):
    """The instance ends, for this reason."""

    id: str
    written: bool
    span: Span
    reason: str


JourneyStep = Delay | Hold | Split | Fork | Randomize | Send | Sync | SetTrait | Goto | Exit

# ---- what is inside ------------------------------------------------------------------------------------------------


def walk(steps: tuple[JourneyStep, ...]) -> Iterator[JourneyStep]:
    """The steps and those inside them, each before what it holds, in the order written."""
    for step in steps:
        yield step
        for _, inner in branches_of(step):
            yield from walk(inner)


def arms_before(steps: tuple[JourneyStep, ...], passed: tuple[str, ...] = ()) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """By the id of each send the randomize steps that somebody may have come by before it; and those that stand before what follows.

    What stands beside it in another branch is none of them, for a branch of a fork too.
    """
    found: dict[str, tuple[str, ...]] = {}
    for step in steps:
        if isinstance(step, Send):
            found[step.id] = passed
        if isinstance(step, Randomize):
            passed = (*passed, step.id)
        behind = passed
        for _, inner in branches_of(step):
            within, after = arms_before(inner, passed)
            found |= within
            behind += tuple(name for name in after if name not in behind)
        passed = behind
    return found, passed


def branches_of(step: JourneyStep) -> tuple[tuple[str, tuple[JourneyStep, ...]], ...]:
    """The branches inside a step by name, each with its steps; of a hold also its timeout, last, if it has a duration."""
    match step:
        case Hold(branches=branches, timeout=timeout, duration=duration):
            inner = tuple((branch.name, branch.steps) for branch in branches)
            return inner if duration is None else (*inner, (TIMEOUT, timeout))
        case Split(branches=branches) | Fork(branches=branches):
            return tuple((branch.name, branch.steps) for branch in branches)
        case Randomize(branches=arms):
            return tuple((arm.name, arm.steps) for arm in arms)
        case _:
            return ()
