"""What the commands about audiences show."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Cost
from engage_cli.service.results.common import DataReport, Looked, Timing
from engage_cli.service.results.syncs import SyncChange
from engage_cli.state.membership import Comings


class AudienceChange(Struct, frozen=True):
    """One audience of a build. `unchanged`: it had been built at this instant from the same definition and files, so nothing was done."""

    name: str
    size: int
    entered: int
    exited: int
    unchanged: bool = False


class BuildResult(Struct, frozen=True):
    """What a build did, or in a dry run would do. `run` is the run's folder name, None where nothing was committed."""

    as_of: datetime
    dry_run: bool
    run: str | None
    audiences: tuple[AudienceChange, ...]
    written: tuple[Path, ...]
    """Folders and files that were written, relative to the project folder."""
    data: DataReport
    syncs: tuple[SyncChange, ...] = ()
    """What destinations were told, in the order of their names."""
    recovered: tuple[str, ...] = ()
    """What an interrupted run had left, in words, and what was done about it."""
    looked: Looked | None = None
    """Who was looked at; only with `verbose`."""
    timings: tuple[Timing, ...] = ()
    costs: tuple[Cost, ...] = ()
    """What each relation cost, in order; only with `verbose`."""
    sql: Mapping[str, str] = field(default_factory=dict)
    """The statements that ran, by relation, in order; only with `verbose`."""
    samples: Mapping[str, Comings] = field(default_factory=dict)
    """Some of those who come and go, by audience; only where asked for."""

    @property
    def would_change(self) -> bool:
        """Whether anybody entered or exited, or a destination is told something."""
        told = any((sync.added or sync.removed) and not sync.held for sync in self.syncs)
        return told or any(audience.entered or audience.exited for audience in self.audiences)

    @property
    def held(self) -> tuple[SyncChange, ...]:
        """What `guard` held back."""
        return tuple(sync for sync in self.syncs if sync.held)


class AudienceRow(Struct, frozen=True):
    """One line of `audience list`. The last four are None for an audience that was never built."""

    name: str
    description: str
    file: str
    line: int
    size: int | None = None
    as_of: datetime | None = None
    entered: int | None = None
    exited: int | None = None


class IdentifierCount(Struct, frozen=True):
    """How many members have an identifier: a trait such as `email`, `phone`, or the user id itself."""

    name: str
    members: int


class Preview(Struct, frozen=True):
    """An audience looked at without a run: its size and share of the universe, and a sample of members with the traits that matter."""

    name: str
    as_of: datetime
    size: int
    universe: int
    columns: tuple[str, ...]
    """`user_id` or `account_id`, then the traits that the definition compares or sends along."""
    sample: tuple[tuple[str | None, ...], ...]
    identifiers: tuple[IdentifierCount, ...]
    data: DataReport
    of: Subject = Subject.USERS


class EventShown(Struct, frozen=True):
    """An event that bears on a leaf. `properties` is JSON text; `steps` are those of a sequence that it meets by itself, counted from 1
    without those that say `not` (none: it is one that must not come)."""

    event: str
    timestamp: datetime
    message_id: str
    properties: str
    steps: tuple[int, ...] = ()


class Explained(Struct, frozen=True):
    """One part of an explanation: the condition in one line, whether it holds, why, and its parts."""

    text: str
    file: str
    line: int
    holds: bool
    values: tuple[tuple[str, str | None], ...] = ()
    """What was compared: (trait or measure, its value; None is missing)."""
    events: tuple[EventShown, ...] = ()
    """The newest of the events that match, where there are any."""
    matching: int | None = None
    """How many events match, where the part is about events."""
    missing: str | None = None
    """Where the part does not hold: what is missing, in one sentence."""
    rows: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Where the part is about rows of entities and holds: of each entity the keys of those that match."""
    parts: tuple["Explained", ...] = ()


class Explanation(Struct, frozen=True):
    """Why a user is or is not in an audience. `known` is False for a user that no source names by as_of."""

    audience: str
    user: str
    as_of: datetime
    known: bool
    member: bool
    tree: Explained | None
    since: datetime | None
    """When the user entered, by the state; None where they are not inside by the last build."""
    nearest_user: str | None = None
    """For an unknown user: a known id that differs only in case, spaces or leading zeros."""
    left_out: bool = False
    """They are known only anonymously, and the audience leaves such people out, whatever its condition says."""
    data: DataReport | None = None


class Overlap(Struct, frozen=True):
    """Two audiences side by side."""

    left: str
    right: str
    as_of: datetime
    left_size: int
    right_size: int
    both: int
    data: DataReport | None = None

    @property
    def only_left(self) -> int:
        return self.left_size - self.both

    @property
    def only_right(self) -> int:
        return self.right_size - self.both


class Export(Struct, frozen=True):
    """Members written to a file of the user's choice. `path` None: the rows are `lines`, for standard output."""

    name: str
    as_of: datetime
    rows: int
    path: Path | None
    lines: tuple[str, ...] = ()
    data: DataReport | None = None
    of: Subject = Subject.USERS
