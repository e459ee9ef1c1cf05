"""The project: `engage.yaml` as typed values."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from msgspec import Struct, field

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.destinations import Destination
from engage_cli.definitions.forgotten import NOBODY, Forgotten
from engage_cli.definitions.identity import Identity
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import ClockTime, SetTrait
from engage_cli.definitions.outcomes import Outcomes
from engage_cli.definitions.paths import Path
from engage_cli.definitions.sending import MessagesDestination
from engage_cli.definitions.template import Templates
from engage_cli.definitions.trait import Trait
from engage_cli.definitions.values import Duration
from engage_cli.source import Issue, Span


class MissingFile(StrEnum):
    """What to do when a file that an earlier run read is gone."""

    ERROR = "error"
    KEEP = "keep"
    DROP = "drop"


class Source(Struct, frozen=True):
    """Files of one shape.

    `path` is a local path relative to the project folder (or absolute), an `s3://` or `https://` address, and may be a glob.
    `columns` maps the field that engage knows (`user_id`, `event`, `timestamp`, `message_id` under the key `id`,
    `properties`, …) to the column in the files; a field that is not mapped is looked for under its own name (`id` under
    `message_id`). `timezone` is of instants without an offset. `segment`: the files hold raw Segment calls, whose fields have names of
    their own.
    """

    path: str
    columns: Mapping[str, str]
    timezone: str
    on_missing_file: MissingFile
    span: Span
    segment: bool = False


class Entity(Struct, frozen=True):
    """A further table of the warehouse: rows with a key, linked to users, accounts or rows of other entities.

    `key` is the column that names a row, `links` says by what a row is linked (`user`, `account`, or an entity's name) which column holds
    the id or key of that. In `source.columns` a name stands for the column of the files that it renames.
    """

    name: str
    source: Source
    key: str
    links: Mapping[str, str]
    span: Span

    @property
    def meaning(self) -> str:
        """All that the meaning of a condition on it rests on, but the data."""
        source = self.source
        return repr((self.name, source.path, sorted(source.columns.items()), source.timezone, self.key, sorted(self.links.items())))


FROM_CALLS = ("profiles", "accounts", "memberships")
"""The kinds of which raw Segment calls have rows, beside events."""
ENTITIES = "entities"
KINDS = ("events", "profiles", "accounts", "memberships", "consents", "suppressions", ENTITIES)
"""All kinds of sources."""


class Sources(Struct, frozen=True):
    """Everything that a project reads. Several entries of one kind are one relation. `identity`: how its users are joined, if they are.
    Rows of people who are `forgotten` count as if they were not there."""

    events: tuple[Source, ...] = ()
    profiles: tuple[Source, ...] = ()
    accounts: tuple[Source, ...] = ()
    memberships: tuple[Source, ...] = ()
    consents: tuple[Source, ...] = ()
    suppressions: tuple[Source, ...] = ()
    identity: Identity | None = None
    entities: tuple[Entity, ...] = ()
    forgotten: Forgotten = NOBODY

    @property
    def segment(self) -> tuple[Source, ...]:
        """The sources of raw Segment calls. They stand among those of events."""
        return tuple(source for source in self.events if source.segment)

    def of(self, kind: str) -> tuple[Source, ...]:
        """The sources that have rows of a kind: its own, and raw Segment calls, which name users and accounts too."""
        own: tuple[Source, ...] = getattr(self, kind)
        return (*own, *self.segment) if kind in FROM_CALLS else own

    def declared(self, kind: str) -> tuple[Source, ...]:
        """The sources that engage.yaml declares as those of a kind (`events`, …, or `entities`: of all of them)."""
        if kind == ENTITIES:
            return tuple(entity.source for entity in self.entities)
        own: tuple[Source, ...] = getattr(self, kind)
        return own

    def entity(self, name: str) -> Entity:
        """The entity of a name that is declared."""
        return next(entity for entity in self.entities if entity.name == name)


class Channel(Struct, frozen=True):
    """A way to reach people. `address` is the trait that holds the address, `sender` who writes where a template does not say."""

    name: str
    address: Path
    sender: str | None = None


class Language(Struct, frozen=True):
    """In what language a person is written to: that of a trait, if templates are written in it, else the `default` of all templates."""

    trait: Path | None = None
    default: str = "en"


class Urls(Struct, frozen=True):
    """Addresses of the project's own pages, with `{token}` or `{message_id}` in them; None: not declared."""

    unsubscribe: str | None = None
    preferences: str | None = None
    view: str | None = None


class QuietHours(Struct, frozen=True):
    """The time of day in which nobody is written to, on the person's clock: from `start` until `end`, over midnight where it is no
    later."""

    start: ClockTime
    end: ClockTime

    def cover(self, minutes: int) -> bool:
        """Whether a time of day, in minutes from midnight, is quiet."""
        if self.start < self.end:
            return self.start.minutes <= minutes < self.end.minutes
        return minutes >= self.start.minutes or minutes < self.end.minutes


class Cap(Struct, frozen=True):
    """At most so many messages in so long to one person; `channel` None: of all channels together."""

    at_most: int
    per: Duration
    channel: str | None = None

    def __str__(self) -> str:
        return f"at most {self.at_most} {f'{self.channel} ' if self.channel else ''}per {self.per}"


class Holdout(Struct, frozen=True):
    """The share of people, in millionths of a percent, who get no marketing. `salt` says who they are."""

    millionths: int
    salt: str


class Messaging(Struct, frozen=True):
    """What `messaging` says of who is written to how. Channels and groups in the order written; none: any name will do."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    language: Language = Language()
    urls: Urls = Urls()
    outcomes: Outcomes = field(default_factory=Outcomes)
    quiet_hours: QuietHours | None = None
    caps: tuple[Cap, ...] = ()
    holdout: Holdout | None = None


class EngineSettings(Struct, frozen=True):
    """What DuckDB may use. `memory_limit` as DuckDB writes it (`4GB`), `threads` None for every core."""

    memory_limit: str
    threads: int | None
    temp_directory: str


class Config(Struct, frozen=True):
    """`engage.yaml`. Paths are relative to the project folder. `store` is None where files are to be read at every run."""

    project: str
    timezone: str
    state: str
    store: str | None
    outputs: str
    late_window: Duration
    engine: EngineSettings
    sources: Sources
    destinations: Mapping[str, Destination]
    messaging: Messaging = Messaging()
    person_timezone: Path | None = None
    """The trait that holds a person's own time zone."""
    senders: Mapping[str, MessagesDestination] = field(default_factory=dict)
    """The destinations of messages, in the order written."""


class Project(Struct, frozen=True, dict=True):
    """A project folder, read whole: its settings and its definitions by name, in name order."""

    folder: str
    config: Config
    audiences: Mapping[str, Audience]
    texts: Mapping[str, str]
    """The text of every definition file by its path from the folder, for excerpts and hashes."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    templates: Templates = field(default_factory=Templates)
    journeys: Mapping[str, Journey] = field(default_factory=dict)
    broadcasts: Mapping[str, Broadcast] = field(default_factory=dict)
    remarks: tuple[Issue, ...] = ()
    """What is not wrong, but should be known: warnings and notes, in the order of their places."""

    @cached_property
    def set_traits(self) -> frozenset[str]:
        """The traits that steps of journeys set. Kept, since every definition's plan asks."""
        steps = (step for journey in self.journeys.values() for step in journey.all_steps())
        return frozenset(step.trait for step in steps if isinstance(step, SetTrait))
