"""The journey definition: how people enter, what happens to them step by step, and when they leave."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.conditions import ENDED, INSIDE, Condition
from engage_cli.definitions.journey_steps import JourneyStep, Occurrence, walk
from engage_cli.definitions.paths import Path
from engage_cli.definitions.values import Day, Duration, Instant
from engage_cli.source import Span


class JourneyStatus(StrEnum):
    """Whether a journey runs. DRAFT: never; PAUSED: nobody enters, the rest go on; ARCHIVED: nothing moves."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ARCHIVED = "archived"


class OnChange(StrEnum):
    """What becomes of the people inside when a live journey is edited."""

    FINISH = "finish"
    MOVE = "move"
    EXIT = "exit"


class EndReason(StrEnum):
    """Why an instance ended, beside the reasons that `exit` steps name; `journey: …, status:` asks for either."""

    COMPLETED = "completed"
    """It came to the end of its path."""
    EXITED = "exited"
    """An exit rule was met."""
    GOAL = "goal"
    """The goal was reached, and says `exit: true`."""
    STOPPED = "stopped"
    """By hand, on the command line."""
    CHANGED = "changed"
    """The definition was edited, and says `on_change: exit`, or `move` to a step that is not there any more."""


RESERVED_REASONS = frozenset({INSIDE, ENDED, *EndReason})
"""What `exit` steps cannot give as their reason."""

# ---- entry, exits, goal --------------------------------------------------------------------------------------------


class Never(Struct, frozen=True):
    """`reentry: never`: once for each user, or user and key."""


class Always(Struct, frozen=True):
    """`reentry: always`: whenever no instance of the user (and key) is open."""


class After(Struct, frozen=True):
    """`reentry: {after: 30 days}`: so long after the last instance of the user (and key) ended."""

    duration: Duration


Reentry = Never | Always | After


class EntryOn(Struct, frozen=True):
    """An event enters. `condition` (`if`) is asked as of the event; `key` is the property of which each value has an instance of its own.

    `since`: events before it never enter; None: from the time when the journey first went live.
    """

    on: Occurrence
    span: Span
    condition: Condition | None = None
    key: Path | None = None
    reentry: Reentry = Never()
    since: Instant | Day | None = None


class EntryWhen(Struct, frozen=True):
    """A condition that becomes true enters. `backfill`: once, also those for whom it is true already."""

    condition: Condition
    span: Span
    reentry: Reentry = Never()
    backfill: bool = False
    since: Instant | Day | None = None

    @property
    def key(self) -> None:
        """There is no event whose property could be a key."""
        return None


Entry = EntryOn | EntryWhen


class ExitOn(Struct, frozen=True):
    """The instance ends at the next such event."""

    on: Occurrence
    span: Span


class ExitWhen(Struct, frozen=True):
    """The instance ends as soon as the condition is true."""

    condition: Condition
    span: Span


class ExitAfter(Struct, frozen=True):
    """The instance ends so long after its entry."""

    duration: Duration
    span: Span


ExitRule = ExitOn | ExitWhen | ExitAfter


class Goal(Struct, frozen=True):
    """What the journey is for: reached by such an event, no later than `within` after the entry (`for` in YAML; None: at any time).

    `exit`: reaching it ends the instance, too.
    """

    on: Occurrence
    span: Span
    within: Duration | None = None
    exit: bool = False


# ---- the journey ---------------------------------------------------------------------------------------------------

ENTRY = "entry"
"""The name under which the context has the event that entered."""


class Journey(Struct, frozen=True):
    """A named journey. Steps have ids, written or derived from where they stand; `all_steps` has each once."""

    name: str
    description: str
    status: JourneyStatus
    entry: Entry
    exits: tuple[ExitRule, ...]
    goal: Goal | None
    steps: tuple[JourneyStep, ...]
    on_change: OnChange
    exclude_previous: bool
    span: Span
    """Of the definition's name."""

    @property
    def key(self) -> Path | None:
        """The property of the entry event that has an instance for each of its values."""
        return self.entry.key

    def all_steps(self) -> Iterator[JourneyStep]:
        """Every step, also those inside others, in the order written."""
        return walk(self.steps)
