"""What a plan needs of the data, and what the staged data is like: the seam between the compiler and the engine.

The engine stages, for one run at one instant, temporary relations of the shape of the event store:

`users(user_key INTEGER, user_id VARCHAR)`
    the universe: every user in profiles, memberships or consents (of dated rows: by as_of), or with an event by as_of. Keys are
    internal, in no order.
`events(user_key INTEGER, event_key INTEGER, ts TIMESTAMP, message_id VARCHAR, file_key INTEGER, <columns>)`
    mostly sorted by (event_key, ts), deduplicated by message id, no event after as_of. `file_key` is of the file that brought it.
`traits(user_key INTEGER, <columns>)`
    at most one row a user: the traits as of the run's instant.
`consents(user_key INTEGER, channel VARCHAR, "group" VARCHAR, status VARCHAR)`
    at most one row a user, channel and group (NULL: the channel as a whole): the subscription states as of the run's instant. Only where
    a plan needs it, and of the channels that it needs.
`suppressed_hash(kind VARCHAR, hash VARCHAR)`
    whom nothing may ever be sent to, each once, by the hex SHA-256 of a user's id (kind `user`) or of an address (`address`): of the rows
    of `sources.suppressions`, and of people who were forgotten. An address is hashed in the form of the macro `address_form` (in Python
    definitions/forgotten.py). So a user is suppressed where `('user', sha256(user_id))` is among the rows, an address where
    `('address', sha256(address_form(address)))` is. Wherever `consents` is, and `with_suppressions`.

Where a plan asks about accounts, also:

`accounts(account_key INTEGER, account_id VARCHAR)`
    every account in accounts or memberships (of dated rows: by as_of). Keys are internal, in no order, and below 0: no user has one.
`account_traits(account_key INTEGER, <columns>)`
    at most one row an account: its traits as of the run's instant.
`members(user_key INTEGER, account_key INTEGER)`
    which user belongs to which account, each pair once, of `users` and `accounts`.

Where subjects are asked about as of instants of their own (`dated`), also what was so over [since, until), until NULL: to this day. What
has no instant was always so (since 0001-01-01); of rows at one instant the last in their order counts alone:

`trait_history(user_key INTEGER, since TIMESTAMP, until TIMESTAMP, <columns>)`
    the traits of a user. For each trait of `set_traits` that is read also `<trait>:said_at TIMESTAMP`: when a source last said it, NULL
    where none has.
`consent_history(user_key INTEGER, channel VARCHAR, "group" VARCHAR, status VARCHAR, since TIMESTAMP, until TIMESTAMP)`
    the subscription states. Only where a plan asks for channels.
`account_trait_history(account_key INTEGER, since TIMESTAMP, until TIMESTAMP, <columns>)`, `membership_history(user_key INTEGER,
account_key INTEGER, since TIMESTAMP)`
    where a plan asks about accounts. A membership has no end.

`entity_<name>(row_key INTEGER, row_id VARCHAR, user_key INTEGER, account_key INTEGER, to_<entity> INTEGER…, <columns>)`
    the rows of an entity that a plan asks about, one a key (`row_id`). `user_key` and `account_key` are of what the row is linked to, NULL
    where that is nobody who is known (`account_key` only where a plan asks about accounts); `to_<entity>` is the `row_key` of the row that
    it is linked to, for each link to an entity that the plan asks about. Where it is needed whole, also `row JSON`: the row as it stands,
    without what is missing.
`linked_<name>`
    the same, where it is read for the users and accounts that its rows are linked to.

`trait_course(user_key INTEGER, trait VARCHAR, value JSON, since TIMESTAMP, until TIMESTAMP)`, `account_trait_course(account_key, …)`
    where a plan has traits that it reads as recorded: what each was from `since` on, until `until` (NULL: to this day), where it was
    not missing. Made by service/trait_courses.py, not by the engine. In a plan at one instant only what was so at that instant.

`list_<n>(value VARCHAR)`
    the distinct values of one `in_file` list, none missing.

Each column is a (path, reading), named `path:reading`, as docs/values.md says a value is read; NULL is "does not read so".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from engage_cli.definitions.paths import Path, path_of
from engage_cli.records import replace

USER_ID = path_of("user_id")
"""The trait that is no trait: the user's id."""
ACCOUNT_ID = path_of("account_id")
"""The same of an account."""


class Reading(StrEnum):
    """How a value is read into a typed column; the SQL type stands behind each."""

    TEXT = "text"  # VARCHAR
    NUMBER = "number"  # DOUBLE
    BOOLEAN = "boolean"  # BOOLEAN
    INSTANT = "instant"  # TIMESTAMP, UTC
    PRESENT = "present"  # BOOLEAN: TRUE or NULL; not missing, whatever it is
    ELEMENTS = "elements"  # JSON[]: the elements, where the value is a list; else NULL
    VALUE = "value"  # JSON: the value as it stands; NULL where missing


class Column(Struct, frozen=True):
    """One reading of one path. The path holds no `[]`."""

    path: Path
    reading: Reading

    @property
    def name(self) -> str:
        """The column's name in a staged relation."""
        return f"{self.path.text}:{self.reading.value}"


def said_at(trait: str) -> str:
    """The column of `trait_history` that says when a source last said a trait."""
    return f"{trait}:said_at"


class EventNeed(Struct, frozen=True):
    """Events of these names (each may hold `*`) with `since` ≤ timestamp (None: all history)."""

    names: tuple[str, ...]
    since: datetime | None
    columns: frozenset[Column]


class ListNeed(Struct, frozen=True):
    """An `in_file` list: its path from the project folder, and the name that its first line may bear as a header."""

    path: str
    header: str


class EntityNeed(Struct, frozen=True):
    """The rows of an entity, with readings of its columns; `whole`: also as they stand."""

    name: str
    columns: frozenset[Column]
    whole: bool = False


def _together(*needs: EntityNeed) -> tuple[EntityNeed, ...]:
    """What several plans need of entities, one need for each."""
    found: dict[str, EntityNeed] = {}
    for need in needs:
        other = found.get(need.name, need)
        found[need.name] = EntityNeed(need.name, need.columns | other.columns, need.whole or other.whole)
    return tuple(found[name] for name in sorted(found))


class StagedEntity(Struct, frozen=True):
    """What the compiler has to know of the staged rows of an entity: the paths at which at least one value is a list, the zone of naive
    timestamps inside lists, and the entities that rows are linked to by a `to_<entity>` of their own."""

    lists: frozenset[Path]
    zone: str
    links: frozenset[str]


class Needs(Struct, frozen=True):
    """Everything that has to be staged for a run.

    `as_of` and `since` are aware, UTC. `tables` are the sources that `sql:` conditions name, `channels` those whose consents are asked for.
    `users` limits events and traits to these ids (explain, where no condition is about accounts); None is everybody.
    """

    as_of: datetime
    zone: str
    events: tuple[EventNeed, ...] = ()
    traits: frozenset[Column] = frozenset()
    lists: tuple[ListNeed, ...] = ()
    tables: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    users: frozenset[str] | None = None
    account_traits: frozenset[Column] = frozenset()
    accounts: bool = False
    """Stage the relations about accounts."""
    entities: tuple[EntityNeed, ...] = ()
    """In the order of their names."""
    with_sightings: bool = False
    """Also stage where the identifiers of `users` were seen (identity show)."""
    whole: frozenset[str] = frozenset()
    """Also stage the whole properties of events of these names, as the JSON text column `properties` (explain shows them, journeys keep
    them). Each may hold `*`."""
    dated: bool = False
    """Also stage what was so at earlier instants."""
    with_known_since: bool = False
    """Also stage since when the rows about each user have been there."""
    with_suppressions: bool = False
    """Also stage who must never be written to, where no channel is asked for."""
    set_traits: frozenset[str] = frozenset()
    """The traits that journeys set over those of the sources."""

    def with_also(self, other: "Needs") -> "Needs":
        """What both need, of the same run."""
        return self.with_all([other])

    def with_all(self, others: "Sequence[Needs]") -> "Needs":
        """What it and all others need, of the same run."""
        all_of_them = (self, *others)
        users = [one.users for one in all_of_them if one.users is not None]
        return replace(
            self,
            events=tuple(dict.fromkeys(need for one in all_of_them for need in one.events)),
            traits=self.traits.union(*(one.traits for one in others)),
            lists=tuple(sorted({need for one in all_of_them for need in one.lists}, key=lambda need: (need.path, need.header))),
            tables=self.tables.union(*(one.tables for one in others)),
            channels=self.channels.union(*(one.channels for one in others)),
            users=frozenset().union(*users) if len(users) == len(all_of_them) else None,
            account_traits=self.account_traits.union(*(one.account_traits for one in others)),
            accounts=any(one.accounts for one in all_of_them),
            with_sightings=any(one.with_sightings for one in all_of_them),
            whole=self.whole.union(*(one.whole for one in others)),
            dated=any(one.dated for one in all_of_them),
            with_known_since=any(one.with_known_since for one in all_of_them),
            with_suppressions=any(one.with_suppressions for one in all_of_them),
            set_traits=self.set_traits.union(*(one.set_traits for one in others)),
            entities=_together(*(need for one in all_of_them for need in one.entities)),
        )


class Catalog(Struct, frozen=True):
    """What the compiler has to know of the staged data.

    `event_keys`: the key of every event name that occurs among the staged events. `event_lists`, `trait_lists`: the paths at which at
    least one value is a list (only there does a comparison look at elements). `elements_zone`: the zone of naive timestamps inside
    lists of event properties, None where the sources differ. `trait_elements_zone` likewise for traits.
    `account_lists`, `account_elements_zone` likewise for the traits of accounts. `subject_id` is the trait that is the subject's id.
    `list_tables`: the relation of each in_file list. `tables`: the relation of each source that `sql:` names. `entities`: those staged.
    """

    event_keys: Mapping[str, int]
    event_lists: frozenset[Path] = frozenset()
    trait_lists: frozenset[Path] = frozenset()
    elements_zone: str | None = "UTC"
    trait_elements_zone: str | None = "UTC"
    account_lists: frozenset[Path] = frozenset()
    account_elements_zone: str | None = "UTC"
    subject_id: Path = USER_ID
    list_tables: Mapping[ListNeed, str] = field(default_factory=dict)
    with_anonymous: bool = False
    """Whether `users` has the column `anonymous BOOLEAN`: identifiers join users, and the one that a profile has none of is a user's id."""
    tables: Mapping[str, str] = field(default_factory=dict)
    entities: Mapping[str, StagedEntity] = field(default_factory=dict)
    first: datetime | None = None
    """The instant, UTC, of the first staged event; None where that is not known."""

    def for_accounts(self) -> "Catalog":
        """The same where the subjects are accounts, and traits are theirs."""
        return replace(self, trait_lists=self.account_lists, trait_elements_zone=self.account_elements_zone, subject_id=ACCOUNT_ID)
