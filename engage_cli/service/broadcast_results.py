"""What commands about broadcasts give back: plain values that the command line renders as tables, text or JSON."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from engage_cli.broadcasts.counting import Waterfall
from engage_cli.service.results.common import DataReport, Timing
from engage_cli.service.results.syncs import SyncChange


class BroadcastChange(Struct, frozen=True):
    """A broadcast that a run did something for. `sending_at` is its own instant; `is_new`: its recipients were found by this run.

    `waterfall` counts all its recipients, those of earlier runs too; `sent` and `skipped` are what this run decided, in recipients.
    `next_at` is when the next of those deferred is due; `warning` in words what the reader should know.
    """

    name: str
    sending_at: datetime
    is_new: bool
    waterfall: Waterfall
    sent: int
    skipped: int
    winner: str | None = None
    next_at: datetime | None = None
    warning: str | None = None


class Refused(Struct, frozen=True):
    """A broadcast that is due and is not sent: why, and what to do about it."""

    name: str
    message: str
    hint: str

    @property
    def why(self) -> str:
        """The message of those who only look."""
        return self.message.removesuffix(": nothing was sent")


class BroadcastSample(Struct, frozen=True):
    """A message of a broadcast, as it would be sent: `line` has the fields of a file of messages."""

    user_id: str
    variant: str | None
    line: Mapping[str, Any]


class TrialRun(Struct, frozen=True):
    """What a dry run of one broadcast shows beside its counts: messages, and of text messages how many are of how many segments.

    `problems` are what would keep it, or some of its messages, from being sent, in words; `missing` what it takes that this environment
    does not have.
    """

    samples: tuple[BroadcastSample, ...] = ()
    segments: tuple[tuple[int, int], ...] = ()
    problems: tuple[str, ...] = ()
    missing: str | None = None


class BroadcastsResult(Struct, frozen=True):
    """What a run did for broadcasts, or in a dry run would do. `run` is the run that it was, None where there was nothing to commit.

    `idle` are those for which nothing was due, with the reason in words.
    """

    as_of: datetime
    dry_run: bool
    run: str | None
    broadcasts: tuple[BroadcastChange, ...]
    idle: tuple[tuple[str, str], ...]
    written: tuple[Path, ...]
    data: DataReport
    refused: tuple[Refused, ...] = ()
    recovered: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    trial: TrialRun | None = None
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Some of those who are written to, by broadcast; only where asked for."""

    @property
    def would_change(self) -> bool:
        """Whether recipients are found, or anybody is decided about."""
        return any(one.is_new or one.sent or one.skipped or one.winner for one in self.broadcasts)

    @property
    def syncs(self) -> tuple[SyncChange, ...]:
        """Broadcasts put nobody on lists."""
        return ()

    @property
    def held(self) -> tuple[SyncChange, ...]:
        """So no guard holds anything back."""
        return ()
