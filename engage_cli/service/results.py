"""What the use cases give back: plain values that the command line renders as tables, text or JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Cost, InputFile, Reject
from engage_cli.journeys.samples import JourneySample
from engage_cli.messaging.sms import Sms
from engage_cli.source import Issue
from engage_cli.state.membership import Comings


@dataclass(frozen=True, slots=True)
class Timing:
    """What a stage of a run took, in seconds of wall clock and of processor. Shown with --verbose, never written to a file."""

    stage: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Looked:
    """How many users a run looked at, and for which audiences only at those who can have changed; else in words why at everybody."""

    users: int
    audiences: tuple[str, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was read: shown after every command that reads data, where there is something to say."""

    files: tuple[InputFile, ...] = ()
    events_read: int = 0
    events_staged: int = 0
    duplicates: int = 0
    future_events: int = 0
    repeated_profiles: int = 0
    repeated_keys: Mapping[str, int] = field(default_factory=dict)
    """By entity how many of its keys stand in more than one row."""
    anonymous_calls: int = 0
    """Raw Segment calls of people who are known only by an anonymous id, which are left out."""
    forgotten_rows: int = 0
    """Rows of people who were forgotten, which are left out."""
    users: int = 0
    ingested: tuple[str, ...] = ()
    """Files of events that were read; the others were in the event store."""
    store_note: str | None = None
    """Why the event store was made anew, where it was."""
    rejects: tuple[Reject, ...] = ()
    rejects_file: Path | None = None
    """Where the rejected rows were written; None in a dry run, or where there are none."""
    vanished: tuple[str, ...] = ()
    """Files that an earlier run read, that are gone, and whose rows are dropped by `on_missing_file: drop`."""
    kept: tuple[str, ...] = ()
    """Files that are gone, and whose rows count by `on_missing_file: keep`."""
    left: tuple[str, ...] = ()
    """Files of events that changed while they were read: their rows are those of the run before, and the next one reads them."""


@dataclass(frozen=True, slots=True)
class AudienceChange:
    """One audience of a build. `unchanged`: it had been built at this instant from the same definition and files, so nothing was done."""

    name: str
    size: int
    entered: int
    exited: int
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class SyncChange:
    """What a destination is told of an audience in a build: how many come and go (of a list: rows), of so many that it `knew`.

    `changed` of these are different now. `held`: `guard` held it back. `in_step`: it is told the audience's changes of this run, as
    calls. `without`: members of whom a list's columns hold nothing that tells who they are.
    """

    destination: str
    audience: str
    added: int
    removed: int
    knew: int
    changed: int
    held: bool = False
    in_step: bool = False
    without: int = 0


@dataclass(frozen=True, slots=True)
class BuildResult:
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


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One line of `audience list`. The last four are None for an audience that was never built."""

    name: str
    description: str
    file: str
    line: int
    size: int | None = None
    as_of: datetime | None = None
    entered: int | None = None
    exited: int | None = None


@dataclass(frozen=True, slots=True)
class IdentifierCount:
    """How many members have an identifier: a trait such as `email`, `phone`, or the user id itself."""

    name: str
    members: int


@dataclass(frozen=True, slots=True)
class Preview:
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


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event that bears on a leaf. `properties` is JSON text."""

    event: str
    timestamp: datetime
    message_id: str
    properties: str


@dataclass(frozen=True, slots=True)
class Explained:
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


@dataclass(frozen=True, slots=True)
class Explanation:
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


@dataclass(frozen=True, slots=True)
class Overlap:
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


@dataclass(frozen=True, slots=True)
class Export:
    """Members written to a file of the user's choice. `path` None: the rows are `lines`, for standard output."""

    name: str
    as_of: datetime
    rows: int
    path: Path | None
    lines: tuple[str, ...] = ()
    data: DataReport | None = None
    of: Subject = Subject.USERS


@dataclass(frozen=True, slots=True)
class JourneyRow:
    """A journey: whether it runs, who enters, how many steps it has, and where it is defined."""

    name: str
    status: str
    entry: str
    steps: int
    description: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class TraitBuilt:
    """One trait of a build: how many have a value, of how many it changed, and of these how many have none any more.

    `unchanged`: it had been built at this instant from the same definition and files, so nothing was done.
    """

    name: str
    of: str
    values: int
    changed: int
    cleared: int
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class TraitSync:
    """What a destination is told of a trait: how many values, and how many it is to forget. `whole`: not the changes of this run alone."""

    destination: str
    trait: str
    values: int
    cleared: int
    whole: bool


@dataclass(frozen=True, slots=True)
class TraitBuildResult:
    """What a build of traits did, or in a dry run would do. `run` is the run's name, None where nothing was committed."""

    as_of: datetime
    dry_run: bool
    run: str | None
    traits: tuple[TraitBuilt, ...]
    syncs: tuple[TraitSync, ...]
    written: tuple[Path, ...]
    """Folders that were written, relative to the project folder."""
    data: DataReport
    full: bool = False
    """Whether destinations were told everything once more."""
    recovered: tuple[str, ...] = ()
    """What an interrupted run had left, in words, and what was done about it."""

    @property
    def would_change(self) -> bool:
        """Whether any value changed, or anybody is told something."""
        return any(trait.changed for trait in self.traits) or bool(self.syncs)


@dataclass(frozen=True, slots=True)
class TraitRow:
    """A computed trait: what it is computed of, in words, and where it is defined."""

    name: str
    of: str
    description: str
    computed: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class TraitValue:
    """The value of a computed trait as JSON text; None where it is missing."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class TraitsShown:
    """The computed traits of one user or account. `known`: it is in the data."""

    subject_id: str
    of: Subject
    as_of: datetime
    known: bool
    values: tuple[TraitValue, ...]
    data: DataReport | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything that can be said before a run. `issues` holds errors and warnings in file order."""

    definitions: int
    issues: tuple[Issue, ...]
    data: DataReport | None
    """None where the definitions are broken or the data was not looked at."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of a file that was not imported: its number (the first line is 1), a stable short name of what is wrong, and that in words."""

    row: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """How many rows or users have a status of a channel, or of a group on it."""

    channel: str
    group: str | None
    status: str
    number: int


@dataclass(frozen=True, slots=True)
class ConsentImport:
    """What an import of consents did, or in a dry run would do. `known` rows said what was known before."""

    file: Path
    as_of: datetime
    dry_run: bool
    rows: int
    added: int
    known: int
    refused: tuple[RefusedRow, ...]
    counts: tuple[ConsentCount, ...]
    """What was added."""
    errors_file: Path | None
    """Where the refused rows were written, where there are any and it was no dry run."""
    written: Path | None
    """The file of what was added, from the project's folder."""


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What a row says that counts, and the state that it comes to: a group of a channel that was left is left."""

    channel: str
    group: str | None
    status: str
    updated_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class ConsentStates:
    """The subscription states of one user, or (`user` None) how many users have which, as of an instant."""

    as_of: datetime
    user: str | None
    states: tuple[ConsentState, ...]
    counts: tuple[ConsentCount, ...]
    data: DataReport


@dataclass(frozen=True, slots=True)
class StateFinding:
    """One broken invariant of the state: what, and what to do."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class InitResult:
    """A starter project: the folder, and its files relative to it."""

    folder: Path
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JourneyChange:
    """What a tick did with a journey: how many entered, moves, instances that ended, messages that are meant."""

    name: str
    entered: int
    moved: int
    ended: int
    sent: int = 0


@dataclass(frozen=True, slots=True)
class MessageCount:
    """How many messages of a campaign a run sent, skipped for a reason, or left for a later run: `outcome` is `sent`, the reason, or
    `deferred`."""

    kind: str
    campaign: str
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class TickResult:
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


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """A message rendered for one user. `to` is their address as the data has it, `sms` what the text is as a text message.

    `is_clipped`: Gmail cuts an email that large. `files` are paths from the
    project's folder.
    """

    template: str
    user: str
    channel: str
    language: str
    as_of: datetime
    to: object
    sender: str | None
    reply_to: str | None
    subject: str | None
    text: str
    sms: Sms | None
    bytes: int
    is_clipped: bool
    files: tuple[Path, ...]
    data: DataReport


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What the token of an unsubscribe link stands for, and the row of consents that follows from it."""

    user: str
    channel: str
    group: str | None
    message: str | None
    row: str


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    """A message that was not taken: what became of it, and the server's words."""

    message_id: str
    fate: str
    code: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class ChannelDelivery:
    """What became of a run's messages on a channel. `destination` is None where none of engage.yaml takes them: nothing was done.

    `before` were settled by earlier deliveries; `left` are those that were not looked at because everything stopped. In a dry run `sent`
    are those that would be.
    """

    run: str
    channel: str
    destination: str | None
    messages: int
    before: int = 0
    sent: int = 0
    refused: int = 0
    waiting: int = 0
    uncertain: int = 0
    skipped: int = 0
    expired: int = 0
    left: int = 0
    failures: tuple[DeliveryFailure, ...] = ()
    """The first of those that need a look."""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """A delivery. `lost`: of so many messages an earlier one, which was cut off, left it open whether they were sent; `stopped` says why
    this one ended early."""

    as_of: datetime
    dry_run: bool
    channels: tuple[ChannelDelivery, ...]
    lost: int
    stopped: str | None
    hint: str | None
    log: Path
    data: DataReport

    @property
    def is_whole(self) -> bool:
        """Whether every message that was looked at came to its end as it should."""
        return self.stopped is None and not self.lost and not any(one.refused or one.waiting or one.uncertain for one in self.channels)
