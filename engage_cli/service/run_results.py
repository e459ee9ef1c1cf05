"""What `engage run` and `engage plan` give back: plain values that the command line renders."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.service.broadcast_results import BroadcastsResult, Refused
from engage_cli.service.results.audiences import BuildResult
from engage_cli.service.results.journeys import TickResult
from engage_cli.service.results.syncs import SyncChange
from engage_cli.service.results.traits import TraitBuildResult
from engage_cli.service.stages import Stage

StageResult = TraitBuildResult | BuildResult | TickResult | BroadcastsResult


class StageDone(Struct, frozen=True):
    """A stage, and what it did, or would do."""

    stage: Stage
    result: StageResult


class Stopped(Struct, frozen=True):
    """The stage that could not be done, and why; none after it was begun."""

    stage: Stage
    error: Exception


class Defined(StrEnum):
    """What a definition is of."""

    TRAIT = "trait"
    AUDIENCE = "audience"
    JOURNEY = "journey"
    BROADCAST = "broadcast"


class EditKind(StrEnum):
    """What became of a definition, or of a step, since the state was last told of it."""

    NEW = "new"
    EDITED = "edited"  # it, or what it rests on
    REMOVED = "removed"


class StepEdit(Struct, frozen=True):
    """A step of a journey that differs in its new version, and how many people stand there by the one before."""

    step: str
    change: EditKind
    people: int


class VersionInside(Struct, frozen=True):
    """People in a version of an edited journey, and in words what becomes of them."""

    version: int
    people: int
    becomes: str


class Waiting(Struct, frozen=True):
    """People who wait for a message of a broadcast, and in words what becomes of them."""

    people: int
    becomes: str


class Edit(Struct, frozen=True):
    """A definition that is not what the state was last told of.

    Of a journey also its new version (None where there is none), the steps that changed, and who is inside; of a broadcast who waits.
    """

    kind: Defined
    name: str
    change: EditKind
    version: int | None = None
    steps: tuple[StepEdit, ...] = ()
    inside: tuple[VersionInside, ...] = ()
    waiting: Waiting | None = None

    @property
    def is_taken_up(self) -> bool:
        """Whether a run takes it up. Of a broadcast it keeps what it found at first, whatever the file says by now."""
        return self.waiting is None


class RunResult(Struct, frozen=True):
    """A run of everything at one instant, or what one would do. `edits` are those of a dry run, `missing` what it says that a run takes
    and this environment does not have. `stopped`: a run that ended before its last stage; those done are committed."""

    as_of: datetime
    dry_run: bool
    stages: tuple[StageDone, ...]
    edits: tuple[Edit, ...] = ()
    missing: str | None = None
    stopped: Stopped | None = None

    @property
    def would_change(self) -> bool:
        """Whether a stage changes anything, or a definition is another."""
        return any(edit.is_taken_up for edit in self.edits) or any(done.result.would_change for done in self.stages)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The broadcasts that were due and not sent."""
        return tuple(one for done in self.stages if isinstance(done.result, BroadcastsResult) for one in done.result.refused)

    @property
    def held(self) -> tuple[SyncChange, ...]:
        """What guards held back."""
        return tuple(sync for done in self.stages if not isinstance(done.result, TraitBuildResult) for sync in done.result.held)
