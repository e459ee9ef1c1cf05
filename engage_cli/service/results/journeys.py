"""What ticks show, and the list of journeys."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from engage_cli.journeys.samples import JourneySample
from engage_cli.service.results.common import DataReport, Timing
from engage_cli.service.results.syncs import SyncChange


class JourneyRow(Struct, frozen=True):
    """A journey: whether it runs, who enters, how many steps it has, and where it is defined."""

    name: str
    status: str
    entry: str
    steps: int
    description: str
    file: str
    line: int


class JourneyChange(Struct, frozen=True):
    """What a tick did with a journey: how many entered, moves, instances that ended, messages that are meant."""

    name: str
    entered: int
    moved: int
    ended: int
    sent: int = 0


class MessageCount(Struct, frozen=True):
    """How many messages of a campaign a run sent, skipped for a reason, or left for a later run: `outcome` is `sent`, the reason, or
    `deferred`."""

    kind: str
    campaign: str
    outcome: str
    count: int


class TickResult(Struct, frozen=True):
    """A tick. `run` is the run that it was, None for a dry run or where there was nothing to do; `unchanged` the journeys that stood
    there already."""

    as_of: datetime
    dry_run: bool
    run: str | None
    journeys: tuple[JourneyChange, ...]
    unchanged: tuple[str, ...]
    written: tuple[Path, ...]
    data: DataReport
    syncs: tuple[SyncChange, ...] = ()
    """What lists at destinations were told, in the order of the names; `audience` is the list's."""
    recovered: tuple[str, ...] = ()
    """What an interrupted run had left, in words, and what was done about it."""
    samples: Mapping[str, JourneySample] = field(default_factory=dict)
    """Some of what happened, by journey; only where asked for."""
    timings: tuple[Timing, ...] = ()
    messages: tuple[MessageCount, ...] = ()

    @property
    def would_change(self) -> bool:
        """Whether anybody entered, moved or left, or a list is told something."""
        told = any((sync.added or sync.removed) and not sync.held for sync in self.syncs)
        return told or any(one.entered or one.moved or one.ended for one in self.journeys)

    @property
    def held(self) -> tuple[SyncChange, ...]:
        """What `guard` held back."""
        return tuple(sync for sync in self.syncs if sync.held)
